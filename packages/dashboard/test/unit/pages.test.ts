/** What the pages work out of answers, without a browser. */
import assert from 'node:assert/strict';
import fs, { readdirSync, readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { describe, it } from 'node:test';
import type {
  BarrierAnswer,
  ElectionAnswer,
  LockStatusAnswer,
  WatchEvent,
  SemaphoreAnswer,
} from '@holdfast/protocol';
import { Dashboard } from '../../src/files.ts';
import {
  asFailure,
  askWith,
  changeFailureText,
  isPassing,
  pathOf,
  RequestFailed,
} from '../../src/page/asking.ts';
import { share, sharerOf } from '../../src/page/cache.ts';
import { barrierRow, electionRow, latchRow, lockRow, semaphoreRow } from '../../src/page/kinds.ts';
import { readEvents } from '../../src/page/live.ts';
import { clock } from '../../src/page/parts.ts';
import { Refreshing } from '../../src/page/refreshing.ts';

const told = { consistency: 'linearizable', revision: 1 } as const;
const waiter = (position: number, client_id: string) => ({
  session_id: `s-${client_id}`,
  client_id,
  mode: 'exclusive' as const,
  position,
  priority: 0,
});
const held: LockStatusAnswer = {
  resource: 'jobs',
  locked: true,
  mode: 'exclusive',
  holder_count: 1,
  holders: [
    {
      session_id: 's-a',
      client_id: 'a',
      mode: 'exclusive',
      fence_token: 7,
      hold_count: 1,
      acquired_at: 0,
      metadata: null,
      ends_in_seconds: null,
    },
  ],
  waiters: [waiter(1, 'b'), waiter(2, 'c'), waiter(3, 'd')],
  waiter_count: 3,
  delayed_until: null,
  ...told,
};

describe('Why somebody waits', () => {
  it('is who holds a lock, and who is ahead', () => {
    const row = lockRow(held);
    assert.equal(row.because, 'Held exclusive by a.');
    assert.deepEqual(
      row.waiters.map(({ because }) => because),
      [
        'Held exclusive by a.',
        'Behind 1 other in the queue. Held exclusive by a.',
        'Behind 2 others in the queue. Held exclusive by a.',
      ],
    );
    assert.equal(lockRow({ ...held, waiters: [], waiter_count: 0 }).because, '');
  });

  it('is the lock delay where the session of a holder expired', () => {
    const row = lockRow({
      ...held,
      locked: false,
      mode: null,
      holders: [],
      holder_count: 0,
      delayed_until: 1_700_000_000,
    });
    assert.match(row.because, /lock-delay period/);
    assert.equal(row.state, 'lock-delay');
  });

  it('is too few free permits of a semaphore', () => {
    const semaphore: SemaphoreAnswer = {
      resource: 'slots',
      limit: 5,
      free: 1,
      persistent: true,
      holder_count: 2,
      waiter_count: 1,
      holders: [],
      waiters: [{ session_id: 's', client_id: 'b', permits: 3, position: 1, priority: 0 }],
    };
    assert.equal(semaphoreRow(semaphore).because, 'b asks for 3 of 5 permits, 1 is free.');
  });

  it('is the leader of an election, the parties of a barrier, the count of a latch', () => {
    const election: ElectionAnswer = {
      resource: 'e',
      leader: {
        session_id: 's',
        client_id: 'a',
        fence_token: 1,
        value: null,
        elected_at: 0,
        ends_in_seconds: null,
      },
      waiter_count: 1,
      candidate_count: 1,
      candidates: [waiter(1, 'b')],
      delayed_until: null,
      ...told,
    };
    assert.equal(electionRow(election).because, 'a leads.');
    const barrier: BarrierAnswer = {
      resource: 'b',
      round: 1,
      parties: 3,
      open: false,
      waiter_count: 2,
      member_count: 2,
      members: [],
      ...told,
    };
    assert.equal(barrierRow(barrier).because, '1 more party has to enter.');
    const latch = { resource: 'l', count: 2, open: false, waiter_count: 1 };
    assert.match(latchRow(latch).because, /2 times more/);
  });
});

describe('What a page reads', () => {
  it('takes server-sent events apart, however they are cut', () => {
    const text = ': open\nid: 3-1\n\nevent: granted\nid: 4-1\ndata: {"a":"b: c"}\n\nevent: rel';
    const [events, rest] = readEvents(text);
    assert.deepEqual(events, [
      { id: '3-1', event: '', data: '' },
      { id: '4-1', event: 'granted', data: '{"a":"b: c"}' },
    ]);
    assert.equal(rest, 'event: rel');
  });

  it('encodes what it asks for, and leaves out what is empty', () => {
    assert.equal(
      pathOf('locks', { prefix: 'a/ü&', after: '', limit: 2 }),
      'locks?prefix=a%2F%C3%BC%26&limit=2',
    );
    assert.equal(pathOf('locks'), 'locks');
  });

  it('tells a refusal from a node that does not answer', () => {
    const failure = { status: 403, code: 'forbidden', message: 'No.' };
    assert.deepEqual(asFailure(new RequestFailed(failure)), failure);
    assert.equal(asFailure(new TypeError('fetch failed')).status, 0);
  });
});

describe('A change that a page asks for', () => {
  it('is told as one that may have been executed where no answer comes', () => {
    assert.match(changeFailureText(new TypeError('fetch failed')), /may have been executed/);
    const refused = new RequestFailed({ status: 403, code: 'forbidden', message: 'No.' });
    assert.equal(changeFailureText(refused), 'No. (forbidden)');
  });
});

describe('A key that is given', () => {
  it('is shown where it is tried, and kept nowhere by that', async (t) => {
    const shown: (string | null)[] = [];
    t.mock.method(globalThis, 'fetch', async (_path: string, init?: RequestInit) => {
      shown.push(new Headers(init?.headers).get('authorization'));
      return Response.json({ code: 'unauthorized', detail: 'No.' }, { status: 401 });
    });
    // There is no sessionStorage here: what keeps a key would fail.
    await assert.rejects(askWith('auth', 'hf_x'), RequestFailed);
    assert.deepEqual(shown, ['Bearer hf_x']);
  });

  it('leaves what was shown before on the page where a node cannot answer at the moment', () => {
    const of = (status: number) => isPassing({ status, code: 'x', message: '' });
    assert.deepEqual([0, 429, 500, 503].map(of), [true, true, true, true]);
    assert.deepEqual([401, 403, 404].map(of), [false, false, false]);
  });
});

describe('What a page shows', () => {
  const event = (resource: string): WatchEvent => ({
    position: '1-1',
    revision: 1,
    type: 'granted',
    kind: 'lock',
    resource,
  });

  it('is read again on changes that concern it, and not while nobody looks', () => {
    let isSeen = true;
    let loads = 0;
    const refreshing = new Refreshing(
      () => (loads += 1),
      () => isSeen,
    );
    const ofA = ({ resource }: WatchEvent): boolean => resource === 'a';
    refreshing.told([event('b')], ofA);
    assert.equal(loads, 0);
    refreshing.told([event('b'), event('a')], ofA);
    refreshing.told([], ofA);
    assert.equal(loads, 2);
    isSeen = false;
    refreshing.told([event('a')], ofA);
    refreshing.due();
    assert.equal(loads, 2);
    isSeen = true;
    refreshing.looked();
    refreshing.looked();
    assert.equal(loads, 3);
  });

  it('says in which zone a time is', () => {
    assert.match(clock(1_700_000_000), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [A-Z]/);
  });
});

describe('The files of the page', () => {
  it('are read again where they could not be', async (t) => {
    const dashboard = new Dashboard('dashboard');
    const refusing = t.mock.method(fs.promises, 'readFile', async () => {
      throw new Error('EMFILE');
    });
    syncBuiltinESMExports();
    try {
      await assert.rejects(dashboard.file('main.ts'), /EMFILE/);
    } finally {
      refusing.mock.restore();
      syncBuiltinESMExports();
    }
    assert.ok((await dashboard.file('main.ts')) !== undefined);
  });
});

describe('Data on a page', () => {
  it('never becomes HTML: it is text of elements and attributes alone', () => {
    const folder = new URL('../../src/page/', import.meta.url);
    for (const name of readdirSync(folder)) {
      const text = readFileSync(new URL(name, folder), 'utf8');
      assert.doesNotMatch(
        text,
        /innerHTML|outerHTML|insertAdjacent|document\.write|createContextual|\beval\b|new Function/i,
        name,
      );
    }
  });
});

describe('The page of the cache', () => {
  it('names who has lines, and clients of others only as such', () => {
    assert.equal(sharerOf({ of: 'node', sharer: 'node-2' }), 'node node-2');
    assert.equal(
      sharerOf({ of: 'client', sharer: 'ada at 10.0.0.3 #7' }),
      'client ada at 10.0.0.3 #7',
    );
    assert.equal(sharerOf({ of: 'client', sharer: 'a client' }), 'client');
    assert.deepEqual([share(0, 0), share(3, 1)], ['–', '75.0 %']);
  });
});
