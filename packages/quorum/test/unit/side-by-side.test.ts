import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QuorumLeaseRow, QuorumOverviewAnswer, QuorumSetAnswer } from '@holdfast/protocol';
import { SideBySide } from '../../src/http/side-by-side.ts';
import { leasesOnAPage } from '../../src/node/held-leases.ts';

const names = ['http://a', 'http://b', 'http://c'];
const set = { name: names[0], members: names, epoch: 3, set: '3-x' } as unknown as QuorumSetAnswer;

const row = (resource: string, more: Partial<QuorumLeaseRow> = {}): QuorumLeaseRow => ({
  resource,
  lease: `lease of ${resource}`,
  client_id: 'worker',
  token: 7,
  remaining_ms: 5000,
  waiters: 0,
  ...more,
});
const told = (more: Partial<QuorumOverviewAnswer> = {}): QuorumOverviewAnswer => ({
  name: 'n',
  version: '0.1.0',
  voting: true,
  epoch: 3,
  set: '3-x',
  waits_ms: 0,
  running_ms: 1000,
  wall_ms: 10_000,
  leases: 1,
  leases_ms: 5000,
  released: 0,
  most_released: 10,
  page: [],
  more: false,
  ...more,
});

interface Scene {
  readonly sideBySide: SideBySide;
  /** Which were asked, for what. */
  readonly asked: string[];
  readonly pass: (ms: number) => void;
}

/** What each member answers, this node (`http://a`) too. */
function scene(answers: Readonly<Record<string, () => Promise<QuorumOverviewAnswer>>>): Scene {
  let nowMs = 0;
  const asked: string[] = [];
  const answer = (member: string, after: string): Promise<QuorumOverviewAnswer> => {
    asked.push(`${member} after "${after}"`);
    return answers[member]?.() ?? Promise.reject(new Error('connect ECONNREFUSED'));
  };
  const sideBySide = new SideBySide({
    host: { ofSet: () => set, overview: ({ after }) => answer('http://a', after) },
    ask: (member, { after }) => answer(member, after),
    now: () => nowMs,
    wallNow: () => 10_000 + nowMs,
  });
  return { sideBySide, asked, pass: (ms) => (nowMs += ms) };
}

const first = { prefix: '', after: '' };
const answering =
  (page: readonly QuorumLeaseRow[], more = false) =>
  () =>
    Promise.resolve(told({ page, more }));

