import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { acquireOnce, requestIdAt } from '../../src/acquire-once.ts';

const acquired = { name: 'a', kind: 'lock', client_id: 'cli' } as const;
const uncertain = new HoldfastError('outcome_unknown', 'Nobody knows.');

function clientThat(cancel: () => Promise<unknown>) {
  const cancelled: unknown[] = [];
  const call = (operation: string, body: unknown): Promise<unknown> => {
    cancelled.push([operation, body]);
    return cancel();
  };
  return { client: { call } as unknown as Pick<Client, 'call'>, cancelled };
}

describe('An acquire of a command', () => {
  it('is cancelled by its number where it may have been executed, and says so', async () => {
    const { client, cancelled } = clientThat(() => Promise.resolve({}));
    let id = 0;
    const asked = acquireOnce(client, acquired, (requestId) => {
      id = requestId;
      return Promise.reject(uncertain);
    });
    await assert.rejects(
      asked,
      (error) =>
        error instanceof HoldfastError &&
        error.code === 'outcome_unknown' &&
        error.effect === 'none' &&
        /nothing is held by it/.test(error.message),
    );
    assert.deepEqual(cancelled, [['cancel_request', { ...acquired, request_id: id }]]);
  });

  it('tells until when it may be held where it could not be cancelled', async () => {
    const { client } = clientThat(() => Promise.reject(new Error('no node')));
    await assert.rejects(
      acquireOnce(client, acquired, () => Promise.reject(uncertain)),
      (error) =>
        error instanceof HoldfastError &&
        error.effect === 'perhaps' &&
        /no node.*"a" is held until its ttl is over/.test(error.message),
    );
  });

  it('is not cancelled where it certainly was not executed', async () => {
    const { client, cancelled } = clientThat(() => Promise.resolve({}));
    const refused = new HoldfastError('lock_held', 'Held.');
    await assert.rejects(
      acquireOnce(client, acquired, () => Promise.reject(refused)),
      refused,
    );
    assert.deepEqual(cancelled, []);
  });

  it('has a larger number than those before, which is one that JSON keeps', () => {
    const now = Date.now();
    assert.ok(requestIdAt(now, 0.999) < requestIdAt(now + 1, 0));
    assert.ok(Number.isSafeInteger(requestIdAt(now, 0.5)));
  });
});
