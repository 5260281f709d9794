/** Requests of a session that wait for their turn. */
import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { Client } from '../../src/client.ts';
import type { Hold, Session } from '../../src/session.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';
import type { Asked } from '../virtual-nodes.ts';

/** So many may be under way, and so many more that give back. */
const turns = 448;
const turnsToGiveBack = 64;

describe('A request of a session that has as many under way as it may', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let client: Client;
  let session: Session;
  let holds: readonly Hold[];
  /** Operations that are not answered. */
  const silent = new Set<string>();
  /** Acquires that wait, the first of them. */
  let waits: readonly Asked[];
  beforeEach(async () => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'a');
    silent.clear();
    node.handle = (asked) => {
      if (!silent.has(asked.operation)) node.serve(asked);
    };
    client = new Client({ endpoints: [node.url], timeoutMs: 1000 }, environmentOf(clock, [node]));
    session = await clock.settled(client.session({ timeoutSeconds: 600 }));
    const names = Array.from({ length: turnsToGiveBack + 1 }, (_, index) => `h${String(index)}`);
    holds = await clock.settled(Promise.all(names.map((name) => session.lock(name))));
    silent.add('acquire');
    for (let count = 0; count < turns; count++)
      session.lock(`w${String(count)}`, { waitMs: 60_000 }).catch(() => undefined);
    await clock.pass(100);
    waits = node.askedFor('acquire').slice(holds.length);
    assert.equal(waits.length, turns);
  });

  it('has what it waited for its turn taken from its time (NUMBERED-CALL-3)', async () => {
    const begunAtMs = clock.nowMs;
    const late = assert.rejects(session.lock('late'), { code: 'deadline_exceeded' });
    await clock.pass(600);
    waits[0]?.refuse('lock_held');
    await clock.settled(late);
    assert.equal(node.askedFor('acquire').at(-1)?.body['name'], 'late', 'it had its turn');
    const tookMs = clock.nowMs - begunAtMs;
    assert.ok(tookMs >= 1000 && tookMs < 1200, `${String(tookMs)} ms`);
  });

  it('to release goes on in the background where its turn did not come in time (GIVE-BACK-5)', async () => {
    silent.add('release');
    const [last, ...others] = holds;
    assert.ok(last !== undefined);
    for (const hold of others) hold.release().catch(() => undefined);
    await clock.pass(10);
    await clock.settled(
      assert.rejects(last.release(), { code: 'deadline_exceeded', effect: 'none' }),
    );
    assert.equal(last.state, 'unknown');
    const ofLast = () => node.askedFor('release').filter(({ body }) => body['name'] === last.name);
    assert.equal(ofLast().length, 0);
    // Given the caller asks again as well, then it is one release all the same (GIVE-BACK-1)
    const again = last.release();
    silent.delete('release');
    await clock.settled(again);
    await clock.pass(5000);
    assert.equal(last.state, 'released');
    assert.equal(new Set(ofLast().map(({ body }) => body['request_id'])).size, 1);
  });

  it('to release is given back though nobody asks for it again (GIVE-BACK-5)', async () => {
    silent.add('release');
    const [last, ...others] = holds;
    assert.ok(last !== undefined);
    for (const hold of others) hold.release().catch(() => undefined);
    await clock.pass(10);
    await clock.settled(assert.rejects(last.release(), { code: 'deadline_exceeded' }));
    silent.delete('release');
    await clock.pass(5000);
    assert.equal(last.state, 'released');
  });
});
