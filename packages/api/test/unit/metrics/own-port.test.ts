/** Metrics on a port of their own. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startApi } from '../../../src/index.ts';
import type { Api, ApiOptions } from '../../../src/index.ts';
import { MemoryEngine } from '../../memory-engine.ts';

const ignore = (): void => undefined;

async function serve(t: TestContext, changes: Partial<ApiOptions> = {}): Promise<Api> {
  const api = await startApi({
    engine: new MemoryEngine(),
    host: '127.0.0.1',
    port: 0,
    nodeId: 'node-1',
    version: '0',
    log: { info: ignore, warn: ignore, error: ignore },
    ...changes,
  });
  t.after(() => api.close());
  return api;
}
const ownPort = { metricsListen: { host: '127.0.0.1', port: 0 } };

test('given a port of their own, then metrics are on both, and nothing else is on that one', async (t) => {
  const { url, metricsUrl = assert.fail() } = await serve(t, ownPort);
  for (const at of [url, metricsUrl]) {
    const answer = await fetch(`${at}/metrics`);
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain/);
    assert.match(await answer.text(), /^holdfast_is_leader 1$/m);
  }
  assert.equal((await fetch(`${url}/livez`)).status, 200);
  for (const path of ['/', '/livez', '/locks', '/cluster/status', '/cluster/snapshot'])
    assert.equal((await fetch(`${metricsUrl}${path}`)).status, 404, path);
});

test('given none, then there is no such port', async (t) => {
  const api = await serve(t);
  assert.equal(api.metricsUrl, undefined);
});

test('given a port in use, then the refusal names the setting, and nothing is left behind', async (t) => {
  const { url } = await serve(t);
  const port = Number(new URL(url).port);
  const first = await serve(t, ownPort);
  const taken = Number(new URL(first.metricsUrl ?? '').port);
  await first.close();
  await assert.rejects(
    serve(t, { metricsListen: { host: '127.0.0.1', port } }),
    /Metrics cannot be served on 127\.0\.0\.1:\d+: .*metrics\.listen/,
  );
  const again = await serve(t, { metricsListen: { host: '127.0.0.1', port: taken } });
  assert.equal((await fetch(`${again.metricsUrl ?? ''}/metrics`)).status, 200);
});
