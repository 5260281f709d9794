/** `holdfast lock run`: a command under a lock. What keeps it safe is in run/guarded-command.ts. */
import { constants } from 'node:os';
import type { Client, Hold, Session } from '@holdfast/client';
import type { Command } from 'commander';
import { HoldfastError } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import { UsageError } from '../failure.ts';
import type { Environment } from '../program.ts';
import { CommandNotStarted, runGuarded } from '../run/guarded-command.ts';
import type { CommandEnd } from '../run/guarded-command.ts';
import { defaultClientId, secondsOf, withClient } from '../with-client.ts';

/** Of a lease's length: what a command has between SIGTERM and SIGKILL, unless told otherwise. */
const graceShare = 0.25;
/** Keepalives are sent each third of the lease: with more grace a single late one would end the command. */
const maxGraceShare = 0.5;
/** An administrator may release a lock by force: so often is asked whether the token still stands. */
const checkEveryMs = 2000;

interface RunOptions {
  readonly wait: string;
  readonly ttl: string;
  readonly grace?: string;
  readonly clientId?: string;
  readonly shared?: boolean;
}

export function addLockRun(lock: Command, at: () => Environment): void {
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
    .option(
      '--grace <seconds>',
      'time between SIGTERM and SIGKILL when the lease cannot be renewed (default: a quarter of the ttl)',
    )
    .option('--client-id <name>', 'shown as the holder (default: cli-USER)')
    .option('--shared', 'as a reader, together with other readers')
    .addHelpText(
      'after',
      `
The command finds HOLDFAST_FENCE_TOKEN and HOLDFAST_LOCK_NAME in its environment. It runs in a process
group of its own; SIGINT, SIGTERM and SIGHUP are passed on to the group. What it leaves running there
when it ends gets SIGTERM, and SIGKILL 2 s later; then the lock is released.

When the lease cannot be renewed the group gets SIGTERM, and SIGKILL before anybody else can have the
lock; also when "holdfast lock run" itself is killed or stopped (Ctrl-Z stops it: its lease runs out).
When somebody ends the session or releases the lock by force, SIGKILL comes at once. Where a late write
would do harm, pass the fence token to whatever is written to: no signal stops a write under way.

Exit status: that of the command, 128 + n when signal n ended it; 126 or 127 when it cannot be started;
3 when the lock is held by somebody else, 4 when the lease was lost, 5 when no node answered.

Examples:
  holdfast lock run backup -- ./backup.sh --full
  holdfast lock run --wait 60 --ttl 30 deploy -- make deploy`,
    )
    .action(async (name: string, command: readonly string[], options: RunOptions) => {
      const environment = at();
      environment.finish(await runUnderLock(environment, name, command, options));
    });
}

async function runUnderLock(
  environment: Environment,
  name: string,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  const waitMs = (secondsOf('--wait', options.wait) ?? 0) * 1000;
  const timeoutSeconds = secondsOf('--ttl', options.ttl) ?? 15;
  const graceSeconds = secondsOf('--grace', options.grace) ?? timeoutSeconds * graceShare;
  if (graceSeconds > timeoutSeconds * maxGraceShare) {
    throw new UsageError(
      `--grace must be at most half of --ttl (${String(timeoutSeconds)} s); given: "${String(graceSeconds)}".`,
    );
  }
  return withClient(environment, async (client) => {
    const session = await client.session({
      timeoutSeconds,
      clientId: options.clientId ?? defaultClientId,
    });
    const waiting = await untilSignal((signal) =>
      session.lock(name, {
        waitMs,
        mode: options.shared === true ? 'shared' : 'exclusive',
        signal,
      }),
    );
    if (typeof waiting === 'number') return waiting;
    const { end, status } = await runHeld(client, session, waiting, command, graceSeconds * 1000);
    if (end?.leaseLost === true) {
      process.stderr.write(
        `holdfast: the lease of "${name}" was lost or could not be renewed; the command was stopped.\n`,
      );
      return exitStatus.leaseLost;
    }
    await giveBack(name, session);
    return status;
  });
}

/** Waits for the lock; a signal meanwhile leaves the queue. Gives 128 + the signal's number then. */
async function untilSignal(
  acquire: (signal: AbortSignal) => Promise<Hold>,
): Promise<Hold | number> {
  const giveUp = new AbortController();
  let status: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    status = 128 + constants.signals[signal];
    giveUp.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    const hold = await acquire(giveUp.signal);
    return status ?? hold;
  } catch (error) {
    if (status !== undefined && error instanceof HoldfastError) return status;
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

async function runHeld(
  client: Client,
  session: Session,
  hold: Hold,
  command: readonly string[],
  graceMs: number,
): Promise<{ readonly end: CommandEnd | undefined; readonly status: number }> {
  const taken = new AbortController();
  const stopWatching = watchToken(client, hold, () => taken.abort());
  try {
    const end = await runGuarded(
      command,
      { HOLDFAST_FENCE_TOKEN: String(hold.fenceToken), HOLDFAST_LOCK_NAME: hold.name },
      {
        signal: AbortSignal.any([hold.signal, taken.signal]),
        validForMs: () => (taken.signal.aborted ? 0 : session.validForMs),
        graceMs,
      },
    );
    return { end, status: end.status };
  } catch (error) {
    if (!(error instanceof CommandNotStarted)) throw error;
    process.stderr.write(`holdfast: ${error.message}\n`);
    return { end: undefined, status: error.status };
  } finally {
    stopWatching();
  }
}

/** Tells when the token no longer holds the lock though the session lives. */
function watchToken(client: Client, hold: Hold, onTaken: () => void): () => void {
  const stopped = new AbortController();
  const timer = setInterval(() => {
    client
      .call(
        'check',
        { name: hold.name, fence_token: hold.fenceToken },
        { timeoutMs: checkEveryMs, signal: stopped.signal },
      )
      .then(
        ({ valid }) => {
          if (!valid && !stopped.signal.aborted) onTaken();
        },
        () => undefined, // No answer says nothing; the lease has its own end.
      );
  }, checkEveryMs);
  return () => {
    clearInterval(timer);
    stopped.abort();
  };
}

/** The command is gone, so a lock that cannot be given back only costs others time. */
async function giveBack(name: string, session: Session): Promise<void> {
  try {
    await session.end();
  } catch (error) {
    process.stderr.write(
      `holdfast: "${name}" could not be released (${error instanceof Error ? error.message : String(error)}); its lease ends by itself within ${String(session.timeoutMs / 1000)} s.\n`,
    );
  }
}
