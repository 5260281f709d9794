/** Nodes played by small HTTP servers: what they answer is the test's own. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import http, { createServer } from 'node:http';
import type { Server } from 'node:http';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { ClusterStatusAnswer } from '@holdfast/protocol';
import { metricOf } from '../../../src/top/answers.ts';
import { ClusterWatch, mostTrusted } from '../../../src/top/watch.ts';
import { lockOf, statsOf, statusOf } from './readings.ts';

const forEver = new AbortController().signal;
const metrics = `# HELP holdfast_proposed_commands_total Commands in them.
holdfast_proposed_commands_total 70
holdfast_proposed_commands_total_other 1
consensus_commit_latency_seconds_sum 0.5
consensus_commit_latency_seconds_count 10
`;

class PlayedNode implements AsyncDisposable {
  readonly #server: Server;
  readonly asked: string[] = [];
  status: ClusterStatusAnswer;
  silent = false;

  constructor(nodeId: string) {
    this.status = statusOf(nodeId, { members: [] });
    this.#server = createServer((request, response) => {
      const path = request.url ?? '';
      this.asked.push(path);
      if (this.silent) return; // As a stopped process: the connection stays open.
      response.end(path === '/metrics' ? metrics : JSON.stringify(this.#answer(path)));
    });
  }

  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null
      ? `http://127.0.0.1:${String(address.port)}`
      : '';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Locks come on two pages. */
  #answer(path: string): object {
    if (path.startsWith('/cluster/status')) return this.status;
    if (path.startsWith('/admin/stats')) return statsOf();
    const first = !path.includes('after=a%2Fb');
    const locks = [first ? lockOf('a/b', ['x']) : lockOf('c', ['x'])];
    return { locks, total_locks: 1, next_after: first ? 'a/b' : null };
  }
}

/** Two nodes of one cluster; the first leads. */
async function play() {
  const one = new PlayedNode('node-1');
  const two = new PlayedNode('node-2');
  const urls = [await one.listen(), await two.listen()];
  const members = statusOf('node-1')
    .members.slice(0, 2)
    .map((member, position) => ({ ...member, url: urls[position] ?? '' }));
  one.status = { ...one.status, members };
  two.status = { ...two.status, members };
  return {
    one,
    two,
    urls,
    async [Symbol.asyncDispose]() {
      await Promise.all([one[Symbol.asyncDispose](), two[Symbol.asyncDispose]()]);
    },
  };
}

function setKey(t: TestContext): void {
  const before = process.env['HOLDFAST_API_KEY'];
  process.env['HOLDFAST_API_KEY'] = 'hf_secret';
  t.after(() => {
    if (before === undefined) delete process.env['HOLDFAST_API_KEY'];
    else process.env['HOLDFAST_API_KEY'] = before;
  });
}

/** Nodes without sockets, by their origins. @returns Whether each that was asked was shown the key. */
function playAll(
  t: TestContext,
  nodes: Readonly<Record<string, ClusterStatusAnswer>>,
): ReadonlyMap<string, boolean> {
  const shown = new Map<string, boolean>();
  const answerTo = (asked: string, isShown: boolean): Response => {
    const { origin, pathname } = new URL(asked);
    shown.set(origin, isShown || shown.get(origin) === true);
    return pathname === '/cluster/status'
      ? Response.json(nodes[origin] ?? {})
      : new Response('', { status: 503 });
  };
  t.mock.method(globalThis, 'fetch', async (asked: string, init?: RequestInit) =>
    answerTo(asked, new Headers(init?.headers).has('authorization')),
  );
  type Plain = (
    asked: string,
    options: { headers: object },
    answered: (answer: object) => void,
  ) => object;
  const request: Plain = (asked, { headers }, answered) => {
    const { status: statusCode, body } = answerTo(asked, 'authorization' in headers);
    const answer = Object.assign(Readable.from(body ?? []), { statusCode });
    return Object.assign(new EventEmitter(), { end: () => answered(answer) });
  };
  t.mock.method(http, 'request', request);
  return shown;
}

