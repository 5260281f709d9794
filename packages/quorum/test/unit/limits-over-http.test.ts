/** What a lease node says to an address that is at its limits, over HTTP and a stream, and what it counts of it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setIdOf } from '@holdfast/protocol';
import type { LeaseNodeOptions } from '../../src/start.ts';
import { ask, LeaseNodes, ownSet } from './support/lease-nodes.ts';

const minuteMs = 60_000;
const leaseOf = (resource: string, id: string) => ({
  resource,
  epoch: 1,
  set: setIdOf(ownSet),
  lease_id: id,
});
const wanted = (resource: string, id: string) => ({
  ...leaseOf(resource, id),
  client_id: 'c',
  ttl_ms: minuteMs,
});

describe('Lease nodes', () => {
  let nodes: LeaseNodes;
  beforeEach(() => {
    nodes = new LeaseNodes();
  });
  afterEach(() => nodes.end());

  /** One of three that vote, all with these limits. */
  async function voting(limits: Partial<LeaseNodeOptions>): Promise<string> {
    const more = { longestTtlMs: minuteMs, ...limits };
    const all = await Promise.all(['a', 'b', 'c'].map((name) => nodes.start(name, more)));
    await Promise.all(all.map(({ votes }) => votes));
    return all[0]?.url ?? assert.fail();
  }

  const post = (url: string, path: string, body: object): Promise<Response> =>
    fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  /** Over a stream of its own. */
  async function askStream(url: string, name: string, body: object): Promise<readonly unknown[]> {
    const stream = new WebSocket(`${url.replace('http', 'ws')}/stream`);
    await once(stream, 'open');
    stream.send(JSON.stringify([[1, name, body]]));
    const [{ data }] = (await once(stream, 'message')) as [{ readonly data: Blob }];
    stream.close();
    const [answer] = JSON.parse(await data.text()) as [readonly unknown[]];
    return answer;
  }

  it('refuse an address that sends too much, over HTTP and a stream alike, and never what gives back its lease (LEASE-LIMIT-5, LEASE-LIMIT-3)', async () => {
    const url = await voting({ maxRequestBytesPerSecondPerAddress: 1 });
    const refused = await post(url, '/acquire', wanted('r', 'l1'));
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '30']);
    const told = {
      code: 'limit_exceeded',
      limit: 'max_request_bytes_per_second_per_address',
      scope: 'node',
      value: 1,
    };
    assert.partialDeepStrictEqual(await refused.json(), told);
    const released = await ask(url, '/release', leaseOf('r', 'l1'));
    assert.equal(released.body['status'], 'RELEASED');
    const [, , problem] = await askStream(url, 'acquire', wanted('r', 'l2'));
    assert.partialDeepStrictEqual(problem, told);
    const [, answer] = await askStream(url, 'release', leaseOf('r', 'l2'));
    assert.deepEqual(answer, { status: 'RELEASED' });
    assert.match(
      await (await fetch(`${url}/metrics`)).text(),
      /^holdfast_quorum_limit_refusals_total\{limit="max_request_bytes_per_second_per_address"\} 2$/m,
    );
  });

  it('count a frame of a stream as the bytes that it has (LEASE-LIMIT-5)', async () => {
    const url = await voting({ maxRequestBytesPerSecondPerAddress: 1000 });
    const long = { ...wanted('r', 'l1'), client_id: 'c'.repeat(256) };
    const stream = new WebSocket(`${url.replace('http', 'ws')}/stream`);
    await once(stream, 'open');
    stream.send(JSON.stringify(Array.from({ length: 200 }, (_, at) => [at, 'acquire', long])));
    const [{ data }] = (await once(stream, 'message')) as [{ readonly data: Blob }];
    assert.match(await data.text(), /"limit":"max_request_bytes_per_second_per_address"/);
    stream.close();
  });

  it('grant an address no more leases than it may have, and refuse nothing of those it has (ADDRESS-LEASES-1, ADDRESS-LEASES-2)', async () => {
    const url = await voting({ maxLeasesPerAddress: 2 });
    for (const name of ['a', 'b']) {
      const { status } = await post(url, '/acquire', wanted(name, name));
      assert.equal(status, 200);
    }
    const refused = await post(url, '/acquire', wanted('c', 'c'));
    assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '1']);
    const told = {
      code: 'limit_exceeded',
      limit: 'max_leases_per_address',
      scope: 'node',
      value: 2,
    };
    assert.partialDeepStrictEqual(await refused.json(), told);
    const [, , problem] = await askStream(url, 'acquire', wanted('c', 'c'));
    assert.partialDeepStrictEqual(problem, told);
    const renewed = await ask(url, '/renew', { ...leaseOf('a', 'a'), ttl_ms: minuteMs });
    assert.equal(renewed.body['status'], 'DONE');
    assert.match(
      await (await fetch(`${url}/metrics`)).text(),
      /^holdfast_quorum_limit_refusals_total\{limit="max_leases_per_address"\} 2$/m,
    );
    assert.equal((await ask(url, '/release', leaseOf('a', 'a'))).status, 200);
    const [, granted] = await askStream(url, 'acquire', wanted('c', 'c'));
    assert.partialDeepStrictEqual(granted, { status: 'GRANTED' });
    assert.equal((await post(url, '/acquire', wanted('d', 'd'))).status, 429);
  });
});
