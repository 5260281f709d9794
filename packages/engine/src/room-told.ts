/**
 * Whether other members have room, as they tell a leader that has none.
 *
 * ROOM-TOLD-1: a member has room where neither payloads nor a snapshot of its own wait for some. One that is away, does not answer, or is of
 *     a release that answers no such question, has told nothing, and nothing is taken for granted of it.
 * ROOM-TOLD-2: each is asked once in `askEveryMs`, and only while somebody wants to know. What it told is no longer believed when the next
 *     answer is overdue.
 */
import type { MemberId } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import type { Clock } from './clock.ts';
import type { MemberAsks } from './member-asks.ts';

const askEveryMs = 10_000;
const timeoutMs = 5000;
/** What the question is `about` (ASK-2). */
const about = 'room';

export class RoomTold {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #asks: Pick<MemberAsks, 'ask' | 'onAsked'>;
  #askedMs = Number.NEGATIVE_INFINITY;
  /** When each of those that were asked last told that it has room. */
  readonly #toldMs = new Map<MemberId, number>();

  /** @param hasRoom Whether this member has some (ROOM-TOLD-1). */
  constructor(
    clock: Pick<Clock, 'now'>,
    asks: Pick<MemberAsks, 'ask' | 'onAsked'>,
    hasRoom: () => boolean,
  ) {
    this.#clock = clock;
    this.#asks = asks;
    asks.onAsked(() => Promise.resolve({ hasRoom: hasRoom() }), about);
  }

  /** ROOM-TOLD-2. */
  ask(members: readonly MemberId[]): void {
    const nowMs = this.#clock.now();
    if (nowMs < this.#askedMs + askEveryMs) return;
    this.#askedMs = nowMs;
    for (const member of this.#toldMs.keys())
      if (!members.includes(member)) this.#toldMs.delete(member);
    for (const member of members) void this.#askOne(member);
  }

  async #askOne(member: MemberId): Promise<void> {
    const options = { identity: nodeIdentity, timeoutMs };
    const answer = await this.#asks.ask(member, { about }, options).catch(() => undefined);
    const { hasRoom } = Object(answer) as { readonly hasRoom?: unknown };
    if (hasRoom === true) this.#toldMs.set(member, this.#clock.now());
    else this.#toldMs.delete(member); // ROOM-TOLD-1
  }

  hasRoom(member: MemberId): boolean {
    const toldMs = this.#toldMs.get(member);
    return toldMs !== undefined && this.#clock.now() < toldMs + askEveryMs + timeoutMs;
  }
}
