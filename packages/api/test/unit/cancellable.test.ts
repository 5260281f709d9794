/** What goes on for a while is declared so, and so ends when its caller has gone or may do it no more (DENY-4). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isCancellable, operations } from '@holdfast/contract';
import type { UnaryOperation } from '@holdfast/contract';
import { assertEnds, assertSoon } from '../../../checker/src/waits.ts';
import { operationOf } from '../../src/pipeline/perform.ts';
import { RequestError } from '../../src/request-error.ts';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { sampleOf } from '../samples.ts';
import { secured } from '../secured-api.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';
import { StreamClient } from '../stream-client.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A request that waits, where the operation has waits, for what it does not get. */
function askingToWait(declared: UnaryOperation, sessionId: string): object {
  const { fields } = declared.request;
  return {
    ...sampleOf(declared),
    ...('wait_seconds' in fields ? { wait_seconds: 5 } : {}),
    ...('session_id' in fields ? { session_id: sessionId } : {}),
    ...(declared.name === 'events' ? { after: '1' } : {}),
  };
}

/** All have come, and all but one are still inside: who leaves waits for them. */
async function insideABarrier(harness: Harness, own: string): Promise<void> {
  const { context } = harness.built;
  const sessions = [own, await harness.session()];
  const { name } = sampleOf(operationOf('enter_barrier').declared);
  const entered = sessions.map(async (session_id) =>
    operationOf('enter_barrier').perform({ name, session_id, parties: 2 }, context),
  );
  for (const one of await Promise.all(entered)) assert.ok(!(one instanceof RequestError));
}

describe('given every operation with one answer, asked to wait where it has waits', () => {
  for (const declared of operations) {
    if (declared.kind !== 'unary') continue;
    test(`then ${declared.name} hands out what cancels it exactly where it is declared to go on for a while`, async (t) => {
      const harness = startHarness(t, {}, false);
      const { context } = harness.built;
      const sessionId = await harness.session();
      // What others hold, so that it is waited for.
      harness.engine.endLoading = () => undefined;
      const given: AbortController[] = [];
      const onWait = (cancellation: AbortController): void => void given.push(cancellation);
      const body = askingToWait(declared, sessionId);
      if (declared.name === 'leave_barrier') await insideABarrier(harness, sessionId);
      const outcome = Promise.resolve(
        operationOf(declared.name).perform(body, { ...context, onWait }),
      ).catch(() => undefined);
      await turn();
      assert.equal(given.length > 0, isCancellable(declared));
      harness.engine.endLoading();
      given[0]?.abort();
      await outcome;
    });
  }
});

const filling = { k: 'x', wait_seconds: 5 };

describe('given a wait for the turn to load a key of the cache', () => {
  test('when the right to it is revoked, then it ends with that', async (t) => {
    const { request, root, engine, identity } = await secured(t);
    const ann = await identity('ann', { verb: 'cache_write', kind: 'cache', name: 'x' });
    engine.endLoading = () => undefined;
    const waiting = request('POST', '/cache/fill', filling, ann);
    await assertSoon(() => engine.waitingFills === 1);
    const rule = { verb: 'cache_write', kind: 'cache', name: 'x' };
    await request('POST', '/auth/roles/of-ann/revoke', rule, root);
    const answer = await assertEnds(waiting);
    assert.equal(answer.status, 403, answer.text);
    assert.equal(engine.waitingFills, 0, 'the engine is told');
  });

  test('when its key is revoked, then it ends with that', async (t) => {
    const { request, root, engine, identity, keyOf } = await secured(t);
    const ann = await identity('ann', { verb: 'cache_write', kind: 'cache', name: 'x' });
    engine.endLoading = () => undefined;
    const waiting = request('POST', '/cache/fill', filling, ann);
    await assertSoon(() => engine.waitingFills === 1);
    await request('DELETE', `/auth/keys/${keyOf(ann)}`, undefined, root);
    assert.equal((await assertEnds(waiting)).status, 401);
    assert.equal(engine.waitingFills, 0);
  });

  test('when its caller hangs up, on HTTP, the stream or gRPC, or cancels it, then the engine is told, and a turn that comes late is given back', async (t) => {
    const harness = await startGrpcHarness(t);
    const { engine } = harness;
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    engine.endLoading = () => undefined;
    const hangUp = new AbortController();
    const overHttp = fetch(`${url}/cache/fill`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(filling),
      signal: hangUp.signal,
    });
    await assertSoon(() => engine.waitingFills === 1);
    hangUp.abort();
    await assert.rejects(overHttp, { name: 'AbortError' });
    await assertSoon(() => engine.waitingFills === 0);
    engine.endLoading();
    await assertSoon(() => engine.endedFills.length === 1); // FILL-WAIT-1

    const client = await StreamClient.open(url);
    const cancelled = client.call('cache_fill', filling);
    await assertSoon(() => engine.waitingFills === 1);
    await client.call('cancel', { request: client.lastId });
    assert.equal((await assertEnds(cancelled)).body['code'], 'wait_cancelled');
    assert.equal(engine.waitingFills, 0);
    void client.call('cache_fill', filling);
    await assertSoon(() => engine.waitingFills === 1);
    client.hangUp();
    await assertSoon(() => engine.waitingFills === 0);

    const late = harness.call('Cache.CacheFill', filling, { deadline: new Date(Date.now() + 300) });
    await assertSoon(() => engine.waitingFills === 1);
    await assert.rejects(late);
    await assertSoon(() => engine.waitingFills === 0);
  });

  test('when the node stops, then it is told so at once', async (t) => {
    const harness = startHarness(t);
    harness.engine.endLoading = () => undefined;
    const waiting = harness.request('POST', '/cache/fill', filling);
    await assertSoon(() => harness.engine.waitingFills === 1);
    const closing = harness.built.close();
    assert.equal((await assertEnds(waiting)).body['code'], 'shutting_down');
    await closing;
  });
});
