import type { Command } from 'commander';
import type { LockStatusAnswer } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { runGuarded } from '../guarded-command.ts';
import { printRecord, printTable } from '../output.ts';
import type { Output } from '../output.ts';
import type { Environment } from '../program.ts';
import { secondsOf, withClient } from '../with-client.ts';

interface AcquireOptions {
  readonly session?: string;
  readonly clientId?: string;
  readonly ttl?: string;
  readonly wait: string;
  readonly shared?: boolean;
}

const defaultClientId = `cli-${process.env['USER'] ?? 'user'}`;
/** Of a lease's length: what a command has between SIGTERM and SIGKILL. */
const graceShare = 0.25;

/** `holdfast lock ...` */
export function addLockCommands(program: Command, at: () => Environment): void {
  const lock = program
    .command('lock')
    .description('Takes, releases, shows locks, and runs commands under them.')
    .enablePositionalOptions();
  lock
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
    .option('--shared', 'as a reader, together with other readers')
    .addHelpText('after', '\nExample:\n  holdfast lock acquire reports/daily --ttl 300 --wait 10')
    .action(async (name: string, options: AcquireOptions) => acquire(at(), name, options));
  lock
    .command('release <name>')
    .description('Releases a lock.')
    .option('--session <id>', 'the session that holds it')
    .option('--client-id <name>', 'without a session: who holds it (default: cli-USER)')
    .option(
      '--fence-token <number>',
      'the token that the acquire printed (needed without a session)',
    )
    .addHelpText('after', '\nExample:\n  holdfast lock release reports/daily --fence-token 42')
    .action(
      async (
        name: string,
        options: {
          readonly session?: string;
          readonly clientId?: string;
          readonly fenceToken?: string;
        },
      ) => {
        const environment = at();
        const token =
          options.fenceToken === undefined ? {} : { fence_token: Number(options.fenceToken) };
        const who =
          options.session === undefined
            ? { client_id: options.clientId ?? defaultClientId }
            : { session_id: options.session };
        await withClient(environment, async (client) => {
          printRecord(environment.output, await client.call('release', { name, ...who, ...token }));
        });
      },
    );
  lock
    .command('status <name>')
    .description('Shows who holds a lock and who waits for it.')
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
    .addHelpText('after', '\nExample:\n  holdfast lock list --prefix reports/')
    .action(async (options: { readonly prefix: string }) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('list_locks', { prefix: options.prefix, limit: 1000 });
        const rows = answer.locks.map((held) => [
          held.resource,
          held.mode ?? '-',
          held.holders.map((holder) => holder.client_id).join(', ') || '-',
          held.holders.map((holder) => String(holder.fence_token)).join(', ') || '-',
          String(held.waiter_count),
        ]);
        printTable(
          environment.output,
          answer,
          ['RESOURCE', 'MODE', 'HOLDER', 'FENCE TOKEN', 'WAITERS'],
          rows,
        );
      });
    });
  lock
    .command('check <name> <fence-token>')
    .description('Tells whether a fence token is the present one (exit status 0) or not (3).')
    .action(async (name: string, token: string) => {
      const environment = at();
      await withClient(environment, async (client) => {
        const answer = await client.call('check', { name, fence_token: Number(token) });
        printRecord(environment.output, answer);
        if (!answer.valid) environment.finish(exitStatus.notAcquired);
      });
    });
  addRun(lock, at);
}

function addRun(lock: Command, at: () => Environment): void {
  lock
    .command('run <name> <command...>')
    .description(
      'Takes a lock, runs a command while it is held, releases it, and passes on the exit status.',
    )
    .option('--wait <seconds>', 'longest wait in the queue', '0')
    .option(
      '--ttl <seconds>',
      'length of the lease: how long after a loss of contact others may take over',
      '15',
    )
    .option('--client-id <name>', 'shown as the holder (default: cli-USER)')
    .option('--shared', 'as a reader, together with other readers')
    .passThroughOptions()
    .addHelpText(
      'after',
      `
The command finds HOLDFAST_FENCE_TOKEN and HOLDFAST_LOCK_NAME in its environment. When the lease
cannot be renewed, its process group gets SIGTERM and, before anybody else can have the lock, SIGKILL.

Examples:
  holdfast lock run backup -- ./backup.sh --full
  holdfast lock run --wait 60 --ttl 30 deploy -- make deploy`,
    )
    .action(
      async (
        name: string,
        command: readonly string[],
        options: {
          readonly wait: string;
          readonly ttl: string;
          readonly clientId?: string;
          readonly shared?: boolean;
        },
      ) => {
        const environment = at();
        const waitMs = (secondsOf('--wait', options.wait) ?? 0) * 1000;
        const timeoutSeconds = secondsOf('--ttl', options.ttl) ?? 15;
        const end = await withClient(environment, async (client) => {
          const session = await client.session({
            timeoutSeconds,
            clientId: options.clientId ?? defaultClientId,
          });
          const hold = await session.lock(name, {
            waitMs,
            mode: options.shared === true ? 'shared' : 'exclusive',
          });
          return runGuarded(
            command,
            { HOLDFAST_FENCE_TOKEN: String(hold.fenceToken), HOLDFAST_LOCK_NAME: name },
            {
              signal: hold.signal,
              validForMs: () => session.validForMs,
              graceMs: session.timeoutMs * graceShare,
            },
          );
        });
        if (end.leaseLost)
          process.stderr.write(
            `holdfast: the lease of "${name}" could not be renewed; the command was stopped.\n`,
          );
        environment.finish(end.leaseLost ? exitStatus.leaseLost : end.status);
      },
    );
}

async function acquire(
  environment: Environment,
  name: string,
  options: AcquireOptions,
): Promise<void> {
  const wait = secondsOf('--wait', options.wait) ?? 0;
  const who =
    options.session === undefined
      ? {
          client_id: options.clientId ?? defaultClientId,
          ttl_seconds: secondsOf('--ttl', options.ttl) ?? 60,
        }
      : { session_id: options.session };
  await withClient(environment, async (client) => {
    const answer = await client.call(
      'acquire',
      {
        name,
        ...who,
        ...(wait === 0 ? {} : { wait_seconds: wait }),
        ...(options.shared === true ? { mode: 'shared' as const } : {}),
      },
      { timeoutMs: wait * 1000 + 10_000 },
    );
    printRecord(environment.output, answer);
  });
}

function printStatus(output: Output, status: LockStatusAnswer): void {
  const rows = [
    ...status.holders.map((holder) => [
      'holds',
      holder.client_id,
      holder.mode,
      String(holder.fence_token),
      new Date(holder.acquired_at * 1000).toISOString(),
    ]),
    ...status.waiters.map((waiter) => [
      `waits #${String(waiter.position)}`,
      waiter.client_id,
      waiter.mode,
      '-',
      '-',
    ]),
  ];
  if (rows.length === 0 && !output.json) {
    output.write(
      `${status.resource} is free${status.delayed_until === null ? '' : `, but closed until ${new Date(status.delayed_until * 1000).toISOString()}`}.\n`,
    );
    return;
  }
  printTable(output, status, ['STATE', 'CLIENT', 'MODE', 'FENCE TOKEN', 'SINCE'], rows);
}
