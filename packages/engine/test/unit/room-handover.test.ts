/** To whom leadership goes where its node has no room, and how often (ROOM-HANDOVER-1, ROOM-HANDOVER-2). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { RoomHandover } from '../../src/room-handover.ts';
import { statusOf } from './leading-status.ts';
import { StillClock } from './still-clock.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** Members that all lack room unless they are named, and what they do in this time: [when, to whom]. */
function cycle(clock: StillClock, durationMs: number, withRoom: readonly string[] = []) {
  const ids = ['a', 'b', 'c'];
  const members = new Map(ids.map((id) => [id, new RoomHandover(clock)]));
  const handovers: (readonly [atMs: number, to: string])[] = [];
  let leader = 'a';
  const beganMs = clock.now();
  while (clock.now() < beganMs + durationMs) {
    const room = members.get(leader);
    assert.ok(room !== undefined);
    if (!withRoom.includes(leader) && !room.isPausing) {
      const to = room.next(
        statusOf(
          leader,
          ids.filter((id) => id !== leader),
        ),
      );
      assert.ok(to !== null);
      room.handedOver(to);
      handovers.push([clock.now() - beganMs, to]);
      leader = to;
    }
    clock.pass(1000);
  }
  return { handovers, leader };
}

describe('A leader without room', () => {
  it('tries each member that keeps up, one after the other (ROOM-HANDOVER-1)', () => {
    const { handovers, leader } = cycle(new StillClock(), minuteMs, ['c']);
    assert.deepEqual(handovers, [
      [0, 'b'],
      [1000, 'c'],
    ]);
    assert.equal(leader, 'c');
  });

  it('begins behind itself, and goes on behind the one that it tried last (ROOM-HANDOVER-1)', () => {
    const room = new RoomHandover(new StillClock());
    const tried = Array.from({ length: 4 }, () => {
      const to = room.next(statusOf('b', ['c', 'a', 'd']));
      room.handedOver(to);
      return to;
    });
    assert.deepEqual(tried, ['c', 'd', 'a', 'c']);
  });

  it('passes over who does not answer, or lacks the log, and learners (ROOM-HANDOVER-1)', () => {
    const room = new RoomHandover(new StillClock());
    const away = { b: { silentTicks: 1000 }, c: { state: 'snapshot' } } as const;
    assert.equal(room.next(statusOf('a', ['b', 'c', 'd'], away)), 'd');
    assert.equal(room.next(statusOf('a', ['b', 'c'], away)), null);
    const status = statusOf('a', ['b', 'c']);
    const members = status.membership.members.map((member) =>
      member.id === 'b' ? { ...member, role: 'learner' as const } : member,
    );
    assert.equal(room.next({ ...status, membership: { members } }), 'c');
  });

  it('hands it over less and less where none has room (ROOM-HANDOVER-2)', () => {
    const { handovers } = cycle(new StillClock(), 24 * hourMs);
    const first = handovers.filter(([atMs]) => atMs < hourMs).length;
    assert.ok(first >= 15 && first <= 18, `${String(first)} in the first hour`);
    const last = handovers.filter(([atMs]) => atMs >= 23 * hourMs).length;
    assert.ok(last >= 3 && last <= 6, `${String(last)} in the last hour`);
  });

  it('begins anew after a time in which another member had room (ROOM-HANDOVER-2)', () => {
    const clock = new StillClock();
    const room = new RoomHandover(clock);
    const to = 'b' as MemberId;
    room.handedOver(to);
    clock.pass(minuteMs);
    room.handedOver(to);
    clock.pass(minuteMs);
    assert.equal(room.isPausing, true);
    clock.pass(10 * minuteMs);
    room.handedOver(to);
    clock.pass(minuteMs);
    assert.equal(room.isPausing, false);
  });
});
