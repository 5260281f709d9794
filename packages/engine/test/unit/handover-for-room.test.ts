/** A leader whose disk has no room for payloads, and what other members tell of theirs (HANDOVER-1, HANDOVER-2, ROOM-TOLD-1, ROOM-TOLD-2). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HandoverForRoom } from '../../src/handover-for-room.ts';
import { LogRoom } from '../../src/log-room.ts';
import type { Replica } from '../../src/replica.ts';
import { statusOf } from './leading-status.ts';
import { MemoryPayloads } from './memory-payloads.ts';
import { StillClock } from './still-clock.ts';

/** What another member answers. */
type Told = { readonly hasRoom: unknown } | 'silent';

const room: Told = { hasRoom: true };
const none: Told = { hasRoom: false };

function leader(others: Record<string, Told>) {
  const clock = new StillClock();
  const payloads = new MemoryPayloads();
  const snapshots = { isSaving: false, isPausing: false, lacksRoom: false, notSaved: 0 };
  const made = new LogRoom({
    snapshotLogBytes: 1,
    clock,
    payloads,
    snapshots,
    logBytes: () => 0,
  });
  const handedTo: unknown[] = [];
  const told = { term: 1, questions: 0 };
  let own: (body: unknown) => Promise<unknown> = () => Promise.reject(new Error('Nobody answers.'));
  const replica = {
    room: made,
    status: () => ({ ...statusOf('a', Object.keys(others)), term: told.term }),
    transferLeadership: (to: unknown) => ({ ok: handedTo.push(to) > 0 }),
  } as unknown as Replica;
  const handover = new HandoverForRoom({
    clock,
    replica,
    asks: {
      ask: (id, body) => {
        assert.deepEqual(body, { about: 'room' });
        told.questions += 1;
        const answer = others[id];
        return answer === undefined || answer === 'silent'
          ? Promise.reject(new Error('It does not answer.'))
          : Promise.resolve(answer);
      },
      onAsked: (answer, about) => {
        assert.equal(about, 'room');
        own = answer;
      },
    },
  });
  /** Ticks of this time, a second each. */
  const lead = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      clock.pass(1000);
      handover.onTick();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { clock, payloads, snapshots, handedTo, told, others, lead, tells: () => own({}) };
}

const full = new Error('full');

describe('A leader whose payloads wait for room', () => {
  it('hands leadership over to a member that tells that it has some, after half a minute (HANDOVER-2)', async () => {
    const { payloads, handedTo, lead } = leader({ b: none, c: room, d: room, e: room });
    await lead(60);
    assert.deepEqual(handedTo, [], 'it has room');
    payloads.shortage = full;
    await lead(30);
    assert.deepEqual(handedTo, []);
    await lead(2);
    assert.deepEqual(handedTo, ['c']);
  });

  it('leads on where no majority has room without it: members without room would stop (HANDOVER-2)', async () => {
    for (const others of [{ b: room }, { b: none, c: room }, { b: room, c: room, d: none }]) {
      const { payloads, handedTo, lead } = leader(others);
      payloads.shortage = full;
      await lead(600);
      assert.deepEqual(handedTo, []);
    }
  });

  it('leads on where nobody tells that it has room, however long (HANDOVER-2, ROOM-TOLD-1)', async () => {
    for (const b of ['silent', none, { hasRoom: 'yes' }] as const) {
      const { payloads, handedTo, lead } = leader({ b });
      payloads.shortage = full;
      await lead(600);
      assert.deepEqual(handedTo, []);
    }
  });

  it('counts half a minute without a break, of its own term (HANDOVER-2)', async () => {
    const { payloads, handedTo, told, lead } = leader({ b: room, c: room });
    payloads.shortage = full;
    await lead(25);
    payloads.shortage = undefined;
    await lead(1);
    payloads.shortage = full;
    await lead(25);
    told.term = 3;
    await lead(25);
    assert.deepEqual(handedTo, []);
    await lead(10);
    assert.deepEqual(handedTo, ['b']);
  });

  it('hands it over less and less where who had room lacks it once it leads (HANDOVER-2)', async () => {
    const { payloads, handedTo, told, lead } = leader({ b: room, c: room });
    payloads.shortage = full;
    // It leads again in the next turn, in a new term
    for (let hour = 0; hour < 3; hour++)
      for (let minute = 0; minute < 60; minute++) {
        told.term = 1 + handedTo.length;
        await lead(60);
      }
    assert.ok(handedTo.length >= 5 && handedTo.length <= 12, String(handedTo.length));
  });

  it('asks each of the others once in ten seconds, while it matters (ROOM-TOLD-2)', async () => {
    const { payloads, told, lead } = leader({ b: none, c: 'silent' });
    await lead(100);
    assert.equal(told.questions, 0);
    payloads.shortage = full;
    await lead(31);
    assert.equal(told.questions, 8);
    await lead(100);
    assert.equal(told.questions, 28);
  });

  it('believes nothing that was told before the member fell silent (ROOM-TOLD-2)', async () => {
    const { payloads, handedTo, others, lead } = leader({ b: room, c: room });
    payloads.shortage = full;
    await lead(32);
    assert.deepEqual(handedTo, ['b']);
    others['b'] = 'silent';
    await lead(600);
    assert.deepEqual(handedTo, ['b']);
  });

  it('believes nothing that was told at an earlier shortage (ROOM-TOLD-2)', async () => {
    const { payloads, handedTo, others, lead } = leader({ b: room, c: room });
    payloads.shortage = full;
    await lead(32);
    payloads.shortage = undefined;
    await lead(600);
    payloads.shortage = full;
    others['c'] = none;
    await lead(60);
    assert.deepEqual(handedTo, ['b']);
  });

  it('prefers who has room where it has to hand leadership over, and tries any other (HANDOVER-1)', async () => {
    const { payloads, handedTo, others, lead } = leader({ b: none, c: room });
    payloads.shortage = full;
    await lead(2);
    assert.deepEqual(handedTo, []);
    // What others told before it had to is known (HANDOVER-3).
    payloads.isBehind = true;
    await lead(1);
    assert.deepEqual(handedTo, ['c']);
    others['c'] = none;
    await lead(61);
    assert.deepEqual(handedTo, ['c', 'b']);
  });
});

describe('A member that is asked', () => {
  it('has room where neither payloads nor a snapshot wait for some (ROOM-TOLD-1)', async () => {
    const { payloads, snapshots, tells } = leader({});
    assert.deepEqual(await tells(), { hasRoom: true });
    payloads.shortage = full;
    assert.deepEqual(await tells(), { hasRoom: false });
    payloads.shortage = undefined;
    snapshots.lacksRoom = true;
    assert.deepEqual(await tells(), { hasRoom: false });
  });
});
