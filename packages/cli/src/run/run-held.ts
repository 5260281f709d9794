/**
 * A command that runs while something is held: what `lock run`, `semaphore run` and their like have in
 * common. What keeps it safe is in guarded-command.ts.
 */
import type { CallSettings, Client, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { warn } from '../printable.ts';
import type { Environment } from '../environment.ts';
import { untilSignal } from '../until-signal.ts';
import { defaultClientId, withClient } from '../with-client.ts';
import type { CommandLease } from './guarded-command.ts';
import { longestTime } from './longest-time.ts';
import { KeptSignals } from './signals.ts';
import { timesOf } from './run-options.ts';
import type { RunOptions } from './run-options.ts';
import type { RunTerms } from './terms.ts';
import { runUnderLease, tellLoss } from './under-lease.ts';
import type { RunEnd } from './under-lease.ts';

/** An administrator may end a hold by force: so often is asked whether it still stands, should no word come. */
const checkEveryMs = 2000;

/** What has to last while the command runs. */
interface Lasting {
  /** Aborted when it does not any more. */
  readonly signal: AbortSignal;
}

/** What is held while the command runs. */
export interface Taking<H extends Lasting> {
  /** Of the lock, the semaphore, ... */
  readonly name: string;
  readonly take: (
    session: Session,
    wait: RunTerms & { readonly waitMs: number; readonly signal: AbortSignal },
  ) => Promise<H>;
  /** What the command finds in its environment. */
  readonly variables: (held: H) => Readonly<Record<string, string>>;
  /** Asks whether it still stands, though the session lives. Left out where only the session can end it. */
  readonly stands?: (client: Client, held: H, settings: CallSettings) => Promise<boolean>;
  /** Asks how long it lasts at the most: null without an end, undefined when it is not held. */
  readonly endsInSeconds?: (client: Client, held: H) => Promise<number | null | undefined>;
  /** When the command has ended and nothing was lost; the session ends behind it. */
  readonly leave?: (held: H) => Promise<void>;
}

/**
 * Opens a session, takes, runs the command under the guard, ends the session.
 *
 * @returns The exit status: that of the command, or one of `exitStatus`.
 * @throws UsageError, HoldfastError when it was not to be had.
 */
export async function runHeld<H extends Lasting>(
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
    const { waitMs, terms } = times;
    const taken = await untilSignal(async (signal) => {
      const held = await taking.take(session, { ...terms, waitMs, signal });
      return { held, lastsForMs: await lengthOf(client, taking, held, terms) };
    });
    if (typeof taken === 'number') return taken;
    const { held, lastsForMs } = taken;
    const validForMs = (): number => Math.min(session.validForMs, lastsForMs());
    const lease = { signal: held.signal, validForMs, graceMs: times.graceMs };
    // What ends the command may come again while it is given back.
    using kept = new KeptSignals();
    const { end, status, signal } = await guard(client, taking, held, command, lease);
    if (end?.leaseLost === true) {
      const isOver = lastsForMs() < session.validForMs;
      return tellLoss(taking.name, lossReason(signal, isOver));
    }
    if (end !== undefined) await taking.leave?.(held);
    await giveBack(taking.name, session);
    kept.passToOwnGroup(end);
    return status;
  });
}

/** Ms for which it lasts though its session lives on. */
async function lengthOf<H extends Lasting>(
  client: Client,
  { endsInSeconds }: Taking<H>,
  held: H,
  { maxHoldMs }: RunTerms,
): Promise<() => number> {
  if (maxHoldMs === undefined || endsInSeconds === undefined) return () => Number.POSITIVE_INFINITY;
  return longestTime(() => endsInSeconds(client, held));
}

async function guard<H extends Lasting>(
  client: Client,
  taking: Taking<H>,
  held: H,
  command: readonly string[],
  lease: CommandLease,
): Promise<
  RunEnd & {
    /** Fired when the lease was known to have ended; its reason tells why. */
    readonly signal: AbortSignal;
  }
> {
  const taken = new AbortController();
  const signal = AbortSignal.any([lease.signal, taken.signal]);
  const stopWatching = watchHold(client, taking, held, () => taken.abort());
  try {
    const ended = await runUnderLease(command, taking.variables(held), {
      ...lease,
      signal,
      validForMs: () => (taken.signal.aborted ? 0 : lease.validForMs()),
    });
    return { ...ended, signal };
  } finally {
    stopWatching();
  }
}

/** Tells when it no longer stands though the session lives, for the case that nobody told. */
function watchHold<H extends Lasting>(
  client: Client,
  { stands }: Taking<H>,
  held: H,
  onTaken: () => void,
): () => void {
  if (stands === undefined) return () => undefined;
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

/** Who ended it by force may have said why. */
function lossReason({ reason }: AbortSignal, isOver: boolean): string {
  const wasEnded = reason instanceof HoldfastError && reason.details['end_reason'] !== undefined;
  if (wasEnded) return reason.message;
  return isOver ? 'Its longest time (--max-hold) is over.' : '';
}

/** The command is gone, so what cannot be given back only costs others time. */
async function giveBack(name: string, session: Session): Promise<void> {
  try {
    await session.end();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    warn(
      `"${name}" could not be released (${why}); its lease ends by itself within ${String(session.timeoutMs / 1000)} s.`,
    );
  }
}
