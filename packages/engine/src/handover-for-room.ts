/**
 * A leader without room hands leadership over.
 *
 * HANDOVER-1: one that has to (LOG-ROOM-4 of log-room.ts) prefers a member that has told that it has room (ROOM-TOLD-1), and where none has
 *     told so tries each of them (ROOM-HANDOVER-1): it serves nobody as it is.
 * HANDOVER-2: one whose payloads have waited for room for `longShortageMs` of its term without a break refuses messages (LOG-ROOM-1), and goes
 *     on with everything else. It hands leadership over to a member that has told that it has room, and to nobody else: where none
 *     has any it leads on. The pauses between handovers hold here, too (ROOM-HANDOVER-2), for who has room now may lack
 *     it once it takes messages in.
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
    const isLong = this.#isShortForLong(status.term);
    if (!isLong && !room.wantsHandover) return;
    this.#told.ask(othersOf(status));
    if (room.handover.isPausing) return;
    const withRoom = room.handover.next(status, (member) => this.#told.hasRoom(member));
    if (withRoom !== null) this.#handOver(withRoom);
    else if (room.wantsHandover) this.#handOver(room.handover.next(status)); // HANDOVER-1
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

const othersOf = ({ id, membership }: Status): readonly MemberId[] =>
  membership.members
    .filter((member) => member.role === 'voter' && member.id !== id)
    .map((member) => member.id);
