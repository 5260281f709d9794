/** Queues in numbers, by pages: what a caller may read, what a page weighs, and what a scrape of the metrics reads. */
import assert from 'node:assert/strict';
import { createHook } from 'node:async_hooks';
import { describe, test } from 'node:test';
import type { QueueRow, QueuesPage, ResourceName } from '@holdfast/state';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { secured } from '../secured-api.ts';
import { StreamClient } from '../stream-client.ts';
import { startGrpcHarness } from './grpc/grpc-client.ts';

interface Shown {
  readonly queue: string;
  readonly depth: number;
}

/** Of a queue or of an owner. gRPC leaves out what is 0. */
interface Numbers {
  readonly partitions?: number;
  readonly depth?: number;
  readonly oldest_age_seconds?: number | null;
  readonly rates?: { readonly pushed?: number };
}

interface StatsAnswer {
  readonly queues: readonly Numbers[];
  readonly owners: readonly Numbers[];
}

const sumOf = (rows: readonly Numbers[], of: (row: Numbers) => number | undefined): number =>
  rows.reduce((sum, row) => sum + (of(row) ?? 0), 0);
const pushedOf = ({ rates }: Numbers): number | undefined => rates?.pushed;
const depthOf = ({ depth }: Numbers): number | undefined => depth;

/** Queues that have one message each. */
function withQueues({ engine }: Pick<Harness, 'engine'>, names: readonly string[]): void {
  const { state } = engine;
  const { results } = state.apply({
    index: state.index + 1,
    time: 1000,
    commands: names.map((name) => ({
      identity: 'anonymous',
      authorizedAt: state.index,
      command: {
        type: 'queue_push',
        name: name as ResourceName,
        messages: [{ key: 'a', payload: '1' }],
      },
    })),
  });
  assert.ok(
    results.every(({ ok }) => ok),
    JSON.stringify(results[0]),
  );
}

const numbered = (count: number, beginning = 'q/'): readonly string[] =>
  Array.from({ length: count }, (_, at) => `${beginning}${String(at).padStart(5, '0')}`);

/** All pages, as long as there is a next one. */
async function pagesOf(
  { request }: Pick<Harness, 'request'>,
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly queues: readonly Shown[]; readonly told: readonly (string | null)[] }> {
  const queues: Shown[] = [];
  const told: (string | null)[] = [];
  let after = '';
  for (let pages = 0; pages < 40; pages++) {
    const answer = await request('GET', `/queue/stats?${query}${after}`, undefined, headers);
    assert.equal(answer.status, 200, answer.text);
    for (const one of answer.body['queues'] as readonly Shown[]) queues.push(one);
    const next = answer.body['next_after'] as string | null;
    told.push(next);
    if (next === null) return { queues, told };
    after = `&after=${encodeURIComponent(next)}`;
  }
  throw new Error('The pages do not end.');
}

const namesOf = (queues: readonly Shown[]): readonly string[] => queues.map(({ queue }) => queue);

describe('queues in numbers', () => {
  test('given 250 queues, when nothing is said, then the first 100 by name are told, and after which it goes on', async (t) => {
    const harness = startHarness(t);
    const names = numbered(250);
    withQueues(harness, names.toReversed());
    const { body } = await harness.request('GET', '/queue/stats');
    assert.deepEqual(namesOf(body['queues'] as readonly Shown[]), names.slice(0, 100));
    assert.equal(body['next_after'], names[99]);
    assert.deepEqual(namesOf((await pagesOf(harness, 'limit=30')).queues), names);
    assert.deepEqual(
      namesOf((await pagesOf(harness, 'prefix=q/0001&limit=4')).queues),
      names.slice(10, 20),
    );
  });

  test('given queues that others may read, then a page tells nothing of them, and those behind are found (LIST-3)', async (t) => {
    const { request, identity, engine } = await secured(t);
    withQueues({ engine }, [
      ...numbered(1200, 'a/'),
      ...numbered(3, 'm/'),
      'n',
      'n/1',
      ...numbered(2, 'z/'),
    ]);
    const ann = await identity(
      'ann',
      { verb: 'read', kind: 'queue', prefix: 'm/' },
      { verb: 'read', kind: 'queue', name: 'n' },
      { verb: 'read', kind: 'queue', prefix: 'z/' },
    );
    const expected = [...numbered(3, 'm/'), 'n', ...numbered(2, 'z/')];
    for (const limit of [1, 2, 4, 100]) {
      const { queues, told } = await pagesOf({ request }, `limit=${String(limit)}`, ann);
      assert.deepEqual(namesOf(queues), expected, `limit ${String(limit)}`);
      assert.ok(
        told.every((name) => name === null || expected.includes(name)),
        told.join(', '),
      );
    }
    const { status } = await request('GET', '/queue/stats?queue=n/1', undefined, ann);
    assert.equal(status, 403);
  });

  test('given long names, then a page weighs less than what a frame takes, and the next ones have the rest', async (t) => {
    const harness = startHarness(t);
    withQueues(harness, numbered(1000, `${'n'.repeat(240)}/`));
    const first = await harness.request('GET', '/queue/stats?limit=1000');
    assert.ok(first.text.length < 1024 * 1024, String(first.text.length));
    assert.notEqual(first.body['next_after'], null);
    assert.equal((await pagesOf(harness, 'limit=1000')).queues.length, 1000);
  });
});

