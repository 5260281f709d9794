/** A client that no WebSocket was made for goes back to one (FALLBACK-2), by virtual nodes and a virtual clock. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from '../../src/client.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

/** Two ways to one node: a WebSocket, and plain HTTP. */
function begin(stream: (node: VirtualNode) => void, transport: 'auto' | 'http' = 'auto') {
  const clock = new VirtualClock();
  const overStream = new VirtualNode(clock, 'a');
  const overHttp = new VirtualNode(clock, 'a');
  stream(overStream);
  const client = new Client(
    { endpoints: [overStream.url], transport, timeoutMs: 60_000, cache: false },
    { ...environmentOf(clock, [overStream]), openHttp: (_url, events) => overHttp.open(events) },
  );
  const ask = async (): Promise<void> => {
    await clock.settled(client.call('lock_status', { name: 'a' }));
  };
  return { clock, client, overStream, overHttp, ask };
}

const refusing = (node: VirtualNode): void => void (node.refuses = true);

describe('A client whose requests go over plain HTTP', () => {
  it('goes on over a WebSocket as soon as one is made (FALLBACK-2)', async () => {
    // Given a client that was there before its node, so that no WebSocket was made.
    const { clock, client, overStream, overHttp, ask } = begin(refusing);
    await ask();
    assert.equal(overHttp.askedFor('lock_status').length, 1);
    assert.equal(overHttp.connections, 1);

    // When WebSockets come through, and it goes on asking.
    overStream.refuses = false;
    for (let asked = 0; asked < 20 && overStream.asked.length === 0; asked++) {
      await ask();
      await clock.pass(500);
    }

    // Then its requests go over one, and nothing is left of the other way.
    await ask();
    assert.notEqual(overStream.askedFor('lock_status').length, 0);
    assert.equal(overStream.connections, 1);
    assert.equal(overHttp.connections, 0);
    client.close();
  });

  it('tries one at once, and then less and less often (FALLBACK-2)', async () => {
    const { clock, client, overStream, ask } = begin(refusing);
    await ask();
    const begunAtMs = clock.nowMs;
    const before = overStream.triedAtMs.length;

    for (let asked = 0; asked < 600; asked++) {
      await ask();
      await clock.pass(1000);
    }

    const times = overStream.triedAtMs.slice(before).map((atMs) => atMs - begunAtMs);
    assert.ok((times[0] ?? Infinity) < 2000, `first after ${String(times[0])} ms`);
    const gaps = times.slice(1).map((atMs, at) => atMs - (times[at] ?? 0));
    for (const [at, gapMs] of gaps.entries())
      assert.ok(gapMs >= 1000 * 2 ** at, `pause ${String(at)}: ${String(gapMs)} ms`);
    assert.ok(times.length <= 10, `${String(times.length)} attempts in ten minutes`);
    client.close();
  });

  it('waits for what cannot be sent again before it moves', async () => {
    const { clock, client, overStream, overHttp, ask } = begin(refusing);
    overHttp.handle = (asked) => {
      if (asked.operation !== 'resize_semaphore') overHttp.serve(asked);
    };
    await ask();
    const unanswered = client.call('resize_semaphore', { name: 'a', limit: 1 });
    unanswered.catch(() => undefined);
    await clock.pass(100);
    overStream.refuses = false;

    // It goes on asking, so that its node is not silent.
    for (let asked = 0; asked < 10; asked++) {
      await ask();
      await clock.pass(200);
    }

    assert.equal(overStream.asked.length, 0);
    assert.equal(overStream.connections, 1);
    overHttp.askedFor('resize_semaphore')[0]?.answer({});
    await clock.settled(unanswered);
    for (let asked = 0; asked < 3; asked++) {
      await ask();
      await clock.pass(200);
    }
    assert.notEqual(overStream.asked.length, 0);
    client.close();
  });

  it('asks the node on over it while a WebSocket is opened and says nothing', async () => {
    const { clock, client, overStream, overHttp, ask } = begin(refusing);
    await ask();
    overStream.refuses = false;
    overStream.isMute = true;

    for (let asked = 0; asked < 10; asked++) {
      await ask();
      await clock.pass(500);
    }

    assert.equal(overHttp.askedFor('lock_status').length, 11);
    assert.equal(overStream.asked.length, 0);
    client.close();
  });

  it('tries none where it was told to use plain HTTP alone', async () => {
    const { clock, client, overStream, ask } = begin(() => undefined, 'http');
    for (let asked = 0; asked < 10; asked++) {
      await ask();
      await clock.pass(1000);
    }
    assert.deepEqual(overStream.triedAtMs, []);
    client.close();
  });
});
