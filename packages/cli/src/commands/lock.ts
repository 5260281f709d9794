import { acquireOnce, whatBecomesOfIt } from '../acquire-once.ts';
import type { Command } from 'commander';
import type { Client } from '@holdfast/client';
import type { ListLocksAnswer, LockStatusAnswer } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { noteMore, printRecord, printTable } from '../output.ts';
import { PagedTable } from '../paged-table.ts';
import { printable } from '../printable.ts';
import type { Output } from '../output.ts';
import type { Environment } from '../environment.ts';
import { addMetadataOption, addTermOptions, termsOf } from '../run/terms.ts';
import type { TermOptions } from '../run/terms.ts';
import { holderRow, statusHeads, tellMore, waiterRow } from '../status-rows.ts';
import { countOf, defaultClientId, secondsOf, waiting, withClient } from '../with-client.ts';
import { jsonOrText } from '../json-text.ts';
import { addHolderOptions, tokenOf, whoOf } from '../who.ts';
import type { HolderOptions } from '../who.ts';
import { addLockHold } from './lock-hold.ts';
import { addLockRun } from './lock-run.ts';

interface AcquireOptions extends TermOptions {
  readonly session?: string;
  readonly clientId?: string;
  readonly ttl?: string;
  readonly wait: string;
  readonly shared?: boolean;
}

/** `holdfast lock ...` */
export function addLockCommands(program: Command, at: () => Environment): void {
  const lock = program
    .command('lock')
    .description('Takes, releases, shows locks, and runs commands under them.')
    .enablePositionalOptions();
  const acquiring = lock
    .command('acquire <name>')
    .description(
      'Takes a lock and prints its fence token. It ends with the release, or after its ttl.',
    )
    .option('--session <id>', 'hold it in this session')
    .option('--client-id <name>', 'without a session: who holds it (default: cli-USER)')
    .option(
      '--ttl <seconds>',
      'without a session: it ends after so long without a renewal (default 60)',
    )
    .option('--wait <seconds>', 'longest wait in the queue', '0')
    .option('--shared', 'as a reader, together with other readers');
  addMetadataOption(addTermOptions(acquiring), 'nothing')
    .addHelpText(
      'after',
      `
${whatBecomesOfIt}

Examples:
  holdfast lock acquire reports/daily --ttl 300 --wait 10
  holdfast lock acquire reports/daily --max-hold 3600 --metadata '{"ticket":4711}'`,
    )
    .action(async (name: string, options: AcquireOptions) => acquire(at(), name, options));
  const releasing = lock.command('release <name>').description('Releases a lock.');
  addHolderOptions(releasing, 'acquire')
    .addHelpText('after', '\nExample:\n  holdfast lock release reports/daily --fence-token 42')
    .action(async (name: string, options: HolderOptions) => {
      const environment = at();
      const body = { name, ...whoOf(options), ...tokenOf(options) };
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call('release', body));
      });
    });
  lock
    .command('status <name>')
    .description('Shows who holds a lock and who waits for it.')
    .addHelpText('after', '\nExample:\n  holdfast lock status reports/daily')
    .action(async (name: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printStatus(environment.output, await client.call('lock_status', { name }));
      });
    });
  lock
    .command('list')
    .description('Lists locks that are held or waited for.')
    .option('--prefix <text>', 'only names that begin so', '')
    .option('--limit <number>', 'at most so many, in the order of their names (default: all)')
    .addHelpText('after', '\nExample:\n  holdfast lock list --prefix reports/')
    .action(async ({ prefix, limit }: { readonly prefix: string; readonly limit?: string }) =>
      list(
        at(),
        prefix,
        limit === undefined ? Number.POSITIVE_INFINITY : countOf('--limit', limit),
      ),
    );
  lock
    .command('check <name> <fence-token>')
    .description(
      'Tells whether a fence token is that of a current hold (exit status 0) or not (3).',
    )
    .addHelpText('after', '\nExample:\n  holdfast lock check reports/daily 42')
    .action(async (name: string, token: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('check', {
          name,
          fence_token: countOf('The fence token', token),
        });
        printRecord(environment.output, answer);
        if (!answer.valid) environment.finish(exitStatus.notAcquired);
      });
    });
  addLockHold(lock, at);
  addLockRun(lock, at);
}

async function acquire(
  environment: Environment,
  name: string,
  options: AcquireOptions,
): Promise<void> {
  const wait = secondsOf('--wait', options.wait) ?? 0;
  const { priority, maxHoldMs } = termsOf(options);
  const { metadata, clientId = defaultClientId } = options;
  const who =
    options.session === undefined
      ? {
          client_id: clientId,
          ttl_seconds: secondsOf('--ttl', options.ttl) ?? 60,
        }
      : { session_id: options.session };
  const { probe, timeoutMs } = waiting(wait);
  const take = async (client: Client): Promise<void> => {
    const { session } = options;
    const by = session === undefined ? { client_id: clientId } : { session_id: session };
    const acquired = { name, kind: 'lock' as const, ...by };
    const answer = await acquireOnce(client, acquired, (request, signal) =>
      client.call(
        'acquire',
        {
          name,
          ...request,
          ...who,
          ...(wait === 0 ? {} : { wait_seconds: wait }),
          ...(options.shared === true ? { mode: 'shared' as const } : {}),
          ...(priority === undefined ? {} : { priority }),
          ...(maxHoldMs === undefined ? {} : { max_hold_seconds: maxHoldMs / 1000 }),
          ...(metadata === undefined ? {} : { metadata: jsonOrText(metadata) }),
        },
        { timeoutMs, signal },
      ),
    );
    if (typeof answer === 'number') environment.finish(answer);
    else printRecord(environment.output, answer);
  };
  await withClient(environment, take, { probe });
}

const listHeads = ['RESOURCE', 'MODE', 'HOLDER', 'FENCE TOKEN', 'WAITERS'];
const locksOnAPage = 500;

async function list(environment: Environment, prefix: string, limit: number): Promise<void> {
  const table = new PagedTable(environment.output, { name: 'locks', heads: listHeads });
  await withClient(environment, async (client) => {
    let after: string | null = '';
    while (after !== null && table.count < limit) {
      const page: ListLocksAnswer = await client.call('list_locks', {
        prefix,
        limit: Math.min(locksOnAPage, limit - table.count),
        ...(after === '' ? {} : { after }),
      });
      table.page(page.locks, listRow);
      after = page.next_after;
    }
    table.end({ total_locks: table.count, next_after: after });
    if (after !== null) noteMore(environment.output, limit);
  });
}

/** Of many holders the first are named. */
function listRow(lock: LockStatusAnswer): readonly string[] {
  const more = lock.holder_count > lock.holders.length ? ', ...' : '';
  return [
    lock.resource,
    lock.mode ?? '-',
    lock.holders.map((holder) => holder.client_id).join(', ') + more || '-',
    lock.holders.map((holder) => String(holder.fence_token)).join(', ') + more || '-',
    String(lock.waiter_count),
  ];
}

function printStatus(output: Output, status: LockStatusAnswer): void {
  const rows = [
    ...status.holders.map((holder) => holderRow(holder, holder.mode)),
    ...status.waiters.map((waiter) => waiterRow(waiter, waiter.mode)),
  ];
  if (rows.length === 0 && !output.json) {
    output.write(
      `${printable(status.resource)} is free${status.delayed_until === null ? '' : `, but in its lock-delay period until ${new Date(status.delayed_until * 1000).toISOString()}`}.\n`,
    );
    return;
  }
  printTable(output, status, statusHeads('MODE'), rows);
  tellMore(output, status);
}
