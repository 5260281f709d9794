/**
 * A leader without room hands leadership over.
 *
 * HANDOVER-1: one that has to (LOG-ROOM-4 of log-room.ts) prefers a member that has told that it has room (ROOM-TOLD-1), and where none has
 *     told so tries each of them (ROOM-HANDOVER-1): it serves nobody as it is.
 * HANDOVER-2: one whose payloads have waited for room for `longShortageMs` of its term without a break refuses messages (LOG-ROOM-1), and goes
 *     on with everything else. It hands leadership over to a member that has told that it has room where a majority of all voters has told so,
 *     this one left out, and leads on otherwise: once messages are taken in again, a member without room has them in its log, which cannot
 *     become shorter, and stops when that is full. The pauses between handovers hold here, too (ROOM-HANDOVER-2), for who has
 *     room now may lack it once it takes messages in.
 * HANDOVER-3: the others are asked while this node has no room, and not only when it has to hand over: they have told by then.
 */
import type { MemberId, Status, Term } from '@holdfast/raft';
import type { Clock } from './clock.ts';
import type { LogRoom } from './log-room.ts';
import type { MemberAsks } from './member-asks.ts';
import type { Replica } from './replica.ts';
import { RoomTold } from './room-told.ts';

const longShortageMs = 30_000;

interface HandoverParts {
  readonly clock: Pick<Clock, 'now'>;
  readonly replica: Pick<Replica, 'status' | 'transferLeadership'> & { readonly room: LogRoom };
  readonly asks: Pick<MemberAsks, 'ask' | 'onAsked'>;
}

export class HandoverForRoom {
  readonly #parts: HandoverParts;
  readonly #told: RoomTold;
  /** Since when payloads wait for room, and in which term that was seen (HANDOVER-2). */
  #short: { readonly sinceMs: number; readonly term: Term } | undefined;

  constructor(parts: HandoverParts) {
    this.#parts = parts;
    const { clock, asks, replica } = parts;
    this.#told = new RoomTold(clock, asks, () => replica.room.hasRoom);
  }

  /** On the leader. */
  onTick(): void {
    const { replica } = this.#parts;
    const { room } = replica;
    const status = replica.status();
    const others = othersOf(status);
    if (!room.hasRoom) this.#told.ask(others); // HANDOVER-3
    const isLong = this.#isShortForLong(status.term);
    const hasToGo = room.wantsHandover;
    if ((!isLong && !hasToGo) || room.handover.isPausing) return;
    const hasRoom = (member: MemberId): boolean => this.#told.hasRoom(member);
    if (!hasToGo && !isMajority(others.filter(hasRoom), others)) return; // HANDOVER-2
    const withRoom = room.handover.next(status, hasRoom);
    if (withRoom !== null) this.#handOver(withRoom);
    else if (hasToGo) this.#handOver(room.handover.next(status)); // HANDOVER-1
  }

  /** HANDOVER-2. */
  #isShortForLong(term: Term): boolean {
    const nowMs = this.#parts.clock.now();
    if (!this.#parts.replica.room.lacksPayloadRoom) this.#short = undefined;
    else if (this.#short?.term !== term) this.#short = { sinceMs: nowMs, term };
    return this.#short !== undefined && nowMs - this.#short.sinceMs >= longShortageMs;
  }

  #handOver(to: MemberId | null): void {
    const { room } = this.#parts.replica;
    if (this.#parts.replica.transferLeadership(to).ok) room.handover.handedOver(to);
  }
}

/** Of all voters: the others and this one. */
const isMajority = (some: readonly MemberId[], others: readonly MemberId[]): boolean =>
  2 * some.length > others.length + 1;

const othersOf = ({ id, membership }: Status): readonly MemberId[] =>
  membership.members
    .filter((member) => member.role === 'voter' && member.id !== id)
    .map((member) => member.id);
