/** `holdfast backup` and `holdfast restore`. */
import { Option } from 'commander';
import type { Command } from 'commander';
import { download } from '../backup/download.ts';
import { progressLines } from '../backup/progress.ts';
import { restore } from '../backup/restore.ts';
import type { RestoreCommandOptions } from '../backup/restore.ts';
import { keyFileOption } from '../key-file.ts';
import { printRecord } from '../output.ts';
import type { Environment } from '../environment.ts';
import { untilSignal } from '../until-signal.ts';

export function addBackupCommands(program: Command, at: () => Environment): void {
  program
    .command('backup')
    .description('Saves a backup of the whole state in a file.')
    .argument('<file>', 'where to; its SHA-256 goes to FILE.sha256, its cluster to FILE.cluster')
    .addHelpText(
      'after',
      `
It holds everything that the node has applied when it is asked, and clients go on meanwhile. "sha256sum -c
FILE.sha256" checks it later. Ids of sessions are in it: let nobody read it who may not act for them.

Examples:
  holdfast backup holdfast-monday
  holdfast --endpoint http://b:8080 backup /backups/holdfast-$(date +%F)`,
    )
    .action((file: string) => backUp(at(), file));
  program
    .command('restore')
    .description('Makes the folder of the first node of a new cluster out of a backup.')
    .argument('<file>', 'the backup; it is checked against --hash, else against FILE.sha256')
    .requiredOption('--storage-folder <folder>', 'of the new node; empty or not there')
    .option(
      '--cluster-cluster-id <id>',
      'name of the new cluster, never used before (default: a new one)',
    )
    .option('--cluster-node-id <id>', 'name of the node', 'node-1')
    .option(
      '--cluster-advertise <address>',
      'host:port at which peers will reach it, where others are to join',
      '',
    )
    .addOption(
      new Option('--sessions <what>', 'what becomes of the sessions in the backup')
        .choices(['end', 'keep'])
        .default('end'),
    )
    .addOption(
      new Option(
        '--keys <what>',
        'what becomes of API keys, mapped certificates and roles of identities in the backup; has to be said where it has any',
      ).choices(['end', 'keep']),
    )
    .option(
      '--fence-above <number>',
      'begin past this, too: what the restore before, out of a backup of the same cluster, said to give',
    )
    .option('--hash <digits>', 'SHA-256 of the backup')
    .addOption(keyFileOption())
    .addHelpText(
      'after',
      `
Stop every member of the old cluster first, for good. Fence tokens of the new cluster are higher than any of the
old one. A backup does not tell of other restores: where one was made before, out of this backup or another one of the
same cluster, give --fence-above the number that it told (fence_counter), or tokens of two clusters are the same.
Sessions end unless they are kept: after the backup their clients may have released, lost or acquired what it says of
them. Keep them only where nothing was done after the backup. Keys that were revoked since are in the backup, too:
where keys end, one new key of an administrator is shown, once, or is in --key-file, and no other one is valid;
roles keep their rules.
Start the node with the name of the new cluster, and let the others join it with empty folders; see docs/backups.md.

Examples:
  holdfast restore holdfast-monday --storage-folder /srv/holdfast
  holdfast restore holdfast-monday --storage-folder /srv/holdfast --cluster-cluster-id shop-2 \\
    --cluster-node-id a2 --cluster-advertise 10.0.0.1:7000`,
    )
    .action((file: string, options: RestoreCommandOptions) => restore(at(), file, options));
}

async function backUp(environment: Environment, file: string): Promise<void> {
  const { output, finish } = environment;
  const endpoints = await environment.endpoints();
  const done = await untilSignal((signal) =>
    download(endpoints, file, progressLines(output.json), signal),
  );
  if (typeof done === 'number') {
    finish(done);
    return;
  }
  const { url, clusterId, index, hash, byteLength } = done;
  printRecord(output, {
    file,
    url,
    cluster_id: clusterId ?? null,
    index,
    byte_length: byteLength,
    hash,
  });
}
