/** Which files of payloads go next (PWASTE-1 to PWASTE-3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { payloadFileAt } from '../../src/payload-file.ts';
import type { PayloadFile } from '../../src/payload-file.ts';
import { nextUnneeded } from '../../src/payload-waste.ts';

const nothing = {
  write: () => Promise.resolve(),
  read: () => Promise.resolve(new Uint8Array()),
  close: () => Promise.resolve(),
};
/** Full ones of 1000 bytes, by the bytes that count. */
const filesOf = (...liveBytes: readonly number[]): PayloadFile[] =>
  liveBytes.map((live, slot) => ({
    ...payloadFileAt(slot, `/p/${String(slot)}`, nothing, 1000),
    liveBytes: live,
  }));
const next = (files: readonly PayloadFile[], durableCount = 0) => {
  const found = nextUnneeded(files, undefined, { durableCount, fileBytes: 1000, canWrite: true });
  return found && [found.areDead, ...found.files.map(({ slot }) => slot)];
};

describe('Of files of payloads', () => {
  it('those go first of which nothing counts, all of them (PWASTE-1)', () => {
    assert.deepEqual(next(filesOf(100, 0, 900, 0)), [true, 1, 3]);
  });

  it('those do not go so whose payloads were put again and are not durable (PWASTE-1)', () => {
    const files = filesOf(0, 900);
    for (const file of files) file.putAgainCount = 7;
    assert.deepEqual(next(files, 6), [false, 0]);
    assert.deepEqual(next(files, 7), [true, 0]);
  });

  it('those are made smaller together of which the least counts, as many as half a file takes (PWASTE-3)', () => {
    assert.deepEqual(next(filesOf(400, 300, 900, 150, 50, 499)), [false, 4, 3, 1]);
    assert.deepEqual(next(filesOf(499, 498)), [false, 1]);
  });

  it('none goes of which half counts', () => {
    assert.equal(next(filesOf(500, 900)), undefined);
  });
});
