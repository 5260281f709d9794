import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Event } from '@holdfast/state';
import { EventFeed } from '../../src/watch/feed.ts';
import { readPosition } from '../../src/watch/position.ts';
import type { Position } from '../../src/watch/position.ts';
import { MemoryEngine } from '../memory-engine.ts';

const perTurn = 200;
const key = 'round 1';
const opened = { type: 'barrier_opened', name: 'b', round: 1 } as unknown as Event;
const over = { type: 'barrier_over', name: 'b', round: 1 } as unknown as Event;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function start() {
  const engine = new MemoryEngine();
  let tell: (revision: number, events: readonly Event[]) => void = () => assert.fail();
  let tellGap: (revision: number) => void = () => assert.fail();
  engine.onEvents = (listener) => {
    tell = listener;
    return () => undefined;
  };
  engine.onGap = (listener) => {
    tellGap = listener;
    return () => undefined;
  };
  const feed = new EventFeed(engine, 1000);
  return {
    feed,
    tell: (...events: Event[]) => tell(1, events),
    tellAt: (revision: number, ...events: Event[]) => tell(revision, events),
    tellGap: () => tellGap(9),
  };
}

const all = (): boolean => true;
/** Pages of so many events, from a position on to the end. */
function read(feed: EventFeed, after: Position, limit: number): readonly (readonly string[])[] {
  const pages: string[][] = [];
  for (let position = after, more = true; more;) {
    const page = feed.read(position, all, limit);
    if (page === 'compacted') assert.fail('Nothing was dropped here.');
    pages.push(page.events.map((event) => event.position));
    ({ position, more } = page);
  }
  return pages;
}

describe('What is read from a position on', () => {
  it('is told whole, each event once, wherever in an entry a page ends (FEED-1)', () => {
    const { feed, tellAt } = start();
    const before = feed.position;
    tellAt(3, opened, over, opened);
    tellAt(5, opened, over);
    const events = ['3-1', '3-2', '3-3', '5-1', '5-2'];
    for (let limit = 1; limit <= events.length; limit++)
      assert.deepEqual(read(feed, before, limit).flat(), events, String(limit));
    // And whichever event a reader has seen last
    for (const [number, position] of events.entries()) {
      const after = readPosition(position) ?? assert.fail(position);
      assert.deepEqual(read(feed, after, 10).flat(), events.slice(number + 1), position);
    }
    assert.deepEqual(read(feed, { revision: 3, number: Infinity }, 10).flat(), ['5-1', '5-2']);
  });

  it('stands at its place among all changes of the entry, whether those are told or not (POSITION-1)', () => {
    const { feed, tellAt } = start();
    const before = feed.position;
    const session = { type: 'session_created', sessionId: 's', clientId: 'c', timeoutMs: 1 };
    const untold = session as unknown as Event;
    tellAt(3, untold, opened, untold, untold, over);
    assert.deepEqual(read(feed, before, 1).flat(), ['3-2', '3-5']);
    // And a position between those that are told is one, too: another release may have told it
    for (const number of [2, 3, 4])
      assert.deepEqual(read(feed, { revision: 3, number }, 1).flat(), ['3-5'], String(number));
  });

  it('names who brought it about, where that is known', () => {
    const { feed, tellAt } = start();
    const before = feed.position;
    tellAt(3, { ...opened, identity: 'ann' }, over);
    const page = feed.read(before, all, 10);
    assert.ok(page !== 'compacted');
    assert.deepEqual(
      page.events.map(({ identity }) => identity),
      ['ann', undefined],
    );
  });

  it('is compacted behind a gap, and for those before it alone (FEED-1)', () => {
    const { feed, tellAt, tellGap } = start();
    const before = feed.position;
    tellAt(3, opened);
    tellGap();
    tellAt(10, over);
    assert.equal(feed.read(before, all, 10), 'compacted');
    assert.equal(feed.read({ revision: 3, number: 1 }, all, 10), 'compacted');
    assert.deepEqual(read(feed, { revision: 9, number: Infinity }, 10).flat(), ['10-1']);
  });
});

describe('Those who wait for one event, when they are very many', () => {
  const count = 1000;
  const numbers = Array.from({ length: count }, (_, number) => number);

  it('are called a slice a turn, in the order of events and of subscriptions (FEED-4)', async () => {
    const { feed, tell } = start();
    const calls: [string, number][] = [];
    for (const number of numbers)
      feed.onRaw([key], ({ type }) => void calls.push([type, number]), assert.fail);
    tell(opened, over);
    assert.equal(calls.length, perTurn);
    for (let turns = 1; calls.length < 2 * count; turns++) {
      assert.ok(calls.length <= turns * perTurn, `${String(calls.length)} calls`);
      assert.ok(turns <= (2 * count) / perTurn, 'each turn has its slice');
      await turn();
    }
    assert.deepEqual(calls, [
      ...numbers.map((number) => ['barrier_opened', number]),
      ...numbers.map((number) => ['barrier_over', number]),
    ]);
  });

  it('are not called after they unsubscribed, nor about what came before they subscribed (FEED-4)', async () => {
    const { feed, tell } = start();
    const called: number[] = [];
    const unsubscribes = numbers.map((number) =>
      feed.onRaw([key], () => void called.push(number), assert.fail),
    );
    tell(opened);
    feed.onRaw([key], () => assert.fail('It came before.'), assert.fail);
    unsubscribes[999]?.();
    for (let turns = 0; turns < 10; turns++) await turn();
    assert.deepEqual(called, numbers.slice(0, 999));
  });

  it('are told of a gap a slice a turn, behind the events before it', async () => {
    const { feed, tell, tellGap } = start();
    const calls: string[] = [];
    for (let number = 0; number < 300; number++)
      feed.onRaw(
        [key],
        () => void calls.push('event'),
        () => void calls.push('gap'),
      );
    tell(opened);
    tellGap();
    assert.equal(calls.length, perTurn);
    for (let turns = 0; turns < 5; turns++) await turn();
    assert.deepEqual(calls, [
      ...Array.from({ length: 300 }, () => 'event'),
      ...Array.from({ length: 300 }, () => 'gap'),
    ]);
  });
});
