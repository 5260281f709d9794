/**
 * Changes the set of a quorum lease: closes the one that is, and has the nodes of the one that follows begin.
 *
 * CHG-1: no node is made a member of the new set before a majority of all members of the old one has said, each in one
 *        answer, that it is closed for the new set and that no lease of its own stands there. What was held under the
 *        old set was granted by one of them before it closed, and has ended by that one's clock.
 * CHG-2: the new set begins above every token that one of that majority knew when it said so. Any token that was held
 *        was made known to one of them before it closed.
 * CHG-3: a member of the new set, made so by this change, tells that the change had come so far: its largest token is
 *        above all of the old set, and the old one needs no more closing. So whoever ends in between is followed by
 *        another one with the same two sets, at any step.
 * CHG-4: nothing is closed while a member of the new set is missing or cannot become one, or where no majority of the
 *        old one votes or is closed already; members close in the order of
 *        their names, and where one is closed for another set no more of them are: of two changes one stops.
 *
 * CHG-5: of two changes of one set each may have closed too few, for ever. One of them may be done instead of the other
 *        where that is said (SET-3): members that were closed for the other one, and are themselves of it, are closed for
 *        this one, and the other one never begins. The others stay closed as they were; a majority is still needed.
 *
 * How those of the new set come to vote is recovery.ts: as new nodes do, by agreement of all of them.
 */
import { HoldfastError, setIdOf, textOfSet } from '@holdfast/protocol';
import type { QuorumSet, QuorumSetAnswer } from '@holdfast/protocol';

export type SetQuestion =
  | { readonly type: 'look' }
  | {
      readonly type: 'close';
      readonly from: QuorumSet;
      readonly next: QuorumSet;
      readonly instead: boolean;
    }
  | {
      readonly type: 'prepare';
      readonly next: QuorumSet;
      readonly after: string;
      readonly floor: number;
    };

export interface SetChange {
  readonly from: QuorumSet;
  readonly to: QuorumSet;
  /** Where an earlier change to another set was begun and will not be finished: this one, as far as it can be (CHG-5). */
  readonly insteadOfAnother?: boolean;
  /** Rejects where there is no answer in time, or a refusal. */
  readonly ask: (member: string, question: SetQuestion) => Promise<QuorumSetAnswer>;
  /** Rejects when the caller cancels. */
  readonly pause: (ms: number) => Promise<void>;
  readonly tell: (line: string) => void;
  /** How long leases may take to end, and the new set to begin, in ms. */
  readonly patienceMs: number;
  readonly now: () => number;
}

const lookEveryMs = 250;

interface Seen {
  readonly member: string;
  readonly answer: QuorumSetAnswer | undefined;
  readonly why: string;
}

/**
 * Safe to repeat, with the same two sets: it goes on where it was.
 *
 * @returns which members of the new set vote: a majority at least.
 * @throws HoldfastError `no_quorum` where too few answer, or are not ready in time; `another_set` where a node is of a
 *   third one, or the old one was closed for another. What was done stays done.
 */
export async function changeSet(change: SetChange): Promise<readonly string[]> {
  const { from, to, tell } = change;
  if (to.epoch <= from.epoch)
    throw new HoldfastError(
      'invalid_request',
      `The set that follows has a larger epoch than ${String(from.epoch)}; given: ${String(to.epoch)}.`,
    );
  const after = setIdOf(from);
  const newcomers = await lookAtNewcomers(change, after);
  const begun = newcomers.filter((answer) => answer.set === setIdOf(to) && answer.after === after);
  const floor =
    begun.length > 0
      ? largestOf(begun) // CHG-3
      : await closeOld(change);
  tell(`The new set begins above token ${String(floor)}.`);
  for (const member of to.members) {
    const { set } = await required(change, member, { type: 'prepare', next: to, after, floor });
    if (set !== setIdOf(to)) throw unready(member, 'did not become a member');
  }
  return untilVoting(change);
}

/** CHG-4. */
async function lookAtNewcomers(
  change: SetChange,
  after: string,
): Promise<readonly QuorumSetAnswer[]> {
  const { to } = change;
  const id = setIdOf(to);
  const answers: QuorumSetAnswer[] = [];
  for (const { member, answer, why } of await lookAt(change, to.members)) {
    if (answer === undefined) throw unready(member, why);
    if (answer.name !== member)
      throw unready(member, `is "${answer.name}" by its own name: start it with --advertise`);
    const isOwn = answer.set === id && (answer.after === after || answer.fresh);
    if (!isOwn && answer.set !== '' && answer.set !== after)
      throw new HoldfastError(
        'another_set',
        `${member} is of another set (${textOfSet(answer)}): nothing was closed. Give it a new file and start it with --join.`,
        { voter: member },
      );
    answers.push(answer);
  }
  return answers;
}

