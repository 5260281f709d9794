import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeptBuffer } from '../../src/kept-buffer.ts';

const mostBytes = 1024 * 1024;

describe('Memory for one write after the other', () => {
  it('is as long as was asked for, and the same again (KEPT-BUFFER-1)', () => {
    const kept = new KeptBuffer(mostBytes);
    const first = kept.of(100_000);
    assert.equal(first.byteLength, 100_000);
    const second = kept.of(70_000);
    assert.equal(second.byteLength, 70_000);
    assert.ok(second.buffer === first.buffer);
  });

  it('is no more than was needed so far, and bounded (KEPT-BUFFER-2)', () => {
    const kept = new KeptBuffer(mostBytes);
    assert.equal(kept.byteLength, 0);
    kept.of(10);
    assert.equal(kept.byteLength, 64 * 1024);
    kept.of(mostBytes - 1);
    assert.equal(kept.byteLength, mostBytes);
    const long = kept.of(mostBytes + 1);
    assert.equal(long.byteLength, mostBytes + 1);
    assert.equal(kept.byteLength, mostBytes);
    assert.ok(long.buffer !== kept.of(1).buffer);
  });
});
