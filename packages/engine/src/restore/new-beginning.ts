/**
 * What becomes of a state that is taken out of a backup, before a new cluster begins with it.
 *
 * BEGIN-1: fence tokens rise over a restore: the counter moves to the next multiple of 2^40, which is past all
 *     that the old cluster gave after the backup. Where there is none left the restore is refused.
 * BEGIN-2: so do positions in the log: the first entry has that same number as its index. Whoever watched the old
 *     cluster has a position before it and is told of the gap, and never goes on in the middle of other events
 *     that have the numbers of those it expects.
 * BEGIN-4: a backup does not tell of the clusters that were restored from it before, nor of those of a later
 *     backup. Whoever restores again says where the last of them began: both numbers are past that, too.
 * BEGIN-3: sessions that end do so as if they had expired: what they held is closed for their lock delay, for a
 *     client that has not noticed yet may still be at work. It is all done in the same state machine, by entries,
 *     so each node that takes the snapshot has it.
 */
import type { Command, LogIndex, StateMachine } from '@holdfast/state';
import { assertChosen, beginAccess } from './access-anew.ts';
import type { KeysChoice, NewAdministrator, RestoredAccess } from './access-anew.ts';
import { RestoreError } from './restore-error.ts';

/** What becomes of the sessions in the backup. */
export type SessionsChoice = 'end' | 'keep';

/** So many tokens, and so many entries, has a cluster before those of one that is restored after it. */
const jump = 2 ** 40;
const sessionsPerEntry = 100;

export interface Begun extends RestoredAccess {
  readonly endedSessions: number;
  readonly fenceCounter: number;
}

/**
 * @param fenceAbove Tokens and positions are past this, too (BEGIN-4).
 * @param pause Lets others have a turn.
 * @throws RestoreError where the numbers are used up.
 */
export async function beginAnew(
  state: StateMachine,
  sessions: SessionsChoice,
  fenceAbove: number,
  pause: () => Promise<void>,
  keys?: { readonly choice: KeysChoice | undefined; readonly administrator?: NewAdministrator },
): Promise<Begun> {
  assertChosen(state, keys?.choice);
  const beginning = beginningOf(state, fenceAbove);
  const enter = entering(state, beginning);
  moveTokens(state, beginning, enter);
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
  const access = await beginAccess(state, keys?.choice, keys?.administrator, enter, pause);
  return { endedSessions, fenceCounter: state.stats().fenceCounter, ...access };
}

/** The first of the multiples of 2^40 past all that is known to have been given (BEGIN-1, BEGIN-2, BEGIN-4). */
function beginningOf(state: StateMachine, fenceAbove: number): LogIndex {
  const { fenceCounter } = state.stats();
  const highest = Math.max(fenceCounter, state.index, fenceAbove);
  const beginning = (Math.floor(highest / jump) + 1) * jump;
  if (beginning <= Number.MAX_SAFE_INTEGER) return beginning;
  throw new RestoreError(
    `The next multiple of 2^40 is more than a fence token or an index can be (2^53 - 1): the fence counter of the backup is at ${String(fenceCounter)}, ` +
      `its log at index ${String(state.index)}, and numbers above ${String(fenceAbove)} are asked for. ` +
      `Tokens could not rise any more: begin a new cluster, with resources that have forgotten the old tokens.`,
  );
}

type Enter = (commands: readonly Command[]) => readonly { readonly ok: boolean }[];

/** Applies commands as the next entry, at the time of the backup. */
function entering(state: StateMachine, beginning: LogIndex): Enter {
  let next = beginning;
  return (commands) => {
    const { results } = state.apply({
      index: next,
      time: state.time,
      commands: commands.map((command) => ({ identity: 'holdfast', command })),
    });
    next += 1;
    return results;
  };
}

/** BEGIN-1: each command moves the counter by one multiple; there are no more than 2^13 of them. */
function moveTokens(state: StateMachine, beginning: number, enter: Enter): void {
  const moves = beginning / jump - Math.floor(state.stats().fenceCounter / jump);
  enter(Array.from({ length: moves }, () => ({ type: 'jump_fence_counter' })));
  const { fenceCounter } = state.stats();
  if (fenceCounter !== beginning)
    throw new Error(
      `BEGIN-1: the fence counter is at ${String(fenceCounter)}, not at ${String(beginning)}. Nothing was written.`,
    );
}
