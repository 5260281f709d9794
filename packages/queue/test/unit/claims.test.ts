import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { Partitions } from '../../src/redis/partitions.ts';

const limits = {
  maxQueues: 10,
  maxMessagesPerQueue: 10,
  maxMessageBytesPerQueue: 1000,
  maxDedupIds: 10,
};

/** @param claims By the name of a queue. */
function claimOf(claims: Readonly<Record<string, () => object>>) {
  const claimed: string[] = [];
  const unused = (): never => assert.fail('It is not asked for a claim.');
  const connection = {
    async *names(): AsyncGenerator<readonly string[], void, undefined> {
      yield await Promise.resolve(Object.keys(claims));
    },
    run: async (step: string, queue: string): Promise<unknown> => {
      assert.equal(step, 'claim');
      const answer = await Promise.resolve(claims[queue]?.());
      claimed.push(queue);
      return answer;
    },
    hasName: unused,
    countNames: unused,
    addName: unused,
    removeName: unused,
  };
  const partitions = new Partitions(connection, limits, () => 0);
  return { claimed, isClaimed: partitions.claim(new Map([[3, 7]])) };
}

const done = (): object => ({});
const cannotBeAsked = (): never => {
  throw new HoldfastError('store_unavailable', 'Its slot moves.');
};

describe('A claim of partitions', () => {
  it('passes over a queue that cannot be asked now (NAMED-4)', async () => {
    const { claimed, isClaimed } = claimOf({ one: done, moves: cannotBeAsked, two: done });
    assert.equal(await isClaimed, true);
    assert.deepEqual(claimed.toSorted(), ['one', 'two']);
  });

  it('is refused where another owner has come first to any of them', async () => {
    const refused = (): object => ({ refused: 'not_owner' });
    const { isClaimed } = claimOf({ one: done, moves: cannotBeAsked, two: refused });
    assert.equal(await isClaimed, false);
  });

  it('fails where a fault of this node keeps it from being asked', async () => {
    const broken = (): never => {
      throw new Error('broken');
    };
    await assert.rejects(claimOf({ one: broken }).isClaimed, /broken/);
  });
});
