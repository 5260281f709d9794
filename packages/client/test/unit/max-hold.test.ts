import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Client } from '../../src/client.ts';
import { Election } from '../../src/election.ts';
import { MultiLock } from '../../src/multi-lock.ts';
import type { Held } from '../../src/held.ts';
import type { Session } from '../../src/session.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

describe('A hold that has a longest time', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let client: Client;
  let session: Session;
  beforeEach(async () => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'a');
    client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    session = await clock.settled(client.session({ timeoutSeconds: 600 }));
  });
  /** Nobody tells that it has ended: what the client believes is looked at. */
  const lasts = async (hold: Held, ms: number): Promise<void> => {
    await clock.pass(ms - 1);
    hold.assertHeld();
    clock.nowMs += 1;
    assert.throws(() => hold.assertHeld(), { code: 'hold_lost' });
    assert.equal(hold.isHeld(), false);
  };

  const grants: Readonly<Record<string, (options: { maxHoldMs: number }) => Promise<Held>>> = {
    lock: (options) => session.lock('x', options),
    permits: (options) => session.permits('x', { limit: 1, ...options }),
    campaign: (options) => new Election(session, 'x').campaign(options),
    several: async (options) => {
      const { holds } = await new MultiLock(session, ['x', 'y']).acquire(options);
      const [, last] = holds;
      assert.ok(last !== undefined);
      return last;
    },
  };
  for (const [what, grant] of Object.entries(grants))
    it(`is certain for that time, less a margin, from when it was asked for: ${what} (MAX-HOLD-1)`, async () => {
      node.handle = (asked) => {
        if (asked.operation === 'acquire_many') {
          const one = { kind: 'lock', fence_token: 1, mode: 'exclusive', hold_count: 1 };
          asked.answer({
            holds: [
              { ...one, resource: 'x' },
              { ...one, resource: 'y' },
            ],
          });
        } else if (asked.operation === 'keepalive') node.serve(asked);
        else asked.answer({ resource: 'x', fence_token: 1, mode: 'exclusive', permits: 1 });
      };
      node.delayMs = 1000;
      const askedAtMs = clock.nowMs;
      const hold = await clock.settled(grant({ maxHoldMs: 20_000 }));
      const onItsWayMs = clock.nowMs - askedAtMs;
      assert.ok(onItsWayMs >= 2000);
      await lasts(hold, 19_000 - onItsWayMs);
    });

  it('is certain from when its answer was read, where it waited (MAX-HOLD-1)', async () => {
    node.handle = (asked) => {
      if (asked.operation === 'acquire') clock.after(30_000, () => node.serve(asked));
      else node.serve(asked);
    };
    const hold = await clock.settled(session.lock('x', { maxHoldMs: 10_000, waitMs: 60_000 }));
    await clock.pass(8900);
    hold.assertHeld();
    await clock.pass(100);
    assert.equal(hold.isHeld(), false);
  });

  it('that was entered several times has the earliest end of all (MAX-HOLD-2)', async () => {
    const first = await clock.settled(session.lock('x'));
    const second = await clock.settled(session.lock('x', { maxHoldMs: 10_000 }));
    const third = await clock.settled(session.lock('x', { maxHoldMs: 60_000 }));
    const fourth = await clock.settled(session.lock('x'));
    const holds = [first, second, third, fourth];
    await clock.pass(8000);
    assert.deepEqual(
      holds.map((hold) => hold.isHeld()),
      [true, true, true, true],
    );
    await clock.pass(1500);
    assert.deepEqual(
      holds.map((hold) => hold.isHeld()),
      [false, false, false, false],
    );
  });

  it('ends no other one', async () => {
    const other = await clock.settled(session.lock('y'));
    await clock.settled(session.lock('x', { maxHoldMs: 1000 }));
    await clock.pass(10_000);
    other.assertHeld();
  });
});
