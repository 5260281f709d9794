/** Calls of gRPC that come together. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { assertEnds, assertSoon } from '../../../../checker/src/waits.ts';
import { callerFrom } from '../../../src/pipeline/caller.ts';
import { largeBytes } from '../../../src/turns/request-turns.ts';
import { codeOf, refusal, startGrpcHarness } from '../grpc/grpc-client.ts';
import { clockOf, isForHolders, slowRequestsOf, turnsOf } from './turns-of.ts';

const largePayload = 'x'.repeat(largeBytes);

/** A node whose turns end when the test says so, and in which each call takes longer than the share of large ones. */
async function scene(t: TestContext) {
  const world = turnsOf();
  const harness = await startGrpcHarness(t, { clock: clockOf(world) });
  const { call } = harness;
  const { turns, keys } = slowRequestsOf(harness, world);
  const push = (key: string, text: string, signal?: AbortSignal): Promise<unknown> =>
    call(
      'Queues.Push',
      { key, payload: { stringValue: text } },
      signal === undefined ? {} : { signal },
    );
  return { ...world, ...harness, turns, keys, push };
}

describe('Calls of gRPC that come together', () => {
  it('given large ones, then they are begun in turns, in order, and small ones at once (GRPC-TURN-1)', async (t) => {
    const { turns, push, keys, endAll } = await scene(t);
    const answers = ['a', 'b', 'c'].map((key) => push(key, largePayload));
    await assertEnds(push('small', ''));
    await assertSoon(() => turns.waitingBytes > 2 * largeBytes);
    assert.deepEqual(keys(), ['a', 'small']);
    endAll();
    await assertEnds(Promise.all(answers));
    assert.deepEqual(keys(), ['a', 'small', 'b', 'c']);
  });

  it('given one that ends before its turn, then it is not executed, and is counted no more at once (GRPC-TURN-2)', async (t) => {
    const { turns, push, keys, endAll, useUp, built } = await scene(t);
    useUp(turns);
    const { grpcCalls } = built.service.shares;
    const cancellation = new AbortController();
    const refused = refusal(push('a', largePayload, cancellation.signal));
    await assertSoon(() => turns.waitingBytes > largeBytes);
    assert.equal(grpcCalls.callers, 1);
    cancellation.abort();
    await assertEnds(refused);
    await assertSoon(() => grpcCalls.callers === 0);
    endAll();
    assert.deepEqual([keys(), turns.waitingBytes], [[], 0]);
    await assertEnds(push('b', ''));
    assert.deepEqual(keys(), ['b']);
  });

  it('given that too much waits, then they are refused, and counted no more (REQUEST-TURN-4)', async (t) => {
    const { turns, call, push, keys, endAll, useUp, built } = await scene(t);
    useUp(turns);
    const { share } = callerFrom('127.0.0.1');
    turns.begin({
      share,
      byteLength: 32 * 1024 * 1024 - 10_000,
      isForHolders,
      begin: () => undefined,
    });
    assert.equal(codeOf(await assertEnds(refusal(push('a', largePayload)))), 'overloaded');
    await assertSoon(() => built.service.shares.grpcCalls.callers === 0);
    // What keeps or gives back has room above that, and waits.
    const kept = refusal(call('Sessions.Keepalive', { sessionId: 'x'.repeat(16_000) }));
    await assertSoon(() => turns.waitingBytes > 32 * 1024 * 1024);
    endAll();
    assert.notEqual(codeOf(await assertEnds(kept)), 'overloaded');
    assert.deepEqual([keys(), turns.waitingBytes], [[], 0]);
  });
});