describe('asking a cluster', () => {
  it('given the url of one node, when it is asked, then the others are learned and the leader tells the stats', async () => {
    await using nodes = await play();
    const watch = new ClusterWatch([nodes.urls[1] ?? '']);
    const reading = await watch.read(forEver);
    assert.equal(reading.cluster?.node_id, 'node-1');
    assert.deepEqual([...reading.answers.keys()].toSorted(), ['node-1', 'node-2']);
    assert.equal(reading.stats?.active_sessions, 12);
    assert.deepEqual(reading.counters, {
      nodeId: 'node-1',
      commands: 70,
      commits: 10,
      commitSeconds: 0.5,
    });
    assert.deepEqual(
      reading.locks?.locks.map((lock) => lock.resource),
      ['a/b', 'c'],
    );
    assert.equal(reading.locks?.complete, true);
    assert.ok(nodes.two.asked.every((path) => path === '/cluster/status'));
  });

  it('given a node that falls silent, when it is asked again and again, then it is known since when, and the other is heard', async () => {
    await using nodes = await play();
    let second = 0;
    const now = () => ({ monotonicMs: second * 1000, wallMs: second * 1000 });
    const watch = new ClusterWatch([nodes.urls[0] ?? ''], now);
    const heardOf = async (nodeId: string): Promise<number | undefined> => {
      second += 1;
      return (await watch.read(forEver)).lastHeard.get(nodeId)?.wallMs;
    };
    assert.equal(await heardOf('node-2'), 1000);
    nodes.two.silent = true;
    assert.equal(await heardOf('node-2'), 1000);
    assert.equal(await heardOf('node-2'), 1000);
    assert.equal(await heardOf('node-1'), 4000);
    nodes.two.silent = false;
    assert.equal(await heardOf('node-2'), 5000);
  });

  it('given no node that answers, when one comes back, then it is heard again', async () => {
    await using nodes = await play();
    const watch = new ClusterWatch([nodes.urls[0] ?? '']);
    await watch.read(forEver);
    nodes.one.silent = true;
    nodes.two.silent = true;
    const lost = await watch.read(forEver);
    assert.equal(lost.cluster, undefined);
    assert.equal(lost.stats, undefined);
    nodes.one.silent = false;
    assert.equal((await watch.read(forEver)).cluster?.node_id, 'node-1');
  });

  it('given what nodes name, when it is asked, then only the cluster of the given node is believed (TOP-KEY-1)', async (t) => {
    setKey(t);
    const members = (...urls: readonly string[]): ClusterStatusAnswer['members'] =>
      urls.map((url) => ({ ...(statusOf('x').members[0] ?? assert.fail()), node_id: url, url }));
    const shown = playAll(t, {
      'http://a': statusOf('a', { leader: null, members: members('http://b', 'http://x') }),
      'http://b': statusOf('b', { leader: null, members: members('http://b', 'http://x') }),
      // Of another cluster, at an address that was one of this cluster's.
      'http://x': statusOf('x', {
        cluster_id: 'other',
        leader: 'x',
        term: 99,
        members: members('http://y'),
      }),
      'http://y': statusOf('y', { cluster_id: 'other', leader: null, members: [] }),
    });
    const watch = new ClusterWatch(['http://a']);
    const first = await watch.read(forEver);
    await watch.read(forEver);
    assert.equal(first.cluster?.cluster_id, 'test');
    assert.equal(shown.get('http://a'), true);
    assert.equal(shown.get('http://b'), true);
    assert.equal(shown.get('http://y'), undefined);
  });

  it('given a node over TLS, when it names one without, then that is asked without the key (TOP-KEY-1)', async (t) => {
    setKey(t);
    const [member] = statusOf('b').members;
    assert.ok(member !== undefined);
    const at = (url: string): typeof member => ({ ...member, node_id: url, url });
    const shown = playAll(t, {
      'https://a': statusOf('a', { members: [at('http://b'), at('https://c')] }),
      'http://b': statusOf('b', { leader: null, members: [] }),
      'https://c': statusOf('c', { leader: null, members: [] }),
    });
    await new ClusterWatch(['https://a']).read(forEver);
    assert.deepEqual(Object.fromEntries(shown), {
      'https://a': true,
      'http://b': false,
      'https://c': true,
    });
  });

  it('given two that believe to lead, when one is chosen, then it is that of the higher term', () => {
    const old = statusOf('node-1', { term: 4 });
    const fresh = statusOf('node-2', { term: 5, leader: 'node-2' });
    const follower = statusOf('node-3', { term: 6, leader: null });
    assert.equal(mostTrusted([old, follower, fresh])?.node_id, 'node-2');
    assert.equal(mostTrusted([follower])?.node_id, 'node-3');
    assert.equal(mostTrusted([]), undefined);
    // One that was removed, and still runs, knows no leader.
    const removed = statusOf('node-3', { term: 6, leader: null, is_ready: false, removed: true });
    const member = statusOf('node-2', { term: 6 });
    assert.equal(mostTrusted([removed, member])?.node_id, 'node-2');
    const without = statusOf('node-2', { term: 5, leader: null, is_ready: false });
    assert.equal(mostTrusted([removed, without])?.node_id, 'node-2', 'nor where nobody leads');
  });

  it('given the text of the metrics, when a metric is looked up, then only that of the very name is taken', () => {
    assert.equal(metricOf(metrics, 'holdfast_proposed_commands_total'), 70);
    assert.equal(metricOf(metrics, 'holdfast_proposed'), undefined);
    assert.equal(metricOf('x NaN\n', 'x'), undefined);
  });
});
