/** A whole engine that is sent a snapshot: what it tells those who watch. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStateMachine, initialLimits } from '@holdfast/state';
import { appended, follow } from './following.ts';
import { snapshotOf } from './hand-disk.ts';

describe('Those who watch a node', () => {
  it('are told of the gap that a snapshot leaves, between the events before it and behind it', async () => {
    const { engine, replica, receive } = await follow();
    const told: string[] = [];
    engine.onEvents((revision) => void told.push(`event ${String(revision)}`));
    engine.onGap((revision) => void told.push(`gap ${String(revision)}`));
    await receive([appended(1, 2)]);
    assert.equal(replica.state.index, 2);
    const state = createStateMachine(initialLimits);
    state.skipTo(9);
    const { membership } = replica.status();
    const { meta, bytes } = snapshotOf({ index: 9, term: 1, membership }, state.snapshot());
    const { byteLength } = bytes;
    await receive([
      { type: 'snapshot_chunk', term: 1, meta, offset: 0, byteLength, data: bytes, probe: 0 },
    ]);
    assert.equal(replica.state.index, 9);
    await receive([appended(10, 11)]);
    assert.deepEqual(told, ['event 1', 'event 2', 'gap 9', 'event 10', 'event 11']);
  });
});
