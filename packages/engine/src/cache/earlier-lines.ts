/**
 * What a new leader does about lines that earlier leaders granted: it asks everybody who may have some to drop them. Where all have
 * said that none is left its writes need not wait for the leases to run out (SHARER-4 of directory.ts).
 *
 * EARLIER-1: those who may have lines are known to every later leader: a leader grants lines only to members of a membership that is
 *     committed, which every later leader has in its log. So they are the members by the log of this one, learners too, and those that
 *     were removed: to them nothing was granted after the entry that removes them was logged, which is before it was seen here.
 *     Where the members changed less than a lease ago, whoever they were in between, or this process runs for less than that and
 *     cannot know, nobody is asked.
 * EARLIER-2: an answer counts for the leadership that asked and for no other: what was dropped then may have been granted anew since.
 * EARLIER-3: a node says that none is left when its lines are gone and those of its clients (MEMORY-6), and keeps nothing any more
 *     that an earlier leader grants, whenever that answer comes (LINE-8).
 * EARLIER-4: a process says so not before a lease after its start: what a process before it granted to clients has run out then.
 * EARLIER-5: whoever is silent, or knows nothing of this, is waited out.
 */
import { cacheLeaseMs, grantorLeaseMs } from '@holdfast/protocol/cache';
import type { Status } from '@holdfast/raft';
import type { Clock } from '../clock.ts';

const leaderLeaseMs = grantorLeaseMs(cacheLeaseMs);
/** Before one that did not answer is asked again. */
const askAgainMs = 100;

type Members = Pick<Status, 'membership' | 'membershipIndex' | 'commit'>;

/** Who are members, and when one was removed. */
export class KnownMembers {
  readonly #clock: Pick<Clock, 'now'>;
  /** Of a membership that is committed, and of the latest one. */
  #grantable: ReadonlySet<string> = new Set();
  #members: ReadonlySet<string> = new Set();
  /** Before this process began nobody saw it. */
  #removedAtMs: number;
  /** Of the membership that was seen last. */
  #seenIndex: number | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#removedAtMs = clock.now();
  }

  update({ membership, membershipIndex, commit }: Members): void {
    const members = new Set<string>(membership.members.map(({ id }) => id));
    // One that came and went between two of these, in one append or a snapshot, was never seen here.
    if (membershipIndex !== this.#seenIndex) this.#removedAtMs = this.#clock.now();
    this.#seenIndex = membershipIndex;
    this.#members = members;
    const isCommitted = membershipIndex <= commit;
    const grantable = this.#grantable;
    this.#grantable = isCommitted
      ? members
      : new Set([...members].filter((id) => grantable.has(id)));
  }

  /** EARLIER-1. */
  mayBeGranted(node: string): boolean {
    return this.#grantable.has(node);
  }

  get all(): readonly string[] {
    return [...this.#members];
  }

  /** EARLIER-1: whether all who may have lines of earlier leaders are members. */
  areAll(nowMs: number): boolean {
    return nowMs >= this.#removedAtMs + leaderLeaseMs;
  }
}

export interface EarlierLinesParts {
  readonly clock: Pick<Clock, 'now' | 'after'>;
  readonly members: KnownMembers;
  /** Asks a node. Resolves with true once nothing is left there. */
  readonly ask: (node: string) => Promise<unknown>;
  /** EARLIER-2: whether the leadership that asks goes on. */
  readonly leadsOn: () => boolean;
  /** Everybody has said that nothing is left. */
  readonly onNoneLeft: () => void;
}

/** Asks everybody, for one leadership, until the leases are over anyhow. */
export function askForEarlierLines(parts: EarlierLinesParts): void {
  const { clock, members, ask, leadsOn, onNoneLeft } = parts;
  const beganMs = clock.now();
  if (!members.areAll(beganMs)) return; // EARLIER-1
  const left = new Set(members.all);
  const asked = (node: string): void => {
    const isPointless = (): boolean => !leadsOn() || clock.now() >= beganMs + leaderLeaseMs;
    ask(node).then(
      (answer) => {
        if (!leadsOn()) return; // EARLIER-2
        if (answer !== true) return again(); // EARLIER-5
        left.delete(node);
        if (left.size === 0) onNoneLeft();
      },
      () => again(),
    );
    const again = (): void => {
      if (!isPointless()) clock.after(askAgainMs, () => isPointless() || asked(node));
    };
  };
  for (const node of left) asked(node);
}
