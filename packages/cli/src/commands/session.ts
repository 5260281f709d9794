import type { Command } from 'commander';
import type { ListSessionsAnswer, SessionLocksAnswer } from '@holdfast/protocol';
import { noteMore, printRecord } from '../output.ts';
import { PagedTable } from '../paged-table.ts';
import type { Environment } from '../environment.ts';
import { countOf, defaultClientId, secondsOf, withClient } from '../with-client.ts';

/** `holdfast session ...`: for scripts that keep a session of their own. */
export function addSessionCommands(program: Command, at: () => Environment): void {
  const session = program
    .command('session')
    .description('Creates, shows, keeps alive and ends sessions.');
  session
    .command('create')
    .description('Creates a session and prints its id; keep it alive with "session keepalive".')
    .option('--timeout <seconds>', 'seconds without a keepalive after which it ends')
    .option('--client-id <name>', 'who asks, shown as the holder (default: cli-USER)')
    .addHelpText('after', '\nExample:\n  holdfast session create --timeout 120')
    .action(async (options: { readonly timeout?: string; readonly clientId?: string }) => {
      const timeout = secondsOf('--timeout', options.timeout);
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(
          environment.output,
          await client.call('create_session', {
            client_id: options.clientId ?? defaultClientId,
            ...(timeout === undefined ? {} : { timeout }),
          }),
        );
      });
    });
  session
    .command('show <session-id>')
    .description('Shows a session and what it holds.')
    .addHelpText('after', '\nExample:\n  holdfast session show 5f0c1d7e')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('get_session', { session_id: sessionId });
        printRecord(environment.output, answer);
      });
    });
  session
    .command('list')
    .description('Lists sessions, those of acquires with a client id included.')
    .option('--client-id <name>', 'only sessions of this client')
    .option('--prefix <text>', 'only ids that begin so', '')
    .option('--limit <number>', 'at most so many, in the order of their ids (default: all)')
    .addHelpText('after', '\nExample:\n  holdfast session list --client-id worker-7')
    .action(async (options: ListOptions) => listSessions(at(), options));
  session
    .command('keepalive <session-id>')
    .description('Extends a session by its timeout.')
    .addHelpText('after', '\nExample:\n  holdfast session keepalive 5f0c1d7e')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(environment.output, await client.call('keepalive', { session_id: sessionId }));
      });
    });
  session
    .command('locks <session-id>')
    .description('Lists all that a session holds.')
    .option('--limit <number>', 'at most so many, in the order in which they began (default: all)')
    .addHelpText('after', '\nExample:\n  holdfast session locks 5f0c1d7e --limit 100')
    .action(async (sessionId: string, { limit }: { readonly limit?: string }) => {
      const most = limit === undefined ? Number.POSITIVE_INFINITY : countOf('--limit', limit);
      await listHolds(at(), sessionId, most);
    });
  session
    .command('end <session-id>')
    .description('Ends a session and releases what it holds.')
    .addHelpText('after', '\nExample:\n  holdfast session end 5f0c1d7e')
    .action(async (sessionId: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        printRecord(
          environment.output,
          await client.call('end_session', { session_id: sessionId }),
        );
      });
    });
}

interface ListOptions {
  readonly clientId?: string;
  readonly prefix: string;
  readonly limit?: string;
}

const sessionHeads = [
  'SESSION',
  'CLIENT',
  'TIMEOUT',
  'LOCKS',
  'PERMITS',
  'LEADS',
  'BARRIERS',
  'WAITS',
];
const sessionsOnAPage = 1000;

async function listSessions(environment: Environment, options: ListOptions): Promise<void> {
  const { clientId, prefix } = options;
  const limit =
    options.limit === undefined ? Number.POSITIVE_INFINITY : countOf('--limit', options.limit);
  const table = new PagedTable(environment.output, { name: 'sessions', heads: sessionHeads });
  await withClient(environment, async (client) => {
    let after: string | null | undefined;
    while (after !== null && table.count < limit) {
      const page: ListSessionsAnswer = await client.call('list_sessions', {
        prefix,
        limit: Math.min(sessionsOnAPage, limit - table.count),
        ...(clientId === undefined ? {} : { client_id: clientId }),
        ...(after === undefined ? {} : { after }),
      });
      table.page(page.sessions, (row) => [
        row.session_id,
        row.client_id,
        `${String(row.timeout_seconds)} s`,
        String(row.lock_count),
        String(row.permit_hold_count),
        String(row.leadership_count),
        String(row.barrier_count),
        String(row.wait_count),
      ]);
      after = page.next_after;
    }
    table.end({ next_after: after ?? null });
    if (after !== null) noteMore(environment.output, limit);
  });
}

interface ShownHold {
  readonly kind: 'lock' | 'semaphore' | 'election';
  readonly resource: string;
  readonly mode?: string;
  readonly fence_token: number;
  readonly count: number;
}

const holdHeads = ['KIND', 'RESOURCE', 'MODE', 'FENCE TOKEN', 'COUNT'];
const holdsOnAPage = 1000;

async function listHolds(
  environment: Environment,
  sessionId: string,
  limit: number,
): Promise<void> {
  const table = new PagedTable(environment.output, { name: 'holds', heads: holdHeads });
  await withClient(environment, async (client) => {
    let after: number | null = 0;
    let total = 0;
    while (after !== null && table.count < limit) {
      const page: SessionLocksAnswer = await client.call('session_locks', {
        session_id: sessionId,
        after,
        limit: Math.min(holdsOnAPage, limit - table.count),
      });
      table.page(shownHolds(page), (hold) => [
        hold.kind,
        hold.resource,
        hold.mode ?? '-',
        String(hold.fence_token),
        String(hold.count),
      ]);
      after = page.next_after;
      total = page.total_holds;
    }
    table.end({ total_holds: total, next_after: after });
    if (after !== null) noteMore(environment.output, limit);
  });
}

function shownHolds({ holds, permits, leaderships }: SessionLocksAnswer): readonly ShownHold[] {
  const shown: ShownHold[] = [];
  for (const { resource, mode, fence_token, hold_count: count } of holds)
    shown.push({ kind: 'lock', resource, mode, fence_token, count });
  for (const { resource, fence_token, permits: count } of permits)
    shown.push({ kind: 'semaphore', resource, fence_token, count });
  for (const { resource, fence_token } of leaderships)
    shown.push({ kind: 'election', resource, fence_token, count: 1 });
  return shown;
}
