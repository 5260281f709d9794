/**
 * Stamps on requests that make a session, and on those whose id has no order: what lets the state machine refuse a copy
 * that comes too late (state: ended-sessions.ts, MEM-1; forgotten-names.ts, STATE-REQUEST-6).
 *
 * STAMP-1: all copies of one submission carry one stamp, however often and to whichever leader they are sent.
 * STAMP-2: a stamp is a time that the log had reached when it was made, never an estimate of a clock: none is
 *     ahead of the entry that carries it.
 * STAMP-3: where the log had not grown for long a request is refused for its age though it is new. The
 *     refusal is an entry: it tells the time, and all copies with the old stamp are refused for good, so that
 *     the request may be stamped anew.
 * STAMP-4: a request whose id has no order tells the log index that this node had applied when it was asked: each answer
 *     to it has a later index.
 */
import { hasNoOrder } from '@holdfast/state';
import type { Command, CommandResult, Stamp } from '@holdfast/state';
import { copiesLiveMs, waitMsOf } from './waits.ts';

/** Whether it makes a session where there is none. */
export function makesSession(command: Command): boolean {
  return (
    command.type === 'create_session' ||
    ('ownSession' in command && command.ownSession !== undefined)
  );
}

/** The state machine of this node. */
interface Applied {
  /** Cluster time of the last entry that was applied, and its log index. */
  readonly time: number;
  readonly index: number;
}

export class Stamps {
  readonly #applied: () => Applied;
  /** A time that the log has reached, where this node has not applied it yet. */
  #learntMs = 0;

  /** @param applied The state that this node has come to. */
  constructor(applied: () => Applied) {
    this.#applied = applied;
  }

  /** STAMP-4. Undefined: no stamp is wanted. */
  askedAt(command: Command): number | undefined {
    if (!('requestId' in command) || typeof command.requestId !== 'string') return undefined;
    if (command.type === 'abandon' || !hasNoOrder(command.requestId)) return undefined;
    return this.#applied().index;
  }

  /** The command with a stamp of now. */
  stamped(command: Command): Command {
    const liveMs = waitMsOf(command) + copiesLiveMs;
    const madeAtMs = Math.max(this.#applied().time, this.#learntMs); // STAMP-2
    const stamp: Stamp = { madeAtMs, liveMs };
    if (command.type === 'create_session') return { ...command, stamp };
    if (!('ownSession' in command) || command.ownSession === undefined) return command;
    return { ...command, ownSession: { ...command.ownSession, stamp } };
  }

  /** STAMP-3: whether it was refused for its age alone, so that it may be asked again. */
  isTooOld(result: CommandResult): boolean {
    if (result.ok || result.code !== 'request_forgotten') return false;
    const timeMs = result.details?.['cluster_time_ms'];
    if (typeof timeMs !== 'number') return false;
    this.#learntMs = Math.max(this.#learntMs, timeMs);
    return true;
  }
}
