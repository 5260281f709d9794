import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry, MemberId } from '@holdfast/raft';
import { decodeFrame, encodeFrame, frameBytes, logIdBytes } from '../../src/frame.ts';
import type { LogChange } from '../../src/frame.ts';
import { scanSegment } from '../../src/scan.ts';
import { entry, hardState, logId } from '../log-in-memory.ts';

const place = { logId: logIdBytes(logId), segment: 3, sequence: 7, fileBytes: 1024, starts: 5 };
const change: LogChange = { hardState: hardState(1, 2), lastIndex: 1, entries: [entry(1)] };

describe('A frame', () => {
  it('is read back as it was written, whatever is in it', () => {
    const kinds = ['command', 'noop', 'membership'] as const;
    const entries = Array.from({ length: 20 }, (_, size): Entry => ({
      index: 2 ** 40 + size,
      term: 2 ** 33,
      kind: kinds[size % 3] ?? 'noop',
      data: new Uint8Array(size).fill(255),
    }));
    const changes: LogChange[] = [
      change,
      { hardState: { term: 0, votedFor: null, commit: 0 }, lastIndex: 0, entries: [] },
      { ...change, isSeal: true, entries: [] },
      {
        hardState: { term: 2 ** 50, votedFor: 'längere-id' as MemberId, commit: 2 ** 45 },
        lastIndex: 2 ** 40 + 19,
        installed: { index: 2 ** 39, term: 5, replacesLog: true },
        truncateFrom: 2 ** 40,
        entries,
      },
      { ...change, installed: { index: 1, term: 5, replacesLog: false } },
    ];
    for (const one of changes) {
      const bytes = encodeFrame(place, one);
      assert.equal(bytes.byteLength % 8, 0);
      assert.equal(bytes.byteLength, frameBytes(one));
      assert.deepEqual(decodeFrame(bytes, 0), {
        isSeal: false,
        ...one,
        sequence: 7,
        fileBytes: 1024,
        starts: 5,
        byteLength: bytes.byteLength,
      });
    }
  });

  it('of another log, another segment or another place in the sequence does not pass', () => {
    const read = (written: typeof place): number => {
      const bytes = Buffer.concat([encodeFrame(written, change), Buffer.alloc(1024)]);
      return scanSegment(bytes, 'file', { logId: place.logId, segment: 3 }, 7).frames.length;
    };
    assert.equal(read(place), 1);
    assert.equal(read({ ...place, sequence: 6 }), 0);
    assert.equal(read({ ...place, segment: 2 }), 0);
    assert.equal(read({ ...place, logId: logIdBytes('ab'.repeat(16)) }), 0);
  });

  it('of a newer version is refused, not taken for a write that was cut short', () => {
    const frame = encodeFrame(place, change);
    frame.writeUInt8(9, 12);
    assert.equal(decodeFrame(frame, 0), undefined);
  });

  it('names the log by 32 hexadecimal digits and by nothing else', () => {
    assert.throws(() => logIdBytes('short'), /32 hexadecimal digits/);
  });
});
