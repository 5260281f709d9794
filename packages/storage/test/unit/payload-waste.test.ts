/** Which files of payloads go next (PWASTE-1 to PWASTE-3). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { payloadFileAt } from '../../src/payload-file.ts';
import type { PayloadFile } from '../../src/payload-file.ts';
import { nextUnneeded } from '../../src/payload-waste.ts';
import type { CopyRoom } from '../../src/payload-waste.ts';

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
const next = (files: readonly PayloadFile[], durableCount = 0, room: CopyRoom = 'enough') => {
  const found = nextUnneeded(files, undefined, { durableCount, fileBytes: 1000, room });
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

  it('those alone go without room of which nothing counts, and with a reserve as many as it takes (PRESERVE-2)', () => {
    assert.deepEqual(next(filesOf(100, 0), 0, 'none'), [true, 1]);
    assert.equal(next(filesOf(100, 200), 0, 'none'), undefined);
    assert.deepEqual(next(filesOf(400, 300, 900, 150, 50, 499), 0, 'reserve'), [false, 4, 3, 1]);
    assert.equal(next(filesOf(900, 500), 0, 'reserve'), undefined);
    const waiting = filesOf(0, 900);
    for (const file of waiting) file.putAgainCount = 7;
    assert.deepEqual(next(waiting, 6, 'reserve'), [false], 'the reserve is for what waits');
  });

  it('those are made smaller together of which the least counts, as many as half a file takes (PWASTE-3)', () => {
    assert.deepEqual(next(filesOf(400, 300, 900, 150, 50, 499)), [false, 4, 3, 1]);
    assert.deepEqual(next(filesOf(499, 498)), [false, 1]);
  });

  it('none goes of which half counts', () => {
    assert.equal(next(filesOf(500, 900)), undefined);
  });
});