describe('lease nodes side by side', () => {
  it('tell on how many of all each lease stands, and until when on a majority', async () => {
    const { sideBySide } = scene({
      'http://a': answering([row('both', { remaining_ms: 900, token: 8 }), row('one')]),
      'http://b': answering([row('both', { remaining_ms: 300, waiters: 2 })]),
      'http://c': answering([]),
    });
    const { leases, needed, next } = await sideBySide.look(first);
    assert.equal(needed, 2);
    assert.equal(next, null);
    const [both, one] = leases;
    assert.deepEqual(both, {
      resource: 'both',
      lease: 'lease of both',
      client_id: 'worker',
      token: 8,
      on: ['http://a', 'http://b'],
      majority: true,
      remaining_ms: 300,
      waiters: 2,
    });
    assert.deepEqual([one?.on, one?.majority, one?.remaining_ms], [['http://a'], false, null]);
  });

  it('count two leases of one resource apart, also of one client: each has its own nodes', async () => {
    const { sideBySide } = scene({
      'http://a': answering([row('r', { lease: 'old' })]),
      'http://b': answering([row('r', { lease: 'new' })]),
      'http://c': answering([row('r', { lease: 'new' })]),
    });
    const { leases } = await sideBySide.look(first);
    assert.deepEqual(
      leases.map(({ lease, majority }) => [lease, majority]),
      [
        ['new', true],
        ['old', false],
      ],
    );
  });

  it('end a page where the first of them has more, so that no node is left out of what is told (SIDE-2)', async () => {
    const { sideBySide } = scene({
      'http://a': answering([row('a'), row('d')], true),
      'http://b': answering([row('a'), row('b')], true),
      'http://c': answering([row('a'), row('b'), row('c')]),
    });
    const { leases, next } = await sideBySide.look(first);
    assert.deepEqual(
      leases.map(({ resource, on }) => [resource, on.length]),
      [
        ['a', 3],
        ['b', 2],
      ],
    );
    assert.equal(next, 'b');
  });

  it('show one page of resources where each node tells of others', async () => {
    const many = (prefix: string): QuorumLeaseRow[] =>
      Array.from({ length: leasesOnAPage }, (_, at) =>
        row(`${String(at).padStart(2, '0')} ${prefix}`),
      );
    const { sideBySide } = scene({
      'http://a': answering(many('a')),
      'http://b': answering(many('b')),
      'http://c': answering(many('c')),
    });
    const { leases, next } = await sideBySide.look(first);
    assert.equal(leases.length, leasesOnAPage);
    assert.equal(next, leases.at(-1)?.resource);
  });

  it('say of one that does not answer why, and of one of another set that it is', async () => {
    const late = Object.assign(new Error('late'), { name: 'TimeoutError' });
    const { sideBySide } = scene({
      'http://a': answering([]),
      'http://b': () => Promise.reject(late),
      'http://c': () => Promise.resolve(told({ set: '3-y' })),
    });
    const { nodes } = await sideBySide.look(first);
    assert.deepEqual(
      nodes.map(({ name, problem, same_set: isOfSet }) => [name, problem, isOfSet]),
      [
        ['http://a', null, true],
        ['http://b', 'It did not answer in time.', false],
        ['http://c', null, false],
      ],
    );
    const gone = scene({ 'http://a': answering([]) });
    const [, other] = (await gone.sideBySide.look(first)).nodes;
    assert.match(other?.problem ?? '', /ECONNREFUSED/);
  });

  it('compare clocks by the middle of a round trip', async () => {
    const found = scene({
      'http://a': answering([]),
      'http://b': async () => {
        found.pass(40);
        return told({ wall_ms: 12_020 });
      },
      'http://c': answering([]),
    });
    const [own, ahead] = (await found.sideBySide.look(first)).nodes;
    assert.equal(own?.clock_ahead_ms, 0);
    assert.deepEqual([ahead?.clock_ahead_ms, ahead?.round_trip_ms], [2000, 40]);
  });

  it('are asked once a second for the same, and for so much at a time (SIDE-1)', async () => {
    const held = Promise.withResolvers<QuorumOverviewAnswer>();
    const wait = () => held.promise;
    const { sideBySide, asked, pass } = scene({
      'http://a': wait,
      'http://b': wait,
      'http://c': wait,
    });
    const looks = ['', '1', '2', '3'].map((after) => sideBySide.look({ prefix: '', after }));
    assert.equal(sideBySide.look(first), looks[0], 'the same question');
    assert.equal(asked.length, 12);
    assert.throws(() => sideBySide.look({ prefix: '', after: '4' }), { code: 'limit_exceeded' });
    held.resolve(told());
    await Promise.all(looks);
    await sideBySide.look(first);
    assert.equal(asked.length, 12);
    pass(1000);
    await sideBySide.look(first);
    assert.equal(asked.length, 15);
  });

  it('keep the answers to the last 16 questions, however many are asked in a second (SIDE-1)', async () => {
    const { sideBySide, asked } = scene({ 'http://a': answering([]) });
    const look = (after: number) => sideBySide.look({ prefix: '', after: String(after) });
    for (let after = 1; after <= 17; after += 1) await look(after);
    asked.length = 0;
    for (let after = 2; after <= 17; after += 1) await look(after);
    assert.deepEqual(asked, [], 'those that are kept');
    await look(1);
    assert.equal(asked[0], 'http://a after "1"');
  });
});