/** CHG-1, CHG-2. @returns a number that is above no token of the new set. */
async function closeOld(change: SetChange): Promise<number> {
  const { from, to, insteadOfAnother = false, tell, pause, now, patienceMs } = change;
  const majority = Math.floor(from.members.length / 2) + 1;
  const silent: string[] = [];
  const known = (await lookAt(change, from.members)).filter(
    ({ answer }) =>
      answer?.set === setIdOf(from) &&
      (answer.voting ||
        isClosedFor(answer, from, to) ||
        (insteadOfAnother && !answer.fresh && answer.next !== null)),
  );
  if (known.length < majority)
    throw notEnough(
      `Only ${String(known.length)} of ${String(from.members.length)} members of the old set vote or are closed`,
    ); // CHG-4
  for (const member of from.members) {
    try {
      await change.ask(member, { type: 'close', from, next: to, instead: insteadOfAnother });
      tell(`${member} is closed.`);
    } catch (error) {
      // Closed for another one, or of another set: that is no silence.
      const isClosedForAnother = error instanceof HoldfastError && error.code === 'another_set';
      if (isClosedForAnother && !insteadOfAnother) throw error;
      silent.push(`${member} ${reasonIn(error)}`);
    }
  }
  const untilMs = now() + patienceMs;
  for (;;) {
    const closed = (await lookAt(change, from.members)).flatMap(({ answer }) =>
      answer !== undefined && isClosedFor(answer, from, to) ? [answer] : [],
    );
    const ended = closed.filter((answer) => answer.leases_ms === 0);
    if (ended.length >= majority) return largestOf(ended);
    if (closed.length < majority && now() >= untilMs - patienceMs + lookEveryMs * 8)
      throw notEnough(
        `Only ${String(closed.length)} of ${String(from.members.length)} members of the old set are closed${silent.length > 0 ? ` (${silent.join('; ')})` : ''}`,
      );
    if (now() >= untilMs) throw notEnough('Leases of the old set still stand');
    await pause(lookEveryMs);
  }
}

const isClosedFor = (answer: QuorumSetAnswer, from: QuorumSet, to: QuorumSet): boolean =>
  !answer.fresh && // SET-4: one that lost its file has only heard of it.
  answer.set === setIdOf(from) &&
  answer.next !== null &&
  setIdOf(answer.next) === setIdOf(to);

const largestOf = (answers: readonly QuorumSetAnswer[]): number =>
  answers.reduce((most, answer) => Math.max(most, answer.largest_token), 0);

async function untilVoting(change: SetChange): Promise<readonly string[]> {
  const { to, tell, pause, now, patienceMs } = change;
  const untilMs = now() + patienceMs;
  for (;;) {
    const seen = await lookAt(change, to.members);
    const voting = seen.flatMap(({ member, answer }) =>
      answer?.set === setIdOf(to) && answer.voting ? [member] : [],
    );
    if (voting.length === to.members.length) return voting;
    if (now() >= untilMs) {
      if (voting.length * 2 > to.members.length) return voting;
      throw notEnough('Too few members of the new set vote yet');
    }
    tell(`${String(voting.length)} of ${String(to.members.length)} vote.`);
    await pause(lookEveryMs);
  }
}

function lookAt(change: SetChange, members: readonly string[]): Promise<readonly Seen[]> {
  return Promise.all(
    members.map((member) =>
      change.ask(member, { type: 'look' }).then(
        (answer): Seen => ({ member, answer, why: '' }),
        (error: unknown): Seen => ({ member, answer: undefined, why: reasonIn(error) }),
      ),
    ),
  );
}

async function required(
  change: SetChange,
  member: string,
  question: SetQuestion,
): Promise<QuorumSetAnswer> {
  try {
    return await change.ask(member, question);
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'another_set') throw error;
    throw unready(member, reasonIn(error));
  }
}

const reasonIn = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const unready = (member: string, why: string): HoldfastError =>
  new HoldfastError(
    'no_quorum',
    `All members of the new set have to be there: ${member} ${why}. Repeat the command with the same two sets when it is.`,
    { voter: member },
  );

const notEnough = (what: string): HoldfastError =>
  new HoldfastError(
    'no_quorum',
    `${what}. What is closed stays closed: repeat the command with the same two sets.`,
  );
