import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setIdOf } from '@holdfast/protocol';
import { ask, LeaseNodes, ownSet } from './support/lease-nodes.ts';
import type { Answered, StartedNode } from './support/lease-nodes.ts';

const longestTtlMs = 300;
/** Of leases that have to stand, however slow the machine is. */
const minuteMs = 60_000;
const driftBufferMs = 40;
const epoch = 1;
const set = setIdOf(ownSet);
const leaseOf = (resource: string, id: string) => ({ resource, epoch, set, lease_id: id });
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

  const start = (name: string, longestMs = longestTtlMs): Promise<StartedNode> =>
    nodes.start(name, { longestTtlMs: longestMs, driftBufferMs });

  /** Three that vote. */
  async function cluster(
    longestMs = longestTtlMs,
  ): Promise<readonly [StartedNode, StartedNode, StartedNode]> {
    const all = [
      await start('a', longestMs),
      await start('b', longestMs),
      await start('c', longestMs),
    ] as const;
    await Promise.all(all.map(({ votes }) => votes));
    return all;
  }

  it('that are new vote when all of the set are there, and not before', async () => {
    const [a, b] = [await start('a'), await start('b')];
    const { status, body } = await ask(a.url, '/acquire', wanted('r', 'l1'));
    assert.deepEqual([status, body['code']], [503, 'not_voting']);
    const again = await fetch(`${a.url}/acquire`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(wanted('r', 'l1')),
    });
    assert.equal(again.headers.get('retry-after'), '1');
    assert.equal((await ask(b.url, '/health')).status, 503);
    const c = await start('c');
    await Promise.all([a.votes, b.votes, c.votes]);
    for (const node of [a, b, c]) {
      const health = await ask(node.url, '/health');
      assert.deepEqual(health.body, { status: 'healthy', voting: true });
      const answer = await ask(node.url, '/acquire', wanted('r', 'l1'));
      assert.equal(answer.body['status'], 'GRANTED');
    }
  });

  it('refuse an address that asks too often, over HTTP and a stream alike, and never what keeps its lease (LEASE-LIMIT-1, LEASE-LIMIT-3)', async () => {
    const more = { longestTtlMs: minuteMs, driftBufferMs, maxRequestsPerSecondPerAddress: 3 };
    const all = await Promise.all(['a', 'b', 'c'].map((name) => nodes.start(name, more)));
    await Promise.all(all.map(({ votes }) => votes));
    const url = all[0]?.url ?? '';
    const acquire = (): Promise<Response> =>
      fetch(`${url}/acquire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(wanted('r', 'l1', minuteMs)),
      });
    assert.equal((await acquire()).status, 200);
    let refused = await acquire();
    while (refused.status === 200) refused = await acquire();
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
    assert.partialDeepStrictEqual(await refused.json(), {
      code: 'limit_exceeded',
      limit: 'max_requests_per_second_per_address',
      scope: 'node',
    });
    const renewed = await ask(url, '/renew', { ...leaseOf('r', 'l1'), ttl_ms: minuteMs });
    assert.equal(renewed.body['status'], 'DONE');
    const stream = new WebSocket(`${url.replace('http', 'ws')}/stream`);
    await once(stream, 'open');
    const asked = Array.from({ length: 20 }, (_, id) => [id, 'acquire', wanted('r', 'l1')]);
    stream.send(JSON.stringify(asked));
    const [{ data }] = (await once(stream, 'message')) as [{ readonly data: Blob }];
    assert.match(await data.text(), /"scope":"node"/);
    stream.close();
  });

  it('refuse what names two hosts, whoever sends it (HOST-1)', async () => {
    const { port } = new URL((await start('a')).url);
    const upgrade =
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    for (const [path, more] of [
      ['/livez', 'connection: close\r\n'],
      ['/stream', upgrade],
    ] as const) {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nhost: a\r\nhost: b\r\n${more}\r\n`);
      const [told] = (await once(socket, 'data')) as [Buffer];
      assert.match(told.toString(), /^HTTP\/1\.1 400 /, path);
      socket.destroy();
    }
  });

  it('refuse a page whose name was made to lead to this machine, and no name of their own (HOST-2)', async () => {
    const { port } = new URL((await start('a')).url);
    const upgrade =
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const told = async (path: string, host: string, more: string): Promise<string> => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more}\r\n`);
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      return chunk.toString();
    };
    for (const [path, more, well] of [
      ['/set', 'connection: close\r\n', /^HTTP\/1\.1 200 /],
      ['/stream', upgrade, /^HTTP\/1\.1 101 /],
    ] as const) {
      assert.match(
        await told(path, 'evil.example:5001', more),
        /^HTTP\/1\.1 403 [^]*evil\.example/,
      );
      for (const host of ['a:5001', 'localhost', `127.0.0.1:${port}`])
        assert.match(await told(path, host, more), well, host);
    }
    assert.match(await told('/livez', 'evil.example', ''), /^HTTP\/1\.1 200 /);
  });

  it('answer probes, tell metrics and describe themselves', async () => {
    const a = await start('a');
    assert.equal((await ask(a.url, '/livez')).status, 200);
    assert.equal((await ask(a.url, '/readyz')).status, 503);
    const rest = [await start('b'), await start('c')];
    await Promise.all([a, ...rest].map(({ votes }) => votes));
    assert.deepEqual((await ask(a.url, '/readyz')).body, { status: 'ok' });
    await ask(a.url, '/acquire', wanted('r', 'l1'));
    const metrics = await (await fetch(`${a.url}/metrics`)).text();
    assert.match(metrics, /^holdfast_quorum_voting 1$/m);
    assert.match(
      metrics,
      /^holdfast_quorum_http_requests_total\{method="POST",route="\/acquire",status="200"\} 1$/m,
    );
    const { openapi, paths } = (await ask(a.url, '/openapi.json')).body as {
      readonly openapi: string;
      readonly paths: Readonly<Record<string, { readonly post?: unknown }>>;
    };
    assert.equal(openapi, '3.1.0');
    for (const path of ['/acquire', '/renew', '/release', '/wait'])
      assert.ok(paths[path]?.post !== undefined, path);
    assert.ok('/readyz' in paths);
  });

  it('count requests by method and declared path, and promtool finds nothing to say', async (t) => {
    const a = await start('a');
    for (const path of ['/status/a', '/status/b', '/none', '/other'])
      await fetch(`${a.url}${path}`, { method: 'GET' });
    await fetch(`${a.url}/livez`, { method: 'HEAD' });
    const metrics = await (await fetch(`${a.url}/metrics`)).text();
    const counts = [...metrics.matchAll(/^holdfast_quorum_http_requests_total(\{.*\} \d+)$/gm)];
    assert.deepEqual(counts.map(([, count = '']) => count).sort(), [
      '{method="GET",route="/status/{resource}",status="200"} 2',
      '{method="GET",route="unknown",status="404"} 2',
      '{method="HEAD",route="/livez",status="200"} 1',
    ]);
    const promtool = process.env['PROMTOOL'] ?? 'promtool';
    if (spawnSync(promtool, ['--version']).status !== 0) {
      assert.equal(process.env['REQUIRE_PROGRAMS'], undefined, 'There is no promtool.');
      t.diagnostic('There is no promtool here: install the Debian package prometheus.');
      return;
    }
    const checked = spawnSync(promtool, ['check', 'metrics'], { input: metrics, encoding: 'utf8' });
    assert.deepEqual([checked.status, `${checked.stdout}${checked.stderr}`.trim()], [0, '']);
  });

  it('are told by no client who the others are', async () => {
    const [a] = await cluster();
    const body = { epoch, others: ['http://x:5001', 'http://y:5001'] };
    assertProblem(await ask(a.url, '/introduce', body), 404, 'route_not_found');
  });

  it('refuse another set, and say which they have (SET-2)', async () => {
    const [a] = await cluster();
    for (const other of ['3-0', setIdOf({ epoch, members: ownSet.members.slice(1) })]) {
      const answer = await ask(a.url, '/acquire', { ...wanted('r', 'l1'), set: other });
      assertProblem(answer, 409, 'another_set');
      assert.deepEqual([answer.body['set'], answer.body['members']], [set, ownSet.members]);
    }
    const { set: _set, ...without } = wanted('r', 'l1');
    assertProblem(await ask(a.url, '/acquire', without), 400, 'invalid_request');
    assert.equal((await ask(a.url, '/status/r')).body['held'], false);
  });

  it('do not start with another set than that of the file, and need not be told theirs (SET-2)', async () => {
    const [a] = await cluster();
    await a.close();
    const peers = ['http://b:5001', 'http://d:5001'];
    await assert.rejects(nodes.start('a', { peers }), /is of another set .*http:\/\/c:5001/);
    const again = await nodes.start('a', { peers: [] });
    assert.equal(again.isVoting(), true);
  });

  it('count leases by a clock that nobody sets', async (context) => {
    const [a] = await cluster(minuteMs);
    await ask(a.url, '/acquire', wanted('r', 'l1', minuteMs));
    const { now } = Date;
    context.mock.method(Date, 'now', () => now() + 3_600_000);
    const { body } = await ask(a.url, '/acquire', wanted('r', 'l2', minuteMs));
    assert.equal(body['status'], 'DENIED');
  });

  it('restarted with its file votes at once, and has everything that it answered', async () => {
    const [a] = await cluster(minuteMs);
    await ask(a.url, '/acquire', wanted('r', 'l1', minuteMs));
    await ask(a.url, '/confirm', { ...leaseOf('r', 'l1'), token: 9 });
    await ask(a.url, '/release', leaseOf('r', 'l2'));
    await a.close();
    const again = await start('a', minuteMs);
    assert.equal(again.isVoting(), true);
    assert.deepEqual(again.warnings, []);
    const { body } = await ask(again.url, '/status/r');
    assert.deepEqual([body['held'], body['client_id'], body['max_token']], [true, 'c', 9]);
    const late = await ask(again.url, '/acquire', wanted('r', 'l2', minuteMs));
    assert.deepEqual(late.body, { status: 'RELEASED' });
    const repeated = await ask(again.url, '/acquire', wanted('r', 'l1', minuteMs));
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
      const again = await start('a');
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
    const startWith = (name: string, ttlMs: number) =>
      nodes.start(name, { longestTtlMs: ttlMs, driftBufferMs });
    const all = [
      await startWith('a', longMs),
      await startWith('b', longMs),
      await startWith('c', longMs),
    ] as const;
    await Promise.all(all.map(({ votes }) => votes));
    for (const node of all) await node.close();
    const b = await startWith('b', shortMs);
    await startWith('c', shortMs);
    await ask(b.url, '/acquire', wanted('r', 'l1'));
    nodes.lose('a');
    const startedMs = performance.now();
    const again = await startWith('a', shortMs);
    await again.votes;
    assert.ok(performance.now() - startedMs >= longMs + driftBufferMs);
  });

  it('that is set to longer leases grants them only when so long has passed since its start (TTL-2)', async () => {
    const [a] = await cluster();
    await a.close();
    // Another start on the way counts for nothing.
    await (await start('a', 900)).close();
    const startedMs = performance.now();
    const again = await start('a', 900);
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
    const [a, , c] = await cluster();
    await a.close();
    nodes.lose('a');
    await c.close();
    const again = await start('a');
    const unheard = Date.now() + 2 * (longestTtlMs + driftBufferMs);
    while (Date.now() < unheard) assert.equal((await ask(again.url, '/health')).status, 503);
  });

  it('go on waiting for a lease until it is released', async () => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1', 300));
    const wait = ask(a.url, '/wait', {
      resource: 'r',
      epoch,
      set,
      waiter_id: 'w',
      timeout_ms: 5000,
    });
    await waiters(a, 1);
    await ask(a.url, '/release', leaseOf('r', 'l1'));
    assert.deepEqual((await wait).body, { status: 'FREE' });
  });

  it('forget a waiter whose caller has gone', async () => {
    const [a] = await cluster();
    await ask(a.url, '/acquire', wanted('r', 'l1', 300));
    const gone = new AbortController();
    const body = { resource: 'r', epoch, set, waiter_id: 'w', timeout_ms: 60_000 };
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
    const wait = ask(a.url, '/wait', {
      resource: 'r',
      epoch,
      set,
      waiter_id: 'w',
      timeout_ms: 60_000,
    });
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
      ['/acquire', { ...wanted('r', 'l1'), epoch: -1 }, 'epoch'],
      ['/renew', { ...leaseOf('r', 'l1'), epoch: 1.5, ttl_ms: 500 }, 'epoch'],
      ['/release', { ...leaseOf('r', 'l1'), lease_id: 'half \udc00' }, 'lease_id'],
      ['/acquire', { ...wanted('r', 'l1'), ttl_ms: '100' }, 'ttl_ms'],
      ['/acquire', { ...wanted('r', 'l1'), ttl_ms: Number.NaN }, 'ttl_ms'],
      ['/wait', { resource: 5, epoch, set, waiter_id: 'w', timeout_ms: 5 }, 'resource'],
      ['/wait', { resource: 'r', epoch: -1, set, waiter_id: 'w', timeout_ms: 5 }, 'epoch'],
      [
        '/wait',
        { resource: 'r', epoch, set, waiter_id: 'w', waited_ms: 1e300, timeout_ms: 5 },
        'waited_ms',
      ],
      ['/confirm', { ...leaseOf('r', 'l1'), token: 1.5 }, 'token'],
      ['/confirm', { ...leaseOf('r', 'l1'), token: 2 ** 53 }, 'token'],
      ['/renew', { ...leaseOf('r', 'l1') }, 'ttl_ms'],
      ['/release', { resource: 'r', epoch, set }, 'lease_id'],
      ['/wait', { resource: 'r', epoch, set, waiter_id: 'w', timeout_ms: '5s' }, 'timeout_ms'],
    ];
    for (const [path, body, field] of cases) {
      const answer = await ask(a.url, path, body);
      assertProblem(answer, 400, 'invalid_request');
      assert.match(String(answer.body['detail']), new RegExp(`^"${field}"`), JSON.stringify(body));
    }
    const status = await ask(a.url, `/status/${'x'.repeat(257)}`);
    assertProblem(status, 400, 'invalid_request');
    assert.match(String(status.body['detail']), /^"resource"/);
    const unknown = await ask(a.url, '/release', { ...leaseOf('r', 'l1'), forced: true });
    assert.match(String(unknown.body['detail']), /forced/);
  });

  it('refuse a body that is not UTF-8: two names of it would be read as the same one', async () => {
    const [a] = await cluster();
    for (const byte of [0xff, 0xfe]) {
      const [before, after] = JSON.stringify(leaseOf('?', 'l1')).split('?');
      const body = Buffer.concat([
        Buffer.from(before ?? ''),
        Buffer.from([byte]),
        Buffer.from(after ?? ''),
      ]);
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${a.url}/release`, { method: 'POST', headers, body });
      const { code, detail } = (await answer.json()) as { code: string; detail: string };
      assert.deepEqual([answer.status, code], [400, 'invalid_request']);
      assert.match(detail, /not UTF-8/);
    }
  });

  it('answer everything else with a problem document, too', async () => {
    const [a] = await cluster();
    assertProblem(await ask(a.url, '/locks/r'), 404, 'route_not_found');
    assertProblem(await ask(a.url, '/tokens', {}), 405, 'method_not_allowed');
    assertProblem(await ask(a.url, '/release', { text: 'x'.repeat(20_000) }), 400);
    const response = await fetch(`${a.url}/release`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"resource":',
    });
    assert.equal(response.status, 400);
    assert.match(String(response.headers.get('content-type')), /^application\/problem\+json/);
    // Half a character, as bytes that are no UTF-8.
    assertProblem(await ask(a.url, '/status/a%ED%A0%80b'), 400, 'invalid_request');
    const other = await ask(a.url, '/acquire', { ...wanted('r', 'l1'), epoch: 2 });
    assertProblem(other, 409, 'wrong_epoch');
  });

  it('take names as they are in a path', async () => {
    const [a] = await cluster(minuteMs);
    const name = 'reports/daily?ä 🔒';
    await ask(a.url, '/acquire', wanted(name, 'l1', minuteMs));
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
      await node.votes;
      for (const wrong of [{}, { authorization: 'Bearer wrong' }, { authorization: apiKey }])
        assertProblem(
          await ask(node.url, '/release', leaseOf('r', 'l1'), { headers: wrong }),
          ...([401, 'unauthorized'] as const),
        );
      const released = await ask(node.url, '/release', leaseOf('r', 'l1'), withKey);
      assert.deepEqual(released.body, { status: 'RELEASED' });
      assertProblem(await ask(node.url, '/tokens'), 401, 'unauthorized');
      assertProblem(await ask(node.url, '/nowhere'), 401, 'unauthorized');
      assert.equal((await ask(node.url, '/health')).status, 200, 'a probe needs none');
    }
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
