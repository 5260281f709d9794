import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { makeReport } from '../../../src/top/report.ts';
import { lockOf, readingAt, statsOf, statusOf } from './readings.ts';

describe('the rates', () => {
  it('given two readings, when they are compared, then they are differences per second of the time between them', () => {
    const { rates } = makeReport(
      readingAt(0),
      readingAt(2, {
        stats: statsOf({ fence_counter: 1500, total_session: 104, expired_sessions: 4 }),
        counters: { nodeId: 'node-1', commands: 53_000, commits: 9200, commitSeconds: 9.1 },
      }),
      undefined,
    );
    assert.deepEqual(
      { ...rates, commit_ms: rates.commit_ms?.toFixed(3) },
      {
        grants: 250,
        commands: 1500,
        sessions_created: 2,
        sessions_expired: 0.5,
        commit_ms: '0.500',
      },
    );
  });

  it('given one reading, or counters that went back, or those of another leader, then there is none', () => {
    assert.equal(makeReport(undefined, readingAt(0), undefined).rates.grants, null);
    const lagging = readingAt(1, { stats: statsOf({ fence_counter: 999 }) });
    assert.equal(makeReport(readingAt(0), lagging, undefined).rates.grants, null);
    const counters = { nodeId: 'node-2', commands: 60_000, commits: 9900, commitSeconds: 10 };
    const { rates } = makeReport(readingAt(0), readingAt(1, { counters }), undefined);
    assert.equal(rates.commands, null);
    assert.equal(rates.commit_ms, null);
    assert.equal(rates.grants, 0);
  });
});

describe('the hottest locks', () => {
  it('given locks in the order of their names, when they are reported, then the longest queue is first, then the name decides', () => {
    const locks = [
      lockOf('a', ['x']),
      lockOf('b', ['x'], ['y']),
      lockOf('c', [], []),
      lockOf('d', ['x'], ['y', 'z']),
      lockOf('e', ['x'], ['y']),
    ];
    const report = makeReport(
      undefined,
      readingAt(0, { locks: { locks, complete: true } }),
      undefined,
    );
    assert.deepEqual(
      report.hottest.map((lock) => lock.resource),
      ['d', 'b', 'e', 'a', 'c'],
    );
    assert.deepEqual(report.hottest[0], {
      resource: 'd',
      mode: 'exclusive',
      holders: ['x'],
      fence_token: 10,
      held_seconds: 75,
      waiter_count: 2,
      queue: ['y', 'z'],
    });
  });
});

describe('contact', () => {
  it('given a node that does not answer, when the others do, then it is told since when, and the rest is fresh', () => {
    const lost = readingAt(5);
    const report = makeReport(
      readingAt(4),
      {
        ...lost,
        answers: new Map([['node-1', statusOf('node-1')]]),
        lastHeard: new Map([...lost.lastHeard, ['node-2', readingAt(1).at]]),
      },
      undefined,
    );
    assert.equal(report.no_contact_since, null);
    const [first, second] = report.nodes;
    assert.equal(first?.no_contact_since, null);
    assert.equal(second?.no_contact_since, '2026-01-02T03:04:06.000Z');
    assert.equal(second?.applied_index, null);
    assert.equal(second?.behind, 1);
  });

  it('given no node that answers, when there was a report, then its stats stay, without rates, and it is told since when', () => {
    const earlier = makeReport(
      readingAt(0),
      readingAt(1, { stats: statsOf({ fence_counter: 1500 }) }),
      undefined,
    );
    const silent = readingAt(3, {
      cluster: undefined,
      answers: new Map(),
      lastHeard: readingAt(1).lastHeard,
      stats: undefined,
      counters: undefined,
      locks: undefined,
    });
    const report = makeReport(readingAt(1), silent, earlier);
    assert.equal(report.no_contact_since, '2026-01-02T03:04:06.000Z');
    assert.equal(report.at, '2026-01-02T03:04:08.000Z');
    assert.equal(report.sessions, 12);
    assert.equal(report.rates.grants, null);
    assert.deepEqual(
      report.nodes.map((node) => node.no_contact_since),
      Array.from({ length: 3 }, () => '2026-01-02T03:04:06.000Z'),
    );
    const back = makeReport(silent, readingAt(4), report);
    assert.equal(back.no_contact_since, null);
    assert.equal(back.nodes[0]?.no_contact_since, null);
  });
});
