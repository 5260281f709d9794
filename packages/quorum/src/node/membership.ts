/**
 * Of which set a node is (SET-1 of protocol/src/quorum-set.ts), as its file says.
 *
 * SET-2: a request of another set changes nothing, and is told which set the node has. No client tells a node of which
 *        set it is.
 * SET-3: where a set is closed a node grants, confirms and renews nothing, for good; a release only ends a lease.
 *        Closed for one set, it is not closed for another; but where that is said (`instead`), and it is itself of the
 *        first one and has not become its member: without it the first one never begins, since all of it have to be
 *        told, and it refuses (SET-5). So of the two one begins at most.
 * SET-4: only a node that votes closes its set: another one may have forgotten tokens and leases that were held.
 *        One that lost its file learns from the others that its set is closed, before it votes: a majority is closed, so
 *        one of those that it has to hear is (VOTER-RECOVERY-1 of recovery.ts). Else a set that has ended would open again, one lost
 *        file after the other. What it learned so counts for no change of the set before it has voted (SET-4).
 * SET-5: a node becomes a member of a set from the one before, or from none; by its file alone, before it is answered.
 *        With that it has voted in nothing: it begins as a new file does, with the tokens that it was told.
 * SET-6: a set that follows another begins with nodes that were told what the one before knew, and say so: one that
 *        lost its file, and knows nothing of it, is no part of that (recovery.ts).
 */
import { checkedSet, HoldfastError, quoted, setIdOf, textOfSet } from '@holdfast/protocol';
import type { QuorumCloseBody, QuorumPrepareBody, QuorumSet } from '@holdfast/protocol';

/** As it stands in the file. */
export interface StoredSet {
  /** Undefined: it waits to be made a member. */
  readonly set: QuorumSet | undefined;
  /** The id of the set before; empty: none. */
  readonly after: string;
  /** SET-3. */
  readonly next: QuorumSet | undefined;
}

export class Membership {
  /** Of this node among the members. */
  readonly name: string;
  #stored: StoredSet;
  #id: string;

  constructor(name: string, stored: StoredSet) {
    this.name = name;
    this.#stored = stored;
    this.#id = idOf(stored.set);
  }

  get stored(): StoredSet {
    return this.#stored;
  }

  /** Empty: none. */
  get id(): string {
    return this.#id;
  }

  get isClosed(): boolean {
    return this.#stored.next !== undefined;
  }

  /** What was written to the file. */
  wrote(stored: StoredSet): void {
    this.#stored = stored;
    this.#id = idOf(stored.set);
  }

  /** SET-2. @throws HoldfastError `wrong_epoch`, `another_set`, `not_voting`. */
  check({ epoch, set }: { readonly epoch: number; readonly set: string }): void {
    const own = this.#stored.set;
    if (own === undefined)
      throw new HoldfastError(
        'not_voting',
        'This node is a member of no set yet: it was started to join one. Make it a member with: holdfast quorum reconfigure.',
      );
    if (epoch === own.epoch && set === this.#id) return;
    const told = { epoch: own.epoch, set: this.#id, members: own.members };
    if (epoch === own.epoch)
      throw new HoldfastError(
        'another_set',
        `This node is of another set than the one that was asked for: it has ${textOfSet(own)}. Name just those, all of them, by these names.`,
        told,
      );
    throw new HoldfastError(
      'wrong_epoch',
      `This node is of configuration ${String(own.epoch)}, not ${String(epoch)}: it has ${textOfSet(own)}. Give all nodes and clients the same.`,
      told,
    );
  }

  /** SET-3. @throws HoldfastError `another_set`. */
  checkOpen(): void {
    const { set, next } = this.#stored;
    if (set === undefined || next === undefined) return;
    throw new HoldfastError(
      'another_set',
      `The set of ${textOfSet(set)} has ended. Use the one that follows it: ${textOfSet(next)}.`,
      { epoch: next.epoch, set: setIdOf(next), members: next.members },
    );
  }

  /**
   * What is to be written; undefined: nothing, it is closed for this one.
   *
   * @param voting Whether it votes, or did until it was closed.
   * @throws HoldfastError as `check`; `not_voting` (SET-4), `invalid_request` for a set that cannot follow.
   */
  closing({ epoch, set, next, instead }: QuorumCloseBody, voting: boolean): StoredSet | undefined {
    this.check({ epoch, set });
    checkNext(next, epoch);
    const { next: known } = this.#stored;
    if (known !== undefined) {
      if (setIdOf(known) === setIdOf(next)) return undefined;
      const mayEnd = instead === true && known.members.includes(this.name);
      if (!mayEnd) this.checkOpen(); // SET-3
    }
    if (!voting)
      throw new HoldfastError(
        'not_voting',
        'This node does not vote: it may have lost its file, and cannot tell what its set granted.',
      );
    return { ...this.#stored, next: { epoch: next.epoch, members: next.members } };
  }

  /** What is to be written where another member tells for which set it is closed; undefined: nothing (SET-3). */
  learning(next: QuorumSet | undefined): StoredSet | undefined {
    if (next === undefined || this.isClosed) return undefined;
    return { ...this.#stored, next: { epoch: next.epoch, members: next.members } };
  }

  /**
   * What is to be written; undefined: nothing, it is a member already.
   *
   * @param fresh It has never voted with its file.
   * @throws HoldfastError `another_set` where its set is neither of the two, `wrong_epoch` where it is of a later one,
   *   `invalid_request` where it is none of the members.
   */
  preparing({ next, after }: QuorumPrepareBody, fresh: boolean): StoredSet | undefined {
    checkNext(next, -1);
    if (!next.members.includes(this.name))
      throw new HoldfastError(
        'invalid_request',
        `This node is ${quoted(this.name)}, which is none of ${next.members.join(', ')}. Start it with the --advertise by which the set names it.`,
        { field: 'next' },
      );
    const own = this.#stored;
    const id = setIdOf(next);
    if (this.#id === id && own.after === after) return undefined;
    if (this.#id === after && own.set !== undefined) {
      checkNext(next, own.set.epoch);
      if (own.next !== undefined && setIdOf(own.next) !== id) this.checkOpen(); // SET-3
    }
    const isFirst = own.set === undefined || (this.#id === id && own.after === '' && fresh);
    if (!isFirst && this.#id !== after) this.check({ epoch: next.epoch, set: id }); // SET-5
    if (!isFirst && this.#id !== after) throw this.#beganByItself();
    return { set: { epoch: next.epoch, members: next.members }, after, next: undefined };
  }

  #beganByItself(): HoldfastError {
    return new HoldfastError(
      'another_set',
      'This node is of that set, which did not begin after the one that is told. Choose a larger epoch for the set that follows.',
      { set: this.#id },
    );
  }
}

const idOf = (set: QuorumSet | undefined): string => (set === undefined ? '' : setIdOf(set));

/** @throws HoldfastError `invalid_request`. */
function checkNext(next: QuorumSet, epoch: number): void {
  const { members } = checkedSet(next.epoch, next.members);
  if (members.some((member, place) => member !== next.members[place]))
    throw new HoldfastError('invalid_request', 'Members are told in order.', { field: 'next' });
  if (next.epoch <= epoch)
    throw new HoldfastError(
      'invalid_request',
      `A set that follows has a larger epoch than ${String(epoch)}; given: ${String(next.epoch)}.`,
      { field: 'next' },
    );
}
