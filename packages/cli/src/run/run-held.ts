/**
 * A command that runs while something is held: what `lock run`, `semaphore run` and their like have in
 * common. What keeps it safe is in guarded-command.ts.
 */
import { constants } from 'node:os';
import type { CallSettings, Client, Held, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { exitStatus } from '../exit-status.ts';
import type { Environment } from '../program.ts';
import { defaultClientId, withClient } from '../with-client.ts';
import { CommandNotStarted, runGuarded } from './guarded-command.ts';
import type { CommandEnd } from './guarded-command.ts';
import { timesOf } from './run-options.ts';
import type { RunOptions, RunTimes } from './run-options.ts';

/** An administrator may end a hold by force: so often is asked whether the token still stands. */
const checkEveryMs = 2000;

/** What is held while the command runs. */
export interface Taking<H extends Held> {
  /** Of the lock, the semaphore, ... */
  readonly name: string;
  readonly take: (
    session: Session,
    wait: { readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<H>;
  /** What the command finds in its environment besides HOLDFAST_FENCE_TOKEN. */
  readonly variables: (held: H) => Readonly<Record<string, string>>;
  /** Asks whether the token still stands, though the session lives. */
  readonly stands: (client: Client, held: H, settings: CallSettings) => Promise<boolean>;
}

/**
 * Opens a session, takes, runs the command under the guard, ends the session.
 *
 * @returns The exit status: that of the command, or one of `exitStatus`.
 * @throws UsageError, HoldfastError when it was not to be had.
 */
export async function runHeld<H extends Held>(
  environment: Environment,
  taking: Taking<H>,
  command: readonly string[],
  options: RunOptions,
): Promise<number> {
  const times = timesOf(options);
  return withClient(environment, async (client) => {
    const session = await client.session({
      timeoutSeconds: times.ttlMs / 1000,
      clientId: options.clientId ?? defaultClientId,
    });
    const held = await untilSignal((signal) =>
      taking.take(session, { waitMs: times.waitMs, signal }),
    );
    if (typeof held === 'number') return held;
    const { end, status } = await guard(client, session, taking, held, command, times);
    if (end?.leaseLost === true) {
      process.stderr.write(
        `holdfast: the lease of "${taking.name}" was lost or could not be renewed; the command was stopped.\n`,
      );
      return exitStatus.leaseLost;
    }
    await giveBack(taking.name, session);
    return status;
  });
}

/** Waits for the hold; a signal meanwhile leaves the queue. Gives 128 + the signal's number then. */
async function untilSignal<H>(acquire: (signal: AbortSignal) => Promise<H>): Promise<H | number> {
  const giveUp = new AbortController();
  let status: number | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    status = 128 + constants.signals[signal];
    giveUp.abort();
  };
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    const held = await acquire(giveUp.signal);
    return status ?? held;
  } catch (error) {
    if (status !== undefined && error instanceof HoldfastError) return status;
    throw error;
  } finally {
    for (const signal of signals) process.off(signal, stop);
  }
}

async function guard<H extends Held>(
  client: Client,
  session: Session,
  taking: Taking<H>,
  held: H,
  command: readonly string[],
  { graceMs }: RunTimes,
): Promise<{ readonly end: CommandEnd | undefined; readonly status: number }> {
  const taken = new AbortController();
  const stopWatching = watchToken(client, taking, held, () => taken.abort());
  try {
    const end = await runGuarded(
      command,
      { HOLDFAST_FENCE_TOKEN: String(held.fenceToken), ...taking.variables(held) },
      {
        signal: AbortSignal.any([held.signal, taken.signal]),
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

/** Tells when the token no longer stands though the session lives. */
function watchToken<H extends Held>(
  client: Client,
  { stands }: Taking<H>,
  held: H,
  onTaken: () => void,
): () => void {
  const stopped = new AbortController();
  const timer = setInterval(() => {
    stands(client, held, { timeoutMs: checkEveryMs, signal: stopped.signal }).then(
      (valid) => {
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

/** The command is gone, so what cannot be given back only costs others time. */
async function giveBack(name: string, session: Session): Promise<void> {
  try {
    await session.end();
  } catch (error) {
    process.stderr.write(
      `holdfast: "${name}" could not be released (${error instanceof Error ? error.message : String(error)}); its lease ends by itself within ${String(session.timeoutMs / 1000)} s.\n`,
    );
  }
}
