/** Callers that leave, and a node that leaves. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { codeOf, StreamClient } from '../stream-client.ts';
import { startApi } from '../../src/index.ts';
import { MemoryEngine } from '../memory-engine.ts';
import { untilSo } from '../../../checker/src/waits.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Waiting extends Harness {
  readonly url: string;
  readonly holder: string;
  readonly own: string;
  /** Waits for the lock `x`, which `holder` has. */
  post(body: object, signal?: AbortSignal): Promise<Response>;
}

async function startWaiting(t: TestContext): Promise<Waiting> {
  const harness = startHarness(t);
  const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
  const holder = await harness.session();
  const own = await harness.session();
  await harness.acquire(holder, 'x');
  return {
    ...harness,
    url,
    holder,
    own,
    post: (body, signal) =>
      fetch(`${url}/locks/x/acquire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ wait_seconds: 30, ...body }),
        ...(signal === undefined ? {} : { signal }),
      }),
  };
}

describe('a caller of HTTP that hangs up while it waits', () => {
  test('given no request id, then its wait is cancelled', async (t) => {
    const { engine, own, post } = await startWaiting(t);
    const hangUp = new AbortController();
    const waiting = post({ session_id: own }, hangUp.signal);
    await untilSo(() => engine.waiterCount === 1);
    hangUp.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    await untilSo(() => engine.state.stats().waiters === 0);
  });

  test('given a hold with an implicit session, then that session ends too', async (t) => {
    const { engine, post } = await startWaiting(t);
    const hangUp = new AbortController();
    const waiting = post({ client_id: 'c' }, hangUp.signal);
    await untilSo(() => engine.waiterCount === 1);
    hangUp.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    await untilSo(() => engine.state.stats().activeSessions === 2);
  });

  test('given a request id, then its place stays and a repetition attaches to it', async (t) => {
    const { engine, own, holder, post, request } = await startWaiting(t);
    const hangUp = new AbortController();
    const body = { session_id: own, request_id: 1 };
    const waiting = post(body, hangUp.signal);
    await untilSo(() => engine.waiterCount === 1);
    hangUp.abort();
    await assert.rejects(waiting, { name: 'AbortError' });
    const again = post(body);
    await untilSo(() => engine.waiterCount === 2);
    assert.equal(engine.state.stats().waiters, 1);
    await request('DELETE', `/sessions/${holder}/locks/x`);
    assert.equal((await again).status, 200);
    assert.equal(engine.state.stats().fenceCounter, 2);
  });
});

describe('a reader of a backup that hangs up', () => {
  test('given it is in the middle, then its file is given back', async (t) => {
    const { engine, url } = await startWaiting(t);
    engine.backupPadding = new Uint8Array(64 * 1024 * 1024);
    const hangUp = new AbortController();
    const answer = await fetch(`${url}/cluster/snapshot`, { signal: hangUp.signal });
    assert.equal(answer.status, 200);
    assert.equal(engine.backupsClosed, 0);
    hangUp.abort();
    await untilSo(() => engine.backupsClosed === 1);
  });

  test('given the snapshot is still being saved, then its file is given back as soon as it is there', async (t) => {
    const { engine, url } = await startWaiting(t);
    let save = (): void => undefined;
    engine.gate = new Promise((resolve) => {
      save = resolve;
    });
    const hangUp = new AbortController();
    const answer = fetch(`${url}/cluster/snapshot`, { signal: hangUp.signal });
    await untilSo(() => engine.backupsAsked === 1);
    hangUp.abort();
    await assert.rejects(answer, { name: 'AbortError' });
    save();
    await untilSo(() => engine.backupsClosed === 1);
  });
});

describe('a node that stops', () => {
  test('given waiting acquires, then shutting_down at once; waits that nobody can resume are cancelled', async (t) => {
    const { engine, own, url, post, built } = await startWaiting(t);
    const client = await StreamClient.open(url);
    const named = post({ session_id: own });
    const numbered = client.call('acquire', {
      session_id: own,
      name: 'x',
      wait_seconds: 30,
      request_id: 9,
    });
    await untilSo(() => engine.waiterCount === 2);

    const closing = built.close();
    const response = await named;
    assert.equal(response.status, 503);
    assert.equal(((await response.json()) as { code: string }).code, 'shutting_down');
    assert.equal(codeOf(await numbered), 'shutting_down');
    assert.equal((await client.closed).code, 1001);
    await closing;
    const { waiters } = engine.state.show('lock', 'x' as Parameters<typeof engine.state.show>[1]);
    assert.deepEqual(
      waiters.map(({ requestId }) => requestId),
      [9],
    );
  });

  test('given a request in flight, then it is answered before the node is gone', async (t) => {
    const { engine, url, built } = await startWaiting(t);
    let open = (): void => undefined;
    engine.gate = new Promise((resolve) => {
      open = resolve;
    });
    const client = await StreamClient.open(url);
    const overHttp = fetch(`${url}/locks`);
    const overStream = client.call('list_locks', {});
    await untilSo(() => built.app.server.listening);
    // One more round trip: both have arrived.
    await fetch(`${url}/livez`);
    const closing = built.close();
    await turn();
    open();
    assert.equal((await overHttp).status, 200);
    assert.equal((await overStream).failed, false);
    await closing;
    await assert.rejects(fetch(`${url}/livez`), 'nothing listens any more');
  });

  test('given an engine that stopped first, then its answer is passed on', async (t) => {
    const { engine, own, post } = await startWaiting(t);
    const waiting = post({ session_id: own });
    await untilSo(() => engine.waiterCount === 1);
    await engine.close();
    assert.equal((await waiting).status, 503);
  });
});

describe('starting', () => {
  const options = {
    host: '127.0.0.1',
    nodeId: 'node-1',
    version: '0',
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  };

  test('given a free port, then the url that it got', async () => {
    const api = await startApi({ ...options, engine: new MemoryEngine(), port: 0 });
    assert.equal((await fetch(`${api.url}/livez`)).status, 200);
    await api.close();
    await api.close();
  });

  test('given a port in use, then an error that names it', async () => {
    const api = await startApi({ ...options, engine: new MemoryEngine(), port: 0 });
    const port = Number(new URL(api.url).port);
    await assert.rejects(
      startApi({ ...options, engine: new MemoryEngine(), port }),
      new RegExp(`127\\.0\\.0\\.1:${String(port)}`),
    );
    await api.close();
  });
});
