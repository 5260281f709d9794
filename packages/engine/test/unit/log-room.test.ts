/** What a leader takes in while its node has no room (LOG-ROOM-1 to LOG-ROOM-4, PSHORT-1). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nodeIdentity } from '@holdfast/state';
import type { Command, SessionId } from '@holdfast/state';
import { HandoverForRoom } from '../../src/handover-for-room.ts';
import { leastBoundBytes, LogRoom } from '../../src/log-room.ts';
import { retryForRoom } from '../../src/payloads/payload-shortage.ts';
import type { Replica } from '../../src/replica.ts';
import { statusOf } from './leading-status.ts';
import { MemoryPayloads } from './memory-payloads.ts';
import { StillClock } from './still-clock.ts';

const snapshotLogBytes = 64 * 1024 * 1024;
const push = { type: 'queue_push', name: 'mail', messages: [] } as unknown as Command;
const status = statusOf('a', ['b']);
const nobodyTells = {
  ask: () => Promise.reject(new Error('It answers no such question.')),
  onAsked: () => undefined,
};
const end = { type: 'end_session', sessionId: 's' } as unknown as Command;

function room() {
  const snapshots = { isSaving: false, isPausing: false, lacksRoom: false, notSaved: 0 };
  const payloads = new MemoryPayloads();
  const clock = new StillClock();
  const log = { bytes: 0 };
  const made = new LogRoom({
    snapshotLogBytes,
    clock,
    payloads,
    snapshots,
    logBytes: () => log.bytes,
  });
  const codeOf = (command: Command, identity = 'ann'): string | undefined => {
    const refusal = made.refusalOf({ identity, command });
    if (refusal !== undefined) assert.equal(refusal.effect, 'none');
    return refusal?.code;
  };
  return { room: made, snapshots, payloads, clock, log, codeOf };
}

describe('A leader', () => {
  it('takes no message in while payloads wait for room, and everything else (LOG-ROOM-1)', () => {
    const { payloads, codeOf } = room();
    assert.equal(codeOf(push), undefined);
    payloads.shortage = new Error('full');
    assert.equal(codeOf(push), 'overloaded');
    assert.equal(codeOf(end), undefined);
    payloads.shortage = undefined;
    assert.equal(codeOf(push), undefined);
  });

  it('takes in what nodes want, and nothing else, at the bound of its log in memory (LOG-ROOM-2)', () => {
    const { log, snapshots, codeOf } = room();
    snapshots.lacksRoom = true;
    log.bytes = 16 * snapshotLogBytes - 1;
    assert.equal(codeOf(end), undefined);
    log.bytes += 1;
    assert.equal(codeOf(end), 'overloaded');
    assert.equal(codeOf(end, nodeIdentity), undefined);
    snapshots.lacksRoom = false;
    assert.equal(codeOf(end), undefined, 'a long log alone is no reason');
  });

  it('has no bound below which a log is no danger, however small a checkpoint is (LOG-ROOM-2)', () => {
    const small = new LogRoom({
      snapshotLogBytes: 4096,
      clock: new StillClock(),
      payloads: new MemoryPayloads(),
      snapshots: { isSaving: false, isPausing: false, lacksRoom: true, notSaved: 1 },
      logBytes: () => leastBoundBytes - 1,
    });
    assert.equal(small.refusalOf({ identity: 'ann', command: end }), undefined);
  });

  it('makes a checkpoint by time at that bound (LOG-ROOM-3)', () => {
    const { room, log, snapshots } = roomAtBound();
    assert.equal(room.isCheckpointDue, true);
    snapshots.isPausing = true;
    assert.equal(room.isCheckpointDue, false);
    snapshots.isPausing = false;
    snapshots.isSaving = true;
    assert.equal(room.isCheckpointDue, false);
    snapshots.isSaving = false;
    log.bytes = 0;
    assert.equal(room.isCheckpointDue, false);
    room.applied(snapshotLogBytes);
    assert.equal(room.isCheckpointDue, true);
    room.checkpointed();
    assert.equal(room.isCheckpointDue, false);
  });

  it('hands leadership over, not twice in a minute, where it applies nothing for want of room (LOG-ROOM-4)', () => {
    const { room: made, payloads, clock } = room();
    const handedTo: unknown[] = [];
    const replica = {
      room: made,
      status: () => status,
      transferLeadership: (to: unknown) => ({ ok: handedTo.push(to) > 0 }),
    } as unknown as Replica;
    const handover = new HandoverForRoom({ clock, replica, asks: nobodyTells });
    const tick = (): void => handover.onTick();
    payloads.isBehind = true;
    tick();
    assert.deepEqual(handedTo, [], 'a slow disk alone is no reason');
    payloads.shortage = new Error('full');
    tick();
    tick();
    assert.deepEqual(handedTo, ['b']);
    clock.pass(60_000);
    tick();
    assert.deepEqual(handedTo, ['b', 'b']);
  });

  it('hands leadership over at the bound, and asks again where nobody could take it (LOG-ROOM-4)', () => {
    const { room: made, clock } = roomAtBound();
    let asked = 0;
    let canTake = false;
    const replica = {
      room: made,
      status: () => status,
      transferLeadership: () => {
        asked += 1;
        return { ok: canTake };
      },
    } as unknown as Replica;
    const handover = new HandoverForRoom({ clock, replica, asks: nobodyTells });
    const tick = (): void => handover.onTick();
    tick();
    canTake = true;
    tick();
    tick();
    assert.equal(asked, 2);
    clock.pass(60_000);
    tick();
    assert.equal(asked, 3);
  });

  it('takes in at the bound what keeps sessions alive and ends waits (LOG-ROOM-2)', () => {
    const { room: made } = roomAtBound();
    const sessionId = 's' as SessionId;
    const alive: Command = { type: 'keep_alive', sessionId };
    assert.equal(made.refusalOf({ identity: 'ann', command: alive }), undefined);
    assert.equal(made.refusalOf({ identity: 'ann', command: end })?.code, 'overloaded');
  });

  it('lets a node that applies nothing stop at the bound, with what the disk said (LOG-ROOM-5)', () => {
    const { room: made, payloads, log } = roomAtBound();
    payloads.isBehind = true;
    assert.equal(made.exhausted, undefined, 'a slow disk alone is no reason');
    const full = new Error('full');
    payloads.shortage = full;
    assert.equal(made.exhausted, full);
    log.bytes = 0;
    assert.equal(made.exhausted, undefined);
  });
});

function roomAtBound() {
  const made = room();
  made.snapshots.lacksRoom = true;
  made.log.bytes = 16 * snapshotLogBytes;
  return made;
}

describe('Payloads that wait for room', () => {
  it('are tried again by time until the node stops (PSHORT-1)', () => {
    const clock = new StillClock();
    const store = new MemoryPayloads();
    let asked = 0;
    store.durable = () => {
      asked += 1;
      return Promise.resolve(false);
    };
    const stop = retryForRoom(store, clock);
    clock.pass(60_000);
    assert.equal(asked, 0);
    store.tellShortage();
    clock.pass(5000);
    assert.equal(asked, 1);
    store.tellShortage();
    store.tellShortage();
    clock.pass(5000);
    assert.equal(asked, 2);
    store.tellShortage();
    stop();
    store.tellShortage();
    clock.pass(60_000);
    assert.equal(asked, 2);
  });
});
