/**
 * What sessions meet at: barriers and latches. No units, no queue: who waits is told by an event, so
 * nothing here has a deadline, and a place is kept by the session alone.
 *
 * The rules are in barriers.ts and latches.ts.
 */
import type { Session } from './sessions/sessions.ts';
import type { ResourceName } from './names.ts';

/** One round of a double barrier; the next round is another one. */
export class Barrier {
  readonly kind = 'barrier';
  readonly name: ResourceName;
  /** Never used twice, so that who waits for the end of a round knows it from the next. */
  readonly round: number;
  readonly parties: number;
  /** All have come; nobody else enters. */
  open = false;
  /** Those who are inside, in the order in which they came, and how many of their requests entered (B5). */
  readonly members: Map<Session, number> = new Map<Session, number>();
  /** The number of the last snapshot that has this record, see snapshot.ts. */
  savedIn: number;

  constructor(name: ResourceName, round: number, parties: number, savedIn: number) {
    this.name = name;
    this.round = round;
    this.parties = parties;
    this.savedIn = savedIn;
  }
}

/** Counts down to 0 and stays there. */
export class Latch {
  readonly kind = 'latch';
  readonly name: ResourceName;
  readonly initialCount: number;
  count: number;
  savedIn: number;

  constructor(name: ResourceName, initialCount: number, count: number, savedIn: number) {
    this.name = name;
    this.initialCount = initialCount;
    this.count = count;
    this.savedIn = savedIn;
  }
}
