import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptEntries } from '../../src/kept-entries.ts';

const entry = (index: number, byteLength: number) => ({
  index,
  term: 1,
  kind: 'command' as const,
  data: new Uint8Array(byteLength),
});
const mebibyte = 1024 * 1024;

describe('Entries kept behind a snapshot', () => {
  it('are at most the configured number', () => {
    const kept = new KeptEntries(10);
    for (let index = 1; index <= 100; index++) kept.applied(entry(index, 1));
    assert.equal(kept.keepFrom(100, 1), 91);
  });

  it('are at most 16 MiB, however few that are', () => {
    const kept = new KeptEntries(1000);
    for (let index = 1; index <= 100; index++) kept.applied(entry(index, mebibyte));
    assert.equal(kept.keepFrom(100, 1), 85);
  });

  it('do not reach before the first entry of the log', () => {
    const kept = new KeptEntries(1000);
    for (let index = 1; index <= 20; index++) kept.applied(entry(index, 1));
    assert.equal(kept.keepFrom(20, 7), 7);
  });

  it('are none where none are to be kept', () => {
    const kept = new KeptEntries(0);
    kept.applied(entry(1, 1));
    assert.equal(kept.keepFrom(1, 1), 2);
  });

  it('are only those whose size is known when many were applied since the snapshot began', () => {
    const kept = new KeptEntries(10);
    for (let index = 1; index <= 105; index++) kept.applied(entry(index, 1));
    assert.equal(kept.keepFrom(100, 1), 96);
  });
});
