/** What the log of a lease node has of what goes on for long: one line a state (TOLD-1). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { setIdOf } from '@holdfast/protocol';
import { SqliteLeaseStore } from '../../src/store/sqlite-store.ts';
import { ask, LeaseNodes, nameOf, ownSet } from './support/lease-nodes.ts';

const set = setIdOf(ownSet);
const said = {
  epoch: 1,
  set,
  after: '',
  voting: false,
  fresh: false,
  file_id: 1,
  bootstrap_set: [],
  floor: 0,
  tokens: [],
  next: null,
};

describe('The log of a lease node', () => {
  let nodes: LeaseNodes;
  beforeEach(() => {
    nodes = new LeaseNodes();
  });
  afterEach(() => nodes.end());

  it('has one line for each other node that cannot be asked, until it can, or fails otherwise', async (context) => {
    context.mock.timers.enable({ apis: ['setTimeout'] });
    let answer: readonly [status: number, body: object] = [503, {}];
    /** Questions to b: one a round. */
    const questions: unknown[] = [];
    const peer = createServer((request, response) => {
      if (request.url === '/b/said') questions.push(request.url);
      response.writeHead(answer[0], { 'content-type': 'application/json' });
      response.end(JSON.stringify(answer[1]));
    }).listen(0, '127.0.0.1');
    await once(peer, 'listening');
    const url = `http://127.0.0.1:${String((peer.address() as AddressInfo).port)}`;
    const told: string[] = [];
    await nodes.start('a', {
      reach: (member) => `${url}/${member === nameOf('b') ? 'b' : 'c'}`,
      log: {
        info: () => undefined,
        warn: (fields, message) => {
          if (message === 'It could not be asked yet.')
            told.push((fields as { peer: string }).peer);
        },
        error: () => undefined,
      },
    });
    /** Of the whole rounds of questions meanwhile. */
    async function toldIn(count: number): Promise<readonly string[]> {
      const deadline = AbortSignal.timeout(10_000);
      questions.length = 0;
      while (questions.length < count) {
        deadline.throwIfAborted();
        await new Promise(setImmediate);
        context.mock.timers.tick(250);
      }
      return told.splice(0).toSorted((one, other) => (one < other ? -1 : 1));
    }
    const both = [nameOf('b'), nameOf('c')];
    try {
      assert.deepEqual(await toldIn(9), both);
      answer = [500, {}];
      assert.deepEqual(await toldIn(9), both, 'it fails otherwise');
      answer = [200, said];
      assert.deepEqual(await toldIn(9), []);
      answer = [500, {}];
      assert.deepEqual(await toldIn(9), both, 'it had been heard');
    } finally {
      peer.closeAllConnections();
      peer.close();
    }
  });

  it('has one line where nothing can be written, and one when it can be again', async (context) => {
    const short = { longestTtlMs: 300, driftBufferMs: 40 };
    const all = await Promise.all(['b', 'c'].map((name) => nodes.start(name, short)));
    const a = await nodes.start('a', short);
    await Promise.all([a, ...all].map(({ votes }) => votes));
    let asked = 0;
    const acquire = async (): Promise<unknown> => {
      const lease = `l${String(++asked)}`;
      const body = { epoch: 1, set, lease_id: lease, client_id: 'c', ttl_ms: 200 };
      return (await ask(a.url, '/acquire', { ...body, resource: lease })).body['code'];
    };
    const linesOf = (text: RegExp): number =>
      [...a.warnings, ...a.notes].filter((line) => text.test(line)).length;
    for (const round of [1, 2]) {
      const full = context.mock.method(SqliteLeaseStore.prototype, 'save', () => {
        throw new Error('no space is left');
      });
      for (let times = 0; times < 5; times++) assert.equal(await acquire(), 'storage_failed');
      assert.equal(linesOf(/Nothing can be written/), round);
      assert.equal(linesOf(/can be written again/), round - 1);
      full.mock.restore();
      for (let times = 0; times < 5; times++) assert.equal(await acquire(), undefined);
      assert.equal(linesOf(/Nothing can be written/), round);
      assert.equal(linesOf(/can be written again/), round);
    }
  });
});
