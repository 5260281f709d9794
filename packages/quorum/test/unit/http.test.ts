import assert from 'node:assert/strict';
import { request } from 'node:https';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { cert, key } from './support/certificate.ts';
import { ask, LeaseNodes } from './support/lease-nodes.ts';
import type { Answered, StartedNode } from './support/lease-nodes.ts';

const longestTtlMs = 300;
const driftBufferMs = 40;
const epoch = 1;
const leaseOf = (resource: string, id: string) => ({ resource, epoch, lease_id: id });
const wanted = (resource: string, id: string, ttl = 200) => ({
  ...leaseOf(resource, id),
  client_id: 'c',
  ttl_ms: ttl,
});

describe('Lease nodes over HTTP', () => {
  let nodes: LeaseNodes;
  beforeEach(() => {
    nodes = new LeaseNodes();
  });
  afterEach(() => nodes.end());

  const start = (name: string, peers: readonly string[] = []): Promise<StartedNode> =>
    nodes.start(name, { longestTtlMs, driftBufferMs, peers });
  const others = (all: readonly StartedNode[], one: StartedNode): readonly string[] =>
    all.filter((node) => node !== one).map(({ url }) => url);

  /** Three that vote. */
  async function cluster(): Promise<readonly [StartedNode, StartedNode, StartedNode]> {
    const all = [await start('a'), await start('b'), await start('c')] as const;
    for (const node of all) {
      const { body } = await ask(node.url, '/introduce', { epoch, others: others(all, node) });
      assert.deepEqual(body, { voting: true });
    }
    return all;
  }

  it('that are new and know of no others vote when the first client comes', async () => {
    const all = [await start('a'), await start('b'), await start('c')];
    for (const node of all) {
      const { status, body } = await ask(node.url, '/acquire', wanted('r', 'l1'));
      assert.deepEqual([status, body['code']], [503, 'not_voting']);
      assert.equal((await ask(node.url, '/health')).status, 503);
    }
    for (const node of all) {
      assert.equal(node.isVoting(), false);
      await ask(node.url, '/introduce', { epoch, others: others(all, node) });
      assert.equal(node.isVoting(), true);
      assert.deepEqual(await ask(node.url, '/health').then(({ body }) => body), {
        status: 'healthy',
        voting: true,
      });
      const { body } = await ask(node.url, '/acquire', wanted('r', 'l1'));
      assert.equal(body['status'], 'GRANTED');
    }
  });

  it('are told anew who the others are where the first client was wrong, and not once all have answered', async () => {
    const all = [await start('a'), await start('b'), await start('c')];
    const introduce = async (node: StartedNode, urls: readonly string[]): Promise<unknown> =>
      (await ask(node.url, '/introduce', { epoch, others: urls })).body['voting'];
    const [a, b, c] = all as [StartedNode, StartedNode, StartedNode];
    const nobody = 'http://127.0.0.1:1';
    assert.equal(await introduce(a, [b.url, nobody]), false);
    assert.equal(await introduce(b, [a.url, nobody]), false);
    const right = all.map((node) => introduce(node, others(all, node)));
    assert.deepEqual(await Promise.all(right), [true, true, true]);
    await a.close();
    nodes.lose('a');
    const again = await start('a');
    assert.equal(await introduce(again, [b.url, c.url]), false);
    assert.equal(await introduce(again, [b.url, nobody]), false);
    await again.votes;
  });

  it('count leases by a clock that nobody sets', async (context) => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1'));
    const { now } = Date;
    context.mock.method(Date, 'now', () => now() + 3_600_000);
    const { body } = await ask(a.url, '/acquire', wanted('r', 'l2'));
    assert.equal(body['status'], 'DENIED');
  });

  it('restarted with its file votes at once, and has everything that it answered', async () => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1'));
    await ask(a.url, '/confirm', { ...leaseOf('r', 'l1'), token: 9 });
    await ask(a.url, '/release', leaseOf('r', 'l2'));
    await a.close();
    const again = await start('a');
    assert.equal(again.isVoting(), true);
    assert.deepEqual(again.warnings, []);
    const { body } = await ask(again.url, '/status/r');
    assert.deepEqual([body['held'], body['client_id'], body['max_token']], [true, 'c', 9]);
    const late = await ask(again.url, '/acquire', wanted('r', 'l2'));
    assert.deepEqual(late.body, { status: 'RELEASED' });
    const repeated = await ask(again.url, '/acquire', wanted('r', 'l1'));
    assert.deepEqual([repeated.body['status'], repeated.body['token']], ['GRANTED', 1]);
  });

  for (const loss of ['lost', 'damaged'] as const)
    it(`restarted with a ${loss} file votes when its leases have ended, above all tokens of the others`, async () => {
      const [a, b, c] = await cluster();
      for (const node of [a, b, c]) {
        await ask(node.url, '/acquire', wanted('r', 'l1'));
        await ask(node.url, '/confirm', { ...leaseOf('r', 'l1'), token: 50 });
      }
      await a.close();
      if (loss === 'lost') nodes.lose('a');
      else nodes.damage('a');
      const startedMs = performance.now();
      const again = await start('a', [b.url, c.url]);
      const { body } = await ask(again.url, '/acquire', wanted('r', 'l2'));
      assert.equal(body['code'], 'not_voting');
      assert.equal(again.warnings.length, loss === 'lost' ? 1 : 2);
      await again.votes;
      assert.ok(performance.now() - startedMs >= longestTtlMs + driftBufferMs);
      const granted = await ask(again.url, '/acquire', wanted('r', 'l3'));
      assert.deepEqual([granted.body['status'], granted.body['token']], ['GRANTED', 51]);
    });

  it('that lost its file waits for the longest leases that were ever allowed, though all are set to shorter ones since', async () => {
    const longMs = 1500;
    const shortMs = 200;
    const set = (name: string, ttlMs: number, peers: readonly string[] = []) =>
      nodes.start(name, { longestTtlMs: ttlMs, driftBufferMs, peers });
    const all = [await set('a', longMs), await set('b', longMs), await set('c', longMs)] as const;
    for (const node of all) await ask(node.url, '/introduce', { epoch, others: others(all, node) });
    for (const node of all) await node.close();
    const [b, c] = [await set('b', shortMs), await set('c', shortMs)];
    await ask(b.url, '/acquire', wanted('r', 'l1'));
    nodes.lose('a');
    const startedMs = performance.now();
    const again = await set('a', shortMs, [b.url, c.url]);
    await again.votes;
    assert.ok(performance.now() - startedMs >= longMs + driftBufferMs);
  });

  it('that is set to longer leases grants them only when so long has passed since its start (TTL-2)', async () => {
    const [a, b, c] = await cluster();
    await a.close();
    const startedMs = performance.now();
    const again = await nodes.start('a', {
      longestTtlMs: 900,
      driftBufferMs,
      peers: [b.url, c.url],
    });
    const long = wanted('r', 'l1', 900);
    const refused = await ask(again.url, '/acquire', long);
    assert.deepEqual(
      [refused.body['code'], refused.body['limit']],
      ['invalid_request', longestTtlMs],
    );
    assert.equal(
      (await ask(again.url, '/acquire', wanted('q', 'l2', longestTtlMs))).body['status'],
      'GRANTED',
    );
    while ((await ask(again.url, '/acquire', long)).body['status'] !== 'GRANTED')
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(performance.now() - startedMs >= 900 + driftBufferMs);
  });

  it('without a file does not vote by one other alone', async () => {
    const [a, b, c] = await cluster();
    await a.close();
    nodes.lose('a');
    await c.close();
    const again = await start('a', [b.url, c.url]);
    const unheard = Date.now() + 2 * (longestTtlMs + driftBufferMs);
    while (Date.now() < unheard)
      assert.deepEqual(
        (await ask(again.url, '/introduce', { epoch, others: [b.url, c.url] })).body,
        { voting: false },
      );
  });

  it('go on waiting for a lease until it is released', async () => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1', 300));
    const wait = ask(a.url, '/wait', { resource: 'r', epoch, waiter_id: 'w', timeout_ms: 5000 });
    await waiters(a, 1);
    await ask(a.url, '/release', leaseOf('r', 'l1'));
    assert.deepEqual((await wait).body, { status: 'FREE' });
  });

  it('forget a waiter whose caller has gone', async () => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1', 300));
    const gone = new AbortController();
    const body = { resource: 'r', epoch, waiter_id: 'w', timeout_ms: 60_000 };
    const wait = ask(a.url, '/wait', body, { signal: gone.signal });
    await waiters(a, 1);
    gone.abort();
    await assert.rejects(wait, { name: 'AbortError' });
    await waiters(a, 0);
  });

  /** Resolves when so many wait there. */
  async function waiters(node: StartedNode, count: number): Promise<void> {
    for (;;) {
      const { body } = await ask(node.url, '/status/r');
      if (body['waiters'] === count) return;
    }
  }

  it('end what hangs when they stop', async () => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1', 300));
    const wait = ask(a.url, '/wait', { resource: 'r', epoch, waiter_id: 'w', timeout_ms: 60_000 });
    await waiters(a, 1);
    const ended = wait.then(
      ({ body }) => body['status'],
      () => 'cut off',
    );
    await a.close();
    assert.match(String(await ended), /TIMEOUT|cut off/);
  });

  it('name the field that is not valid', async () => {
    const [a] = await cluster();
    const cases: readonly (readonly [path: string, body: object, field: string])[] = [
      ['/acquire', { ...wanted('r', 'l1'), ttl_ms: 0 }, 'ttl_ms'],
      ['/acquire', { ...wanted('r', 'l1'), ttl_ms: longestTtlMs + 1 }, 'ttl_ms'],
      ['/acquire', { ...wanted('', 'l1') }, 'resource'],
      ['/acquire', { ...wanted('x'.repeat(257), 'l1') }, 'resource'],
      ['/acquire', { ...wanted('half a \ud800 character', 'l1') }, 'resource'],
      ['/acquire', { ...wanted('r', 'l1'), client_id: 7 }, 'client_id'],
      ['/acquire', { ...wanted('r', 'l1'), epoch: 'one' }, 'epoch'],
      ['/confirm', { ...leaseOf('r', 'l1'), token: 1.5 }, 'token'],
      ['/confirm', { ...leaseOf('r', 'l1'), token: 2 ** 53 }, 'token'],
      ['/renew', { ...leaseOf('r', 'l1') }, 'ttl_ms'],
      ['/release', { resource: 'r', epoch }, 'lease_id'],
      ['/wait', { resource: 'r', epoch, waiter_id: 'w', timeout_ms: '5s' }, 'timeout_ms'],
      ['/introduce', { epoch, others: ['http://b:1'] }, 'others'],
      ['/introduce', { epoch, others: ['http://b:1', 'file:///etc/passwd'] }, 'others.1'],
    ];
    for (const [path, body, field] of cases) {
      const answer = await ask(a.url, path, body);
      assertProblem(answer, 400, 'invalid_request');
      assert.match(String(answer.body['detail']), new RegExp(`^"${field}"`), JSON.stringify(body));
    }
    const unknown = await ask(a.url, '/release', { ...leaseOf('r', 'l1'), forced: true });
    assert.match(String(unknown.body['detail']), /forced/);
  });

  it('answer everything else with a problem document, too', async () => {
    const [a] = await cluster();
    assertProblem(await ask(a.url, '/locks/r'), 404, 'route_not_found');
    assertProblem(await ask(a.url, '/tokens', {}), 404, 'route_not_found');
    assertProblem(await ask(a.url, '/release', { text: 'x'.repeat(20_000) }), 400);
    const response = await fetch(`${a.url}/release`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"resource":',
    });
    assert.equal(response.status, 400);
    assert.match(String(response.headers.get('content-type')), /^application\/problem\+json/);
    const other = await ask(a.url, '/acquire', { ...wanted('r', 'l1'), epoch: 2 });
    assertProblem(other, 409, 'wrong_epoch');
  });

  it('take names as they are in a path', async () => {
    const [a] = await cluster();
    const name = 'reports/daily?ä 🔒';
    await ask(a.url, '/acquire', wanted(name, 'l1'));
    const { body } = await ask(a.url, `/status/${encodeURIComponent(name)}`);
    assert.deepEqual([body['resource'], body['held']], [name, true]);
    const page = await ask(a.url, '/tokens');
    assert.deepEqual(page.body['tokens'], [[name, 1]]);
  });

  it('ask for their API key, and use it among themselves', async () => {
    const apiKey = 'correct horse';
    const options = { longestTtlMs, driftBufferMs, apiKey };
    const all = [
      await nodes.start('a', options),
      await nodes.start('b', options),
      await nodes.start('c', options),
    ];
    const withKey = { headers: { authorization: `Bearer ${apiKey}` } };
    for (const node of all) {
      const body = { epoch, others: others(all, node) };
      for (const wrong of [{}, { authorization: 'Bearer wrong' }, { authorization: apiKey }])
        assertProblem(
          await ask(node.url, '/introduce', body, { headers: wrong }),
          ...([401, 'unauthorized'] as const),
        );
      assert.deepEqual((await ask(node.url, '/introduce', body, withKey)).body, { voting: true });
      assertProblem(await ask(node.url, '/tokens'), 401, 'unauthorized');
      assertProblem(await ask(node.url, '/nowhere'), 401, 'unauthorized');
      assert.equal((await ask(node.url, '/health')).status, 200, 'a probe needs none');
    }
  });

  it('speak TLS where they are given a certificate', async () => {
    const node = await nodes.start('a', { tls: { cert, key } });
    assert.match(node.url, /^https:/);
    const body = await new Promise<string>((resolve, reject) => {
      request(`${node.url}/health`, { ca: cert }, (response) => {
        response.setEncoding('utf8').on('data', resolve);
      })
        .on('error', reject)
        .end();
    });
    const { waits_ms: waitsMs, ...health } = JSON.parse(body) as Record<string, unknown>;
    assert.deepEqual(health, { status: 'recovering', voting: false });
    assert.ok(Number(waitsMs) > 0);
    await assert.rejects(fetch(`${node.url}/health`), 'nobody else signed it');
    await assert.rejects(fetch(`${node.url.replace('https', 'http')}/health`));
  });

  it('cannot be started twice on one file, nor where the address is taken', async () => {
    const a = await start('a');
    await assert.rejects(start('a'), /database is locked/);
    const port = Number(new URL(a.url).port);
    await assert.rejects(nodes.start('b', { port }), { code: 'EADDRINUSE' });
    await start('b');
  });
});

function assertProblem({ status, type, body }: Answered, expected: number, code?: string): void {
  assert.equal(status, expected);
  assert.match(String(type), /^application\/problem\+json/);
  assert.equal(body['status'], expected);
  assert.ok(String(body['detail']).length > 0);
  if (code !== undefined) assert.equal(body['code'], code);
}
