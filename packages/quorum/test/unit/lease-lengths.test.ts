import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { LongestLease } from '../../src/node/lease-lengths.ts';
import type { LeaseLengths } from '../../src/node/lease-lengths.ts';
import { openStore } from '../../src/store/sqlite-store.ts';
import { HandClock } from './support/hand-clock.ts';
import { setOf } from './support/store-files.ts';

const driftBufferMs = 1000;
const shortMs = 60_000;
const longMs = 120_000;
const waitMs = longMs + driftBufferMs;

describe('A lease node whose longest ttl is raised (TTL-2)', () => {
  let folder: string;
  let file: string;
  let clock: HandClock;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-lengths-'));
    file = join(folder, 'a.sqlite');
    clock = new HandClock();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  /** One life of the node. @param refuses Whether its disk does, after the start. */
  function live(
    longestTtlMs: number,
    forMs: number,
    { votes = true, refuses = (): boolean => false } = {},
  ) {
    const { store, ...opened } = openStore(file, setOf(1));
    let failures = 0;
    let isStarted = false;
    const markLeases = (lengths: LeaseLengths): void => {
      if (isStarted && refuses()) throw new Error('The disk is full.');
      store.markLeases(lengths);
    };
    const lease = new LongestLease({
      store: { markLeases },
      clock,
      opened,
      longestTtlMs,
      driftBufferMs,
      startedAtMs: clock.now(),
      onMarkFailed: () => void failures++,
    });
    isStarted = true;
    if (votes) store.markVoting();
    const { longestMs, raised } = lease;
    const inMs = raised === undefined ? 0 : raised.atMs - clock.now();
    clock.pass(forMs);
    lease.stop();
    store.close();
    clock.pass(10 * waitMs);
    return { longestMs, fromTtlMs: raised?.fromTtlMs, inMs, failures };
  }
  const waits = { longestMs: waitMs, fromTtlMs: shortMs, inMs: waitMs, failures: 0 };
  const allows = { longestMs: waitMs, fromTtlMs: undefined, inMs: 0, failures: 0 };

  it('waits for the whole time again after each start, until it has once waited to the end', () => {
    live(shortMs, 5000);
    assert.deepEqual(live(longMs, 5000), waits);
    assert.deepEqual(live(longMs, waitMs - 1), waits);
    assert.deepEqual(live(longMs, waitMs), waits);
    assert.deepEqual(live(longMs, 0), allows);
  });

  it('waits for the whole time again where it was set back in between', () => {
    live(shortMs, 5000);
    live(longMs, 5000);
    assert.deepEqual(live(shortMs, 5000), waits, 'the longest is told to others for good');
    assert.deepEqual(live(longMs, 0), waits);
  });

  it('waits from what it had waited for, where it is raised twice', () => {
    live(shortMs, 5000);
    live(longMs, 5000);
    const { fromTtlMs, inMs } = live(2 * longMs, 5000);
    assert.deepEqual([fromTtlMs, inMs], [shortMs, 2 * longMs + driftBufferMs]);
  });

  it('writes down that the wait is over as soon as its disk takes it', () => {
    live(shortMs, 5000);
    let tries = 0;
    const refuses = (): boolean => ++tries <= 2;
    assert.deepEqual(live(longMs, waitMs + 60_000, { refuses }), { ...waits, failures: 2 });
    assert.deepEqual(live(longMs, 0), allows);
  });

  it('does not wait where it has not voted with its file: it has granted nothing', () => {
    live(shortMs, 5000, { votes: false });
    assert.deepEqual(live(longMs, 0), allows);
    assert.deepEqual(live(longMs, 0), allows);
  });

  it('waits from what is told by a file that was made before this was written down', () => {
    live(shortMs, 5000);
    const database = new DatabaseSync(file);
    database.exec("DELETE FROM meta WHERE key = 'allowed_lease_ms'");
    database.close();
    assert.deepEqual(live(longMs, 5000), waits);
    assert.deepEqual(live(longMs, 5000), waits);
  });
});
