import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { SupportedLevels } from '../../src/transport/supported-levels.ts';

describe('The feature levels of peers', () => {
  it('are kept of peers alone, the newest of each, until they are none (PEER-LEVEL-1)', () => {
    const peers = new Set(['a', 'b'] as MemberId[]);
    const levels = new SupportedLevels((id) => peers.has(id));
    for (let stranger = 0; stranger < 1000; stranger++)
      levels.told(`stranger-${String(stranger)}` as MemberId, 3);
    assert.equal(levels.count, 0);
    for (const id of peers) for (const level of [3, 2]) levels.told(id, level);
    assert.deepEqual(
      [...peers].map((id) => levels.of(id)),
      [2, 2],
    );
    levels.forget('a' as MemberId);
    assert.equal(levels.of('a' as MemberId), undefined);
    assert.equal(levels.count, 1);
  });
});
