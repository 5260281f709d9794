/** A purge and a redrive in parts, of which some are done. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { purgeInParts, redriveInParts } from '../../src/in-parts.ts';

type Answer = object | 'fails';

function asked(...answers: readonly Answer[]) {
  const calls: (readonly [string, object])[] = [];
  const told: object[] = [];
  const call = (operation: string, body: object): Promise<object> => {
    const answer = answers[calls.length] ?? assert.fail('one call too many');
    calls.push([operation, body]);
    return answer === 'fails'
      ? Promise.reject(new HoldfastError('no_quorum', 'There is none.'))
      : Promise.resolve(answer);
  };
  const client = { call } as unknown as Client;
  return { calls, told, client, tell: (record: object): void => void told.push(record) };
}

const purged = (count: number, more: boolean) => ({ purged: count, more, through: 900 });
const redriven = (count: number, more: boolean) => ({
  redriven: count,
  more,
  next_after: more ? 64 : null,
  through: 900,
});

describe('a purge in parts (PARTS-1)', () => {
  it('tells the sum once, and deletes the queue where it is asked to', async () => {
    const { calls, told, client, tell } = asked(purged(3000, true), purged(20, false), {});
    await purgeInParts(client, 'jobs', { deletes: true }, tell);
    assert.deepEqual(told, [{ queue: 'jobs', purged: 3020 }]);
    assert.deepEqual(calls, [
      ['queue_purge', { queue: 'jobs' }],
      ['queue_purge', { queue: 'jobs', through: 900 }],
      ['queue_delete', { queue: 'jobs' }],
    ]);
  });

  it('tells what was purged where a later part fails, and fails with it', async () => {
    const { told, client, tell } = asked(purged(3000, true), 'fails');
    await assert.rejects(purgeInParts(client, 'jobs', { deadLetters: true }, tell), {
      code: 'no_quorum',
    });
    assert.deepEqual(told, [{ queue: 'jobs', purged: 3000, more: true }]);
  });

  it('tells what was purged where the queue cannot be deleted', async () => {
    const { told, client, tell } = asked(purged(20, false), 'fails');
    await assert.rejects(purgeInParts(client, 'jobs', { deletes: true }, tell));
    assert.deepEqual(told, [{ queue: 'jobs', purged: 20 }]);
  });

  it('that fails at once tells nothing', async () => {
    const { told, client, tell } = asked('fails');
    await assert.rejects(purgeInParts(client, 'jobs', {}, tell));
    assert.deepEqual(told, []);
  });
});

describe('a redrive in parts (PARTS-1)', () => {
  it('tells the sum, also where a later part fails', async () => {
    const whole = asked(redriven(2, true), redriven(1, false));
    await redriveInParts(whole.client, 'jobs', whole.tell);
    assert.deepEqual(whole.told, [{ queue: 'jobs', redriven: 3 }]);
    assert.deepEqual(whole.calls[1], ['queue_redrive', { queue: 'jobs', after: 64, through: 900 }]);
    const part = asked(redriven(2, true), 'fails');
    await assert.rejects(redriveInParts(part.client, 'jobs', part.tell), { code: 'no_quorum' });
    assert.deepEqual(part.told, [{ queue: 'jobs', redriven: 2, more: true }]);
  });
});
