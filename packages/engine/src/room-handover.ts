/**
 * To whom a leader without room hands leadership over, and how often (handover-for-room.ts).
 *
 * ROOM-HANDOVER-1: a member may tell nothing of its room. So each of those that answer and keep up is tried in turn, in the order of
 *     their ids, beginning behind this node's own one: one that has room is found in one round, however the logs compare.
 * ROOM-HANDOVER-2: where none has room leadership goes round, and each time is an interruption to no use. The pause after a handover is twice
 *     that of the one before, from `firstPauseMs` to `longestPauseMs`, for as long as leadership comes back within twice the pause.
 *     Who is given room leads again at last after the longest one.
 */
import type { MemberId, Status } from '@holdfast/raft';
import type { Clock } from './clock.ts';
import { answeredWithinTicks } from './ticks.ts';

const firstPauseMs = 60_000;
const longestPauseMs: number = 32 * firstPauseMs;

export class RoomHandover {
  readonly #clock: Pick<Clock, 'now'>;
  #handedOverMs = Number.NEGATIVE_INFINITY;
  #pauseMs = firstPauseMs;
  #last: MemberId | undefined;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  get isPausing(): boolean {
    return this.#clock.now() < this.#handedOverMs + this.#pauseMs;
  }

  /** ROOM-HANDOVER-1. Null: none of them keeps up, so whoever takes it. @param mayTake Of whom it is to be one. */
  next(
    { id, membership, progress }: Status,
    mayTake: (member: MemberId) => boolean = () => true,
  ): MemberId | null {
    const voters = membership.members.filter(({ role }) => role === 'voter').map((one) => one.id);
    const able = progress
      .filter(
        ({ state, silentTicks }) => state === 'replicate' && silentTicks <= answeredWithinTicks,
      )
      .map((one) => one.id)
      .filter((one) => voters.includes(one) && mayTake(one))
      .sort();
    const after = this.#last ?? id;
    return able.find((one) => one > after) ?? able[0] ?? null;
  }

  /** Null: to whoever took it. */
  handedOver(to: MemberId | null): void {
    const nowMs = this.#clock.now();
    const isBackSoon = nowMs <= this.#handedOverMs + 2 * this.#pauseMs;
    this.#pauseMs = isBackSoon ? Math.min(longestPauseMs, 2 * this.#pauseMs) : firstPauseMs; // ROOM-HANDOVER-2
    this.#handedOverMs = nowMs;
    this.#last = to ?? undefined;
  }
}
