/**
 * What becomes of a state that is taken out of a backup, before a new cluster begins with it.
 *
 * BEGIN-1: fence tokens rise over a restore: the counter moves to the next multiple of 2^40, which is past all
 *     that the old cluster gave after the backup. Where there is none left the restore is refused.
 * BEGIN-2: so do positions in the log: the first entry has the next multiple of 2^40 as its index. Whoever watched
 *     the old cluster has a position before it and is told of the gap, and never goes on in the middle of other
 *     events that have the numbers of those it expects.
 * BEGIN-3: sessions that end do so as if they had expired: what they held is closed for their lock delay, for a
 *     client that has not noticed yet may still be at work. It is all done in the same state machine, by entries,
 *     so each node that takes the snapshot has it.
 */
import type { Command, LogIndex, StateMachine } from '@holdfast/state';
import { RestoreRefused } from './refused.ts';

/** What becomes of the sessions in the backup. */
export type SessionsChoice = 'end' | 'keep';

const indexJump = 2 ** 40;
const sessionsPerEntry = 100;

export interface Begun {
  readonly endedSessions: number;
  readonly fenceCounter: number;
}

/** @throws RestoreRefused where the numbers are used up. @param pause Lets others have a turn. */
export async function beginAnew(
  state: StateMachine,
  sessions: SessionsChoice,
  pause: () => Promise<void>,
): Promise<Begun> {
  const enter = entering(state);
  jump(state, enter);
  let endedSessions = 0;
  if (sessions === 'end') {
    let commands: Command[] = [];
    // All are read before the first ends.
    for (const { sessionId, renewal } of Array.from(state.leases())) {
      commands.push({ type: 'expire_session', sessionId, renewal });
      endedSessions += 1;
      if (commands.length < sessionsPerEntry) continue;
      enter(commands);
      commands = [];
      await pause();
    }
    enter(commands);
    // What did not fit into the entries before goes on by the passing of no time at all.
    while ((state.nextDueTime() ?? Number.POSITIVE_INFINITY) <= state.time) {
      enter([{ type: 'advance' }]);
      await pause();
    }
  }
  return { endedSessions, fenceCounter: state.stats().fenceCounter };
}

type Enter = (commands: readonly Command[]) => readonly { readonly ok: boolean }[];

/** Applies commands as the next entry, at the time of the backup. */
function entering(state: StateMachine): Enter {
  let next: LogIndex = (Math.floor(state.index / indexJump) + 1) * indexJump;
  return (commands) => {
    if (next + indexJump > Number.MAX_SAFE_INTEGER)
      throw new RestoreRefused(
        `The log of the backup is at index ${String(state.index)}: there are no indexes left for a restore. Begin a new cluster.`,
      );
    const { results } = state.apply({
      index: next,
      time: state.time,
      commands: commands.map((command) => ({ identity: 'holdfast', command })),
    });
    next += 1;
    return results;
  };
}

/** BEGIN-1, BEGIN-2. */
function jump(state: StateMachine, enter: Enter): void {
  const { fenceCounter } = state.stats();
  const [moved] = enter([{ type: 'jump_fence_counter' }]);
  if (moved?.ok !== true)
    throw new RestoreRefused(
      `The fence counter of the backup is at ${String(fenceCounter)}, and the next multiple of 2^40 is more than a fence token can be (2^53 - 1). ` +
        `Tokens could not rise any more: begin a new cluster, with resources that have forgotten the old tokens.`,
    );
}