describe('owners in numbers', () => {
  test('given queues of several pages, then each interface tells counts, ages and rates of owners, and pages add up', async (t) => {
    const harness = await startGrpcHarness(t);
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await StreamClient.open(url);
    t.after(() => stream.hangUp());
    const http = async (body: object): Promise<StatsAnswer> => {
      const asked = Object.entries(body).map(([name, value]) => [name, String(value)]);
      const query = new URLSearchParams(Object.fromEntries(asked)).toString();
      return (await (await fetch(`${url}/queue/stats?${query}`)).json()) as StatsAnswer;
    };
    const ways: readonly ((body: object) => Promise<StatsAnswer>)[] = [
      http,
      async (body) => (await harness.call('Queues.Stats', body)) as unknown as StatsAnswer,
      async (body) => (await stream.call('queue_stats', body)).body as unknown as StatsAnswer,
    ];
    withQueues(harness, numbered(5));
    harness.engine.advance(250);
    for (const ask of ways) {
      const { queues, owners } = await ask({});
      assert.ok(owners.length > 0);
      assert.equal(
        sumOf(owners, ({ partitions }) => partitions),
        64,
      );
      assert.equal(sumOf(owners, depthOf), 5);
      const ages = owners.flatMap(({ oldest_age_seconds: age }) => age ?? []);
      assert.equal(Math.max(...ages), queues[0]?.oldest_age_seconds);
      assert.ok(Math.max(...ages) >= 0.25);
      const pushed = sumOf(owners, pushedOf);
      assert.ok(pushed > 0);
      assert.ok(Math.abs(pushed - sumOf(queues, pushedOf)) < 1e-9);
      // Of one queue, and of the queues of a page.
      for (const [asked, depth] of [
        [{ queue: 'q/00003' }, 1],
        [{ limit: 2 }, 2],
      ] as const) {
        const some = await ask(asked);
        assert.equal(sumOf(some.owners, depthOf), depth);
        assert.ok(Math.abs(sumOf(some.owners, pushedOf) - (pushed * depth) / 5) < 1e-9);
      }
    }
  });
});

describe('a scrape of the metrics', () => {
  test('given 2,500 queues, then they are read once for all metrics, by pages, and no turn puts together more than one of them (SCRAPE-1)', async (t) => {
    const harness = startHarness(t, {}, false);
    withQueues(harness, numbered(2500));
    const { engine } = harness;
    const asked: number[] = [];
    const inTurn = new Map<number, number>();
    let turn = 0;
    const immediates = new Set<number>();
    const turns = createHook({
      init: (id, type) => type === 'Immediate' && immediates.add(id),
      before(id) {
        if (immediates.has(id)) turn += 1;
      },
    }).enable();
    t.after(() => turns.disable());
    const countsName = (row: QueueRow): QueueRow =>
      Object.defineProperty({ ...row }, 'name', {
        get: () => {
          inTurn.set(turn, (inTurn.get(turn) ?? 0) + 1);
          return row.name;
        },
      });
    const query = engine.query.bind(engine);
    engine.query = async (about, ...rest) => {
      const answer = await query(about, ...rest);
      if (about.type !== 'queues') return answer;
      asked.push(about.wanted.limit);
      const { page } = answer as unknown as { readonly page: QueuesPage };
      return { ...answer, page: { ...page, queues: page.queues.map(countsName) } };
    };
    const { text } = await harness.request('GET', '/metrics');
    assert.deepEqual(
      asked,
      Array.from({ length: 10 }, () => 250),
    );
    assert.equal([...text.matchAll(/^holdfast_queue_depth\{queue="[^"]+"\} 1$/gm)].length, 1000);
    assert.equal(
      [...inTurn.values()].reduce((sum, one) => sum + one),
      12_000,
    );
    for (const puts of inTurn.values()) assert.equal(puts, 1000);
  });

  test('tells of the oldest message and of the dead letters of all queues, also of those that are not told of by name', async (t) => {
    const harness = startHarness(t);
    withQueues(harness, numbered(1200));
    const { engine } = harness;
    const query = engine.query.bind(engine);
    engine.query = async (about, ...rest) => {
      const answer = await query(about, ...rest);
      if (about.type !== 'queues') return answer;
      const { page } = answer as unknown as { readonly page: QueuesPage };
      const queues = page.queues.map((row) => {
        if (row.name === 'q/00003') return { ...row, dead: 2 };
        return row.name === 'q/01100' ? { ...row, dead: 7, oldestAgeMs: 900_000 } : row;
      });
      return { ...answer, page: { ...page, queues } };
    };
    const { text } = await harness.request('GET', '/metrics');
    assert.ok(!text.includes('queue="q/01100"'), 'it is not told of by name');
    assert.match(text, /^holdfast_queues_oldest_message_age_seconds 900$/m);
    assert.match(text, /^holdfast_queues_dead_letters 9$/m);
  });
});
