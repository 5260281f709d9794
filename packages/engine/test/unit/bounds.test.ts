import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry, MemberId, Message } from '@holdfast/raft';
import { encodedBytes, encodeEnvelope, joinBatch } from '../../src/batch.ts';
import {
  batchOverheadBytes,
  maxAppendBytes,
  maxBatchBytes,
  sharedBatchBytes,
  maxCommandBytes,
  maxEntryBytes,
  entryHeadBytes,
  maxFrameBytes,
  maxPendingBytes,
  snapshotChunkBytes,
} from '../../src/bounds.ts';
import { encodeMessageFrame } from '../../src/transport/messages.ts';

/** As the core counts them (`entryOverheadBytes` in the log of `raft`). */
const countedOverheadBytes = 32;
const largest = Number.MAX_SAFE_INTEGER;

function append(entries: readonly Entry[]): Message {
  return {
    type: 'append',
    term: largest,
    previousIndex: largest,
    previousTerm: largest,
    entries,
    commit: largest,
    probe: largest,
  };
}

describe('The bounds', () => {
  it('let every command into a batch, and every batch into the log (BOUND-1)', () => {
    assert.ok(maxCommandBytes + batchOverheadBytes <= maxBatchBytes);
    assert.ok(sharedBatchBytes <= maxBatchBytes);
    assert.ok(maxBatchBytes <= maxEntryBytes);
    assert.ok(maxBatchBytes < maxPendingBytes);
    assert.ok(joinBatch(-Number.MIN_VALUE, []).byteLength <= batchOverheadBytes);
    assert.ok(joinBatch(largest, [], largest).byteLength <= batchOverheadBytes);
    assert.ok(joinBatch(-Number.MIN_VALUE, [], largest).byteLength <= batchOverheadBytes);
  });

  it('let every append into a frame: as many tiny entries as there can be (BOUND-2)', () => {
    const count = Math.floor(maxAppendBytes / countedOverheadBytes);
    const tiny = {
      index: largest,
      term: largest,
      kind: 'membership',
      data: new Uint8Array(),
    } as const;
    const frame = encodeMessageFrame(append(Array.from({ length: count }, () => tiny)));
    assert.ok(frame.byteLength <= count * entryHeadBytes + 1024, String(frame.byteLength));
    assert.ok(frame.byteLength + maxAppendBytes + maxEntryBytes < maxFrameBytes / 4);
  });

  it('let every append into a frame: one entry as large as there can be (BOUND-2)', () => {
    const large = {
      index: 1,
      term: 1,
      kind: 'command',
      data: new Uint8Array(maxEntryBytes),
    } as const;
    const frame = encodeMessageFrame(append([large]));
    assert.ok(frame.byteLength < maxFrameBytes / 4);
  });

  it('let every part of a snapshot into a frame, with the largest membership (BOUND-3)', () => {
    const member = {
      id: 'm'.repeat(100) as MemberId,
      address: 'a'.repeat(400),
      role: 'learner',
    } as const;
    const members = Array.from({ length: 1500 }, () => member);
    assert.ok(JSON.stringify({ members }).length <= maxEntryBytes);
    const frame = encodeMessageFrame({
      type: 'snapshot_chunk',
      term: largest,
      meta: {
        index: largest,
        term: largest,
        membership: { members },
        hash: 'f'.repeat(64),
        byteLength: largest,
      },
      offset: largest,
      byteLength: snapshotChunkBytes,
      data: new Uint8Array(snapshotChunkBytes),
      probe: largest,
    });
    assert.ok(frame.byteLength < maxFrameBytes / 4);
  });

  it('take the largest body of the API, whatever is in it', () => {
    // A control character is one byte for gRPC and six in JSON.
    const command = {
      type: 'proclaim',
      sessionId: 's',
      name: 'n',
      fenceToken: 1,
      value: '\u0001'.repeat(64 * 1024),
    };
    const encoded = encodeEnvelope({ identity: 'i', command: command as never });
    assert.ok(encodedBytes(encoded) < maxCommandBytes, String(encodedBytes(encoded)));
  });
});
