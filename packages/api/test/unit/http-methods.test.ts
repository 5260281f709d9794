/** Methods and paths of HTTP: one form for all kinds, aliases, 405, HEAD, OPTIONS. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { routes } from '../../src/http/routes.ts';
import { assertProblem, startHarness } from '../harness.ts';

const sample = (path: string): string => path.replaceAll(/\{[a-z_]+\}/g, 'x');

describe('A path', () => {
  test('that is there, asked with another method, is 405 and tells its methods', async (t) => {
    const { request } = startHarness(t);
    const wrong = await request('POST', '/locks/a/status', {});
    assertProblem(wrong, 405, 'method_not_allowed');
    assert.equal(wrong.headers['allow'], 'GET, HEAD, OPTIONS');
    assert.deepEqual(wrong.body['allowed'], ['GET', 'HEAD', 'OPTIONS']);
    const both = await request('PUT', '/sessions/s');
    assert.equal(both.headers['allow'], 'GET, DELETE, HEAD, OPTIONS');
    assertProblem(await request('PUT', '/nowhere'), 404, 'route_not_found');
    // A name with a "/" that was not written %2F is no name.
    assertProblem(await request('GET', '/locks/a/b/status'), 404, 'route_not_found');
  });

  test('answers OPTIONS with its methods, every one', async (t) => {
    const { request } = startHarness(t);
    for (const route of routes) {
      const { status, headers, text } = await request('OPTIONS', sample(route.path));
      assert.equal(status, 204, route.path);
      assert.ok(String(headers['allow']).split(', ').includes(route.method), route.path);
      assert.equal(text, '');
    }
    assert.equal((await request('OPTIONS', '/nowhere')).status, 404);
  });

  test('that has GET has HEAD, with the same status and no body', async (t) => {
    const { request } = startHarness(t);
    // What waits or does not end is not asked for with GET here.
    const lasting = /\/(?:watch|observe|wait|snapshot)$/;
    for (const { path } of routes.filter(({ method }) => method === 'GET')) {
      const head = await request('HEAD', sample(path));
      assert.equal(head.text, '', path);
      if (lasting.test(path)) assert.ok([200, 404].includes(head.status), path);
      else assert.equal(head.status, (await request('GET', sample(path))).status, path);
    }
  });

  test('answers what no browser and no proxy keeps, also where it refuses (NO-STORE-1)', async (t) => {
    const { request } = startHarness(t);
    await request('POST', '/queue/push', { key: 'a', payload: 1 });
    const asked = ['/queue/pop', '/cache/get?k=a', '/cache/get', '/locks', '/', '/nowhere'];
    for (const path of asked)
      assert.equal((await request('GET', path)).headers['cache-control'], 'no-store', path);
    const pushed = await request('POST', '/queue/push', { key: 'a', payload: 1 });
    assert.equal(pushed.headers['cache-control'], 'no-store');
  });

  test('to delete takes what it needs in the query: no DELETE needs a body', async (t) => {
    const { session, acquire, request } = startHarness(t);
    const id = await session();
    const token = await acquire(id, 'a');
    const stale = await request('DELETE', `/sessions/${id}/locks/a?fence_token=${token + 1}`);
    assertProblem(stale, 409, 'stale_fence_token');
    const done = await request('DELETE', `/sessions/${id}/locks/a?fence_token=${token}`);
    assert.equal(done.body['released'], true);
    await request('POST', '/cluster/members', { node_id: 'n9', address: 'h:1' });
    assert.equal((await request('DELETE', '/cluster/members/n9')).body['removed'], true);
    await request('POST', '/cluster/members', { node_id: 'n9', address: 'h:1' });
    assert.equal((await request('DELETE', '/cluster/members?node_id=n9')).body['removed'], true);
  });

  test('shows each kind by its name', async (t) => {
    const { request } = startHarness(t);
    await request('POST', '/semaphores/x', { limit: 2 });
    await request('POST', '/latches/x', { count: 2 });
    for (const kind of ['locks', 'semaphores', 'elections', 'barriers', 'latches']) {
      const { status, body } = await request('GET', `/${kind}/x`);
      assert.equal(status, 200, kind);
      assert.equal(body['resource'], 'x', kind);
    }
  });

  test('of an election is written /elections or /election', async (t) => {
    const { session, request } = startHarness(t);
    const session_id = await session();
    const won = await request('POST', '/elections/e/campaign', { session_id });
    const seen = await request('GET', '/election/e/leader');
    assert.deepEqual((await request('GET', '/elections/e/leader')).body, seen.body);
    assert.deepEqual((await request('GET', '/election/e')).body, seen.body);
    const { fence_token } = won.body;
    const resigned = await request('POST', '/election/e/resign', { session_id, fence_token });
    assert.equal(resigned.body['resigned'], true);
  });
});

describe('A browser', () => {
  const page = { origin: 'https://page.example' };

  test('is told that a page of an allowed origin may ask and read', async (t) => {
    const { request } = startHarness(t, { allowedOrigins: [page.origin] });
    const asked = { ...page, 'access-control-request-method': 'POST' };
    const { status, headers } = await request('OPTIONS', '/sessions', undefined, asked);
    assert.equal(status, 204);
    assert.equal(headers['access-control-allow-origin'], page.origin);
    assert.match(String(headers['access-control-allow-methods']), /POST/);
    assert.match(String(headers['access-control-allow-headers']), /content-type/);
    const got = await request('GET', '/livez', undefined, page);
    assert.equal(got.headers['access-control-allow-origin'], page.origin);
    assert.equal(got.headers['vary'], 'origin');
  });

  test('is told nothing of the kind for a page of another origin', async (t) => {
    const { request } = startHarness(t);
    const refused = await request('OPTIONS', '/sessions', undefined, page);
    assertProblem(refused, 403, 'forbidden');
    assert.equal(refused.headers['access-control-allow-origin'], undefined);
  });
});
