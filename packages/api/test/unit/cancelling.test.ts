/** Whichever interface a caller asked through: when it hangs up or cancels, its wait ends in the cluster. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startGrpcHarness } from './grpc/grpc-client.ts';
import type { GrpcHarness } from './grpc/grpc-client.ts';
import { StreamClient } from '../stream-client.ts';
import { assertSoon, untilSo } from '../../../checker/src/waits.ts';

/** What waits in the cluster, and how it is asked for on each interface. */
const waits = [
  { operation: 'acquire', path: '/locks/x/acquire', rpc: 'Locks.Acquire', body: {} },
  {
    operation: 'acquire_permits',
    path: '/semaphores/x/acquire',
    rpc: 'Semaphores.AcquirePermits',
    body: { permits: 2, limit: 2 },
  },
  { operation: 'campaign', path: '/elections/x/campaign', rpc: 'Elections.Campaign', body: {} },
  {
    operation: 'acquire_many',
    path: '/locks/acquire-many',
    rpc: 'Locks.AcquireMany',
    body: { resources: [{ name: 'x' }, { name: 'y' }] },
    isMany: true,
  },
] as const;
type Wait = (typeof waits)[number];

interface Ready extends GrpcHarness {
  readonly url: string;
  /** Of one that waits for what another session holds. */
  readonly body: object;
}

async function start(t: TestContext, wait: Wait): Promise<Ready> {
  const harness = await startGrpcHarness(t);
  const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
  const [holder, waiter] = [await harness.session(), await harness.session()];
  const name = 'isMany' in wait ? {} : { name: 'x' };
  const held = await harness.call(wait.rpc, { ...name, session_id: holder, ...wait.body });
  assert.ok('fence_token' in held || 'grants' in held || 'holds' in held, JSON.stringify(held));
  return { ...harness, url, body: { ...name, session_id: waiter, wait_seconds: 30, ...wait.body } };
}

/** Each begins to wait, and returns how its caller leaves. */
const interfaces: Readonly<Record<string, (ready: Ready, wait: Wait) => Promise<() => void>>> = {
  'a connection of HTTP that is closed': async ({ url, body }, { path }) => {
    const hangUp = new AbortController();
    const { name: _name, ...own } = body as { name?: string };
    fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(own),
      signal: hangUp.signal,
    }).catch(() => undefined);
    return () => hangUp.abort();
  },
  'the relay of HTTP whose connection is closed': async ({ url, body }, { operation }) => {
    const hangUp = new AbortController();
    fetch(`${url}/operations/${operation}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: hangUp.signal,
    }).catch(() => undefined);
    return () => hangUp.abort();
  },
  'a stream that is closed': async ({ url, body }, { operation }) => {
    const client = await StreamClient.open(url);
    void client.call(operation, body);
    return () => client.hangUp();
  },
  'a request on a stream that is cancelled': async ({ url, body }, { operation }) => {
    const client = await StreamClient.open(url);
    void client.call(operation, body);
    const request = client.lastId;
    return () =>
      void client.call('cancel', { request }).then(({ body: answer }) => {
        assert.equal(answer['cancelled'], true);
        client.hangUp();
      });
  },
  'a call of gRPC that is cancelled': async ({ call, body }, { rpc }) => {
    const hangUp = new AbortController();
    call(rpc, body, { signal: hangUp.signal }).catch(() => undefined);
    return () => hangUp.abort();
  },
};

for (const [title, begin] of Object.entries(interfaces))
  describe(title, () => {
    for (const wait of waits)
      test(`given ${wait.operation} that waits, then it waits no more, in the cluster too`, async (t) => {
        const ready = await start(t, wait);
        const { engine, built } = ready;
        const leave = await begin(ready, wait);
        await untilSo(() => engine.waiterCount === 1, { what: 'it waits' });
        assert.equal(engine.submitted.at(-1)?.options.signal?.aborted, false);
        leave();
        const hasLeft = (): boolean =>
          engine.state.stats().waiters === 0 && engine.waiterCount === 0;
        await assertSoon(hasLeft, { what: 'it has left' });
        const isGone = (): boolean => built.service.waiting.count === 0;
        await assertSoon(isGone, { what: 'it is counted no more' });
        assert.equal(engine.submitted.at(-1)?.command.type, 'abandon');
        const asked = engine.submitted.find(({ options }) => options.signal?.aborted === true);
        assert.equal(asked?.command.type, wait.operation);
      });
  });
