/** `holdfast audit ...`: records of every change and refusal. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import type { Verified } from '@holdfast/server/audit';
import { exitStatus } from '../exit-status.ts';
import { UsageError } from '../failure.ts';
import { printRecord } from '../output.ts';
import { printable } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { withClient } from '../with-client.ts';

export function addAuditCommands(program: Command, at: () => Environment): void {
  const audit = program
    .command('audit')
    .description('Enables, shows and verifies the audit: records of every change and refusal.');
  const printed = async (work: (client: Client) => Promise<object>): Promise<void> => {
    const environment = at();
    await withClient(environment, async (client) => {
      printRecord(environment.output, await work(client));
    });
  };
  audit
    .command('enable')
    .description('Records every change and refusal from now on, on every node.')
    .addHelpText('after', '\nExample:\n  holdfast audit enable')
    .action(() => printed((client) => client.call('audit_enable', {})));
  audit
    .command('disable')
    .description('Turns the audit off; that is its last record.')
    .addHelpText('after', '\nExample:\n  holdfast audit disable')
    .action(() => printed((client) => client.call('audit_disable', {})));
  audit
    .command('status')
    .description('Shows whether the audit is on, and the latest record of each chain of a node.')
    .addHelpText('after', '\nExample:\n  holdfast audit status')
    .action(() => printed((client) => client.call('audit_status', {})));
  addCheckpoint(audit, at);
  addVerify(audit, at);
}

function addCheckpoint(audit: Command, at: () => Environment): void {
  audit
    .command('checkpoint')
    .description('Shows a signed checkpoint of each chain, to be kept elsewhere.')
    .option('--verifier-key', 'show what signatures of this node are checked by instead')
    .addHelpText(
      'after',
      `
A checkpoint is a signed note: origin, number of records, hash of the last one. Kept where nobody of the cluster can
change it, it shows later whether records were taken out or altered: see "holdfast audit verify --checkpoint".

Example:
  holdfast audit checkpoint > audit-2026-11-29.txt`,
    )
    .action(async ({ verifierKey }: { readonly verifierKey?: true }) => {
      const { output } = at();
      await withClient(at(), async (client) => {
        const { notes, verifier_key } = await client.call('audit_checkpoint', {});
        if (output.json) printRecord(output, { notes, verifier_key });
        else if (verifierKey === true) output.write(`${verifier_key}\n`);
        else output.write(notes.join('\n'));
      });
    });
}

interface VerifyOptions {
  readonly checkpoint?: readonly string[];
  readonly verifierKey?: string;
  readonly allowGaps?: true;
}

function addVerify(audit: Command, at: () => Environment): void {
  audit
    .command('verify <folders...>')
    .description(
      'Verifies that the audit records in folders of nodes are complete, unaltered and the same.',
    )
    .option('--checkpoint <files...>', 'checkpoints that were kept')
    .option('--verifier-key <key>', 'of the node that signed them')
    .option('--allow-gaps', 'records that a file says it has not are no problem')
    .addHelpText(
      'after',
      `
Folders are those of nodes (--storage-folder), or copies of their folders "audit"; a node may run meanwhile. Ends with
status 1 where a record was altered, is missing, or was moved, and names the first one; also where it is another one
on another node, or than a checkpoint or the log of the cluster knows, and where a file says that it has not some
records and no other folder has them.

Example:
  holdfast audit verify /srv/holdfast
  holdfast audit verify copy-of-node-1 copy-of-node-2 --checkpoint kept.txt`,
    )
    .action(async (folders: readonly string[], options: VerifyOptions) => {
      const { output, finish } = at();
      const { missingRecords, verifyFolders } = await import('@holdfast/server/audit');
      const checkpoints = (options.checkpoint ?? []).flatMap((path) =>
        notesIn(path).map((note) => ({ path, note })),
      );
      const found = await verifyFolders(
        folders.map(auditFolderOf),
        checkpoints,
        options.verifierKey,
      );
      const missing = options.allowGaps === true ? 0 : missingRecords(found);
      const isWhole = missing === 0 && found.every(({ problem }) => problem === undefined);
      if (output.json)
        output.write(
          `${JSON.stringify({ is_whole: isWhole, missing_records: missing, chains: found }, null, 2)}\n`,
        );
      else {
        output.write(found.map(lineOf).join(''));
        if (missing > 0)
          output.write(
            `${String(missing)} records are nowhere in these folders: name the others' too, or --allow-gaps.\n`,
          );
      }
      if (!isWhole) finish(exitStatus.failure);
    });
}

/** One after the other in a file, with an empty line between. */
const notesOf = (text: string): readonly string[] => text.split(/(?<=\n— [^\n]+\n)\n/);

/** @throws UsageError: a file that is not there, or has none, is no sign that records were altered. */
function notesIn(path: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(`--checkpoint cannot be read: ${reason}`, { cause: error });
  }
  if (text.trim() === '')
    throw new UsageError(`--checkpoint names an empty file: "${path}". No checkpoint is in it.`);
  return notesOf(text);
}

/** Of a node, or the copy of its records alone. */
function auditFolderOf(folder: string): string {
  const within = join(folder, 'audit');
  const found = [within, folder].find((path) => existsSync(path) && statSync(path).isDirectory());
  if (found === undefined) throw new UsageError(`There is no folder "${folder}".`);
  return found;
}

function lineOf({ chain, folder, records, first, end, gaps, problem }: Verified): string {
  const where = printable(`${chain} in ${folder}`);
  const told = gaps.map(
    ({ from, to, reason }) =>
      `  records ${String(from)} to ${String(to)} are not there (${printable(reason)})\n`,
  );
  const count =
    first === undefined
      ? 'no records'
      : `${String(records)} records, ${String(first)} to ${String(end.seq)}, hash ${printable(end.head)}`;
  if (problem === undefined) return `${where}: ${count}: whole\n${told.join('')}`;
  return `${where}: ${printable(problem.what)}: ${printable(problem.text)} (${printable(problem.where)})\n${told.join('')}`;
}
