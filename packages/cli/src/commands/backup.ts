/** `holdfast backup` and `holdfast restore`. */
import { randomBytes } from 'node:crypto';
import { readPeerAddress } from '@holdfast/protocol';
import { Option } from 'commander';
import type { Command } from 'commander';
import { download } from '../backup/download.ts';
import { wantedHash } from '../backup/hash-file.ts';
import { progressLines } from '../backup/progress.ts';
import { UsageError } from '../failure.ts';
import { keptIn, keyFileOption } from '../key-file.ts';
import { printRecord } from '../output.ts';
import type { Output } from '../output.ts';
import { shellWord } from '../shell-word.ts';
import type { Environment } from '../environment.ts';
import { untilSignal } from '../until-signal.ts';

interface RestoreCommandOptions {
  readonly storageFolder: string;
  readonly clusterClusterId?: string;
  readonly clusterNodeId: string;
  readonly clusterAdvertise: string;
  readonly sessions: 'end' | 'keep';
  readonly keys?: 'end' | 'keep';
  readonly fenceAbove?: string;
  readonly hash?: string;
  readonly keyFile?: string;
}

const name = /^[A-Za-z0-9._-]{1,64}$/;

export function addBackupCommands(program: Command, at: () => Environment): void {
  program
    .command('backup')
    .description('Saves a backup of the whole state in a file.')
    .argument('<file>', 'where to; its SHA-256 goes to FILE.sha256')
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

async function restore(
  { output }: Environment,
  file: string,
  options: RestoreCommandOptions,
): Promise<void> {
  const { storageFolder: folder, clusterNodeId: nodeId } = options;
  const clusterId = options.clusterClusterId ?? `restored-${randomBytes(6).toString('hex')}`;
  for (const [flag, value] of [
    ['--cluster-cluster-id', clusterId],
    ['--cluster-node-id', nodeId],
  ] as const)
    if (!name.test(value))
      throw new UsageError(
        `${flag} takes 1 to 64 letters, digits, ".", "_" or "-"; given: "${value}".`,
      );
  const address = readAdvertised(options.clusterAdvertise);
  const fenceAbove = readFenceAbove(options.fenceAbove);
  const hash = wantedHash(file, options.hash);
  const progress = progressLines(output.json);
  const phases = { check: 'checked', read: 'read', write: 'written' } as const;
  const { newKey, recoveryIdentity, restoreBackup } = await import('@holdfast/server/restore');
  const { keys, keyFile } = options;
  const made = newKey();
  const administrator = {
    id: made.id,
    hash: made.hash,
    identity: recoveryIdentity(made.id),
    createdAtMs: Date.now(),
  };
  const kept = await keptIn(keyFile, async () => {
    const restored = await restoreBackup({
      file,
      ...(hash === undefined ? {} : { hash }),
      folder,
      clusterId,
      nodeId,
      address,
      sessions: options.sessions,
      ...(keys === undefined ? {} : { keys }),
      administrator,
      fenceAbove,
      onProgress: (phase, bytes, totalBytes) => progress(phases[phase], bytes, totalBytes),
    });
    return { restored, key: restored.isNewKeyUsed ? made.text : undefined };
  });
  const { restored } = kept.made;
  const isShown = restored.isNewKeyUsed && keyFile === undefined;
  printRecord(output, {
    folder,
    cluster_id: clusterId,
    node_id: nodeId,
    backup_index: restored.backup.index,
    backup_hash: restored.backup.hash,
    hash_checked: hash !== undefined,
    index: restored.index,
    fence_counter: restored.fenceCounter,
    ended_sessions: restored.endedSessions,
    authentication: restored.isEnabled,
    ended_keys: restored.endedKeys,
    ...(restored.isNewKeyUsed ? { admin_identity: administrator.identity } : {}),
    ...(isShown ? { admin_key: made.text } : {}),
    ...(restored.isNewKeyUsed && !isShown ? { key_file: keyFile } : {}),
  });
  if (output.json) return;
  if (isShown)
    output.write('\nThe key of the administrator is shown once, and is the only one: keep it.\n');
  if (hash === undefined)
    output.write(
      '\nNo hash was given and there is no file beside the backup that tells one: only the sum in its state was checked.\n',
    );
  tellNextSteps(output, restored.fenceCounter, { folder, clusterId, nodeId, address });
}

function tellNextSteps(
  output: Output,
  fenceCounter: number,
  node: {
    readonly folder: string;
    readonly clusterId: string;
    readonly nodeId: string;
    readonly address: string;
  },
): void {
  const { folder, clusterId, nodeId, address } = node;
  output.write(
    `\nA later restore of the same backup, or of another one of the cluster that it comes from, must be given --fence-above ${String(fenceCounter)}: this cluster gives tokens from there on.\n`,
  );
  output.write(
    `\nStart it with:\n\n  holdfast server --storage-folder ${shellWord(folder)} --cluster-cluster-id ${clusterId} --cluster-node-id ${nodeId}${startOptions(address)}\n`,
  );
  if (address !== '')
    output.write(
      '\nWhere the node listens on another address than the one at which peers reach it, change --cluster-listen alone.\n',
    );
}

/** Peers go by what is in the restored folder: it is told again, so that another address to listen on changes nothing. */
const startOptions = (address: string): string =>
  address === '' ? '' : ` --cluster-listen ${address} --cluster-advertise ${address}`;

function readAdvertised(given: string): string {
  if (given === '') return '';
  const read = readPeerAddress(given);
  if (read.ok) return read.value;
  throw new UsageError(`--cluster-advertise ${read.problem}; given: "${given}".`);
}

function readFenceAbove(given = '0'): number {
  const number = Number(given);
  if (/^\d+$/.test(given) && Number.isSafeInteger(number)) return number;
  throw new UsageError(
    `--fence-above takes a whole number up to 2^53 - 1, as the restore before printed it; given: "${given}".`,
  );
}
