/** When a client goes over plain HTTP (FALLBACK-1, FALLBACK-2), by virtual nodes and a virtual clock. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Client } from '../../src/client.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

/** Two ways to one node: a WebSocket, and plain HTTP. */
function begin(transport: 'auto' | 'http' = 'auto') {
  const clock = new VirtualClock();
  const overStream = new VirtualNode(clock, 'a');
  const overHttp = new VirtualNode(clock, 'a');
  const whenHttpIsTried = { act: (): void => undefined };
  const client = new Client(
    { endpoints: [overStream.url], transport, timeoutMs: 60_000, cache: false },
    {
      ...environmentOf(clock, [overStream]),
      openHttp: (_url, events) => {
        whenHttpIsTried.act();
        return overHttp.open(events);
      },
    },
  );
  const ask = async (): Promise<number> => {
    const askedAtMs = clock.nowMs;
    const answered = clock.settled(client.call('lock_status', { name: 'a' }));
    await assert.doesNotReject(answered, 'it is answered');
    return clock.nowMs - askedAtMs;
  };
  const asked = (node: VirtualNode): number => node.askedFor('lock_status').length;
  return { clock, client, overStream, overHttp, whenHttpIsTried, ask, asked };
}

describe('A client that may go over plain HTTP', () => {
  it('goes over a WebSocket where its node came after its first attempts (FALLBACK-2)', async () => {
    const { client, overStream, overHttp, whenHttpIsTried, ask, asked } = begin();
    // Given a node that is not there for three attempts, and is for the fourth, which is made over plain HTTP.
    overStream.refuses = true;
    whenHttpIsTried.act = () => (overStream.refuses = false);

    await ask();
    await ask();

    assert.deepEqual([asked(overStream), asked(overHttp)], [2, 0]);
    assert.deepEqual([overStream.connections, overHttp.connections], [1, 0]);
    await client.close();
  });

  it('goes over a WebSocket again after its node was started anew (FALLBACK-2)', async () => {
    const { clock, client, overStream, overHttp, whenHttpIsTried, ask, asked } = begin();
    await ask();
    overStream.refuses = true;
    whenHttpIsTried.act = () => (overStream.refuses = false);
    overStream.dropConnections();
    await clock.pass(10);

    await ask();

    assert.deepEqual([asked(overStream), asked(overHttp)], [2, 0]);
    await client.close();
  });

  it('goes over plain HTTP where WebSockets are refused, and tries no other one while that stands', async () => {
    const { clock, client, overStream, overHttp, ask, asked } = begin();
    overStream.refuses = true;
    await ask();
    const tried = overStream.triedAtMs.length;
    assert.equal(tried, 4, 'three before, and one while plain HTTP comes through');

    for (let times = 0; times < 100; times++) {
      await ask();
      await clock.pass(1000);
    }

    assert.equal(asked(overHttp), 101);
    assert.equal(overStream.triedAtMs.length, tried);
    await client.close();
  });

  it('has another connection over plain HTTP at once where it was proven before (FALLBACK-2)', async () => {
    for (const way of ['refuses', 'isMute'] as const) {
      const { client, overStream, overHttp, ask } = begin();
      overStream.refuses = true;
      await ask();
      // From now on a WebSocket takes its time to fail, or is refused.
      overStream.refuses = way === 'refuses';
      overStream.isMute = way === 'isMute';
      for (let times = 0; times < 5; times++) {
        overHttp.dropConnections();
        const tookMs = await ask();
        assert.ok(tookMs < 100, `${way}: ${String(tookMs)} ms`);
      }
      await client.close();
    }
  });

  it('goes over plain HTTP where WebSockets are made and say nothing', async () => {
    const { client, overStream, overHttp, whenHttpIsTried, ask, asked } = begin();
    overStream.refuses = true;
    whenHttpIsTried.act = () => {
      overStream.refuses = false;
      overStream.isMute = true;
    };
    const tookMs = await ask();
    assert.ok(tookMs < 3000, `${String(tookMs)} ms`);
    assert.deepEqual([asked(overStream), asked(overHttp)], [0, 1]);
    assert.ok(overStream.triedAtMs.length > 3, 'one was tried while plain HTTP came through');
    await client.close();
  });

  it('tries no WebSocket where it was told to use plain HTTP alone', async () => {
    const { clock, client, overStream, ask } = begin('http');
    for (let times = 0; times < 10; times++) {
      await ask();
      await clock.pass(1000);
    }
    assert.deepEqual(overStream.triedAtMs, []);
    await client.close();
  });
});
