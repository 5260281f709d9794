/** A client that asks nothing, whose connection breaks: what it holds is checked all the same (CLIENT-SESSION-6). */
import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { HoldDigest } from '@holdfast/protocol';
import { Client } from '../../src/client.ts';
import type { Session } from '../../src/session.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';
import type { Asked } from '../virtual-nodes.ts';

/** Long before the first keepalive of such a session, which comes after eight hours. */
const aMinuteMs = 60_000;

describe('An idle client whose connection breaks', () => {
  let clock: VirtualClock;
  let node: VirtualNode;
  let client: Client;
  let session: Session;
  let hasEnded: boolean;

  beforeEach(async () => {
    clock = new VirtualClock();
    node = new VirtualNode(clock, 'n1');
    hasEnded = false;
    node.handle = (asked) => serve(asked);
    client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    session = await clock.settled(client.session({ timeoutSeconds: 86_400 }));
  });
  afterEach(async () => {
    node.refuses = false;
    node.handle = ({ answer }) => answer({});
    await clock.settled(client.close());
  });

  function serve(asked: Asked): void {
    if (asked.operation !== 'session_locks') {
      node.serve(asked);
      return;
    }
    const digest = new HoldDigest();
    if (!hasEnded) digest.add(1);
    asked.answer({
      total_holds: hasEnded ? 0 : 1,
      digest: digest.text,
      holds: [],
      permits: [],
      leaderships: [],
      next_after: null,
    });
  }

  it('loses a hold that others ended meanwhile within seconds, not with the next keepalive', async () => {
    const hold = await clock.settled(session.lock('a', { maxHoldMs: aMinuteMs }));
    await clock.pass(2000);
    hasEnded = true;
    node.dropConnections();
    await clock.pass(2000);
    assert.equal(hold.state, 'lost');
    assert.equal(session.state, 'active');
    assert.deepEqual(node.askedFor('keepalive'), []);
  });

  it('keeps a hold that stands, and is told on the new connection of its end', async () => {
    const hold = await clock.settled(session.lock('a', { maxHoldMs: aMinuteMs }));
    node.dropConnections();
    await clock.pass(2000);
    assert.equal(hold.state, 'held');
    assert.equal(node.connections, 1);
    node.push('hold_ended', {
      session_id: 's1',
      kind: 'lock',
      resource: 'a',
      fence_token: 1,
      reason: 'max_hold',
    });
    await clock.pass(100);
    assert.equal(hold.state, 'lost');
  });

  it('goes on asking until a node answers, with the usual pauses', async () => {
    const hold = await clock.settled(session.lock('a', { maxHoldMs: aMinuteMs }));
    await clock.pass(2000);
    hasEnded = true;
    node.refuses = true;
    const before = node.triedAtMs.length;
    node.dropConnections();
    await clock.pass(aMinuteMs);
    const tries = node.triedAtMs.length - before;
    assert.ok(tries > 10 && tries < 300, `${String(tries)} connections were tried in a minute`);
    node.refuses = false;
    await clock.pass(3000);
    assert.equal(hold.state, 'lost');
  });

  it('asks little of a node that breaks every connection once it has answered', async () => {
    await clock.settled(session.lock('a'));
    await clock.pass(2000);
    node.handle = (asked) => {
      serve(asked);
      if (asked.operation === 'session_locks')
        clock.after(2 * node.delayMs, () => node.dropConnections());
    };
    const before = node.triedAtMs.length;
    node.dropConnections();
    await clock.pass(10_000);
    const tries = node.triedAtMs.length - before;
    assert.ok(tries > 2 && tries <= 24, `${String(tries)} connections were tried in ten seconds`);
  });

  it('connects to nobody where nothing is held', async () => {
    node.dropConnections();
    await clock.pass(aMinuteMs);
    assert.equal(node.connections, 0);
  });
});
