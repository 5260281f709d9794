import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { acquireOnce } from '../../src/acquire-once.ts';

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
    let id: number | undefined;
    const asked = acquireOnce(client, acquired, ({ request_id }) => {
      id = request_id;
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

  it('has a random number, which no other command has (ACQUIRE-ONCE-1)', async () => {
    const { client } = clientThat(() => Promise.resolve({}));
    const ids = await Promise.all(
      Array.from({ length: 2000 }, () =>
        acquireOnce(client, acquired, ({ request_id }) => Promise.resolve(request_id)),
      ),
    );
    assert.equal(new Set(ids).size, 2000);
    assert.ok(ids.every((id) => Number.isSafeInteger(id)));
  });

  describe('in a session that was given (ACQUIRE-ONCE-2)', () => {
    const inSession = { name: 'a', kind: 'lock', session_id: 'of-a-program' } as const;

    it('has no number, and is cancelled by an id of its own', async () => {
      const { client, cancelled } = clientThat(() => Promise.resolve({}));
      const ids = new Set<string | undefined>();
      for (let times = 0; times < 2; times++)
        await assert.rejects(
          acquireOnce(client, inSession, ({ request_id, cancel_id }) => {
            assert.equal(request_id, undefined);
            ids.add(cancel_id);
            return Promise.reject(uncertain);
          }),
          { code: 'outcome_unknown', effect: 'none', message: /nothing is held by it/ },
        );
      assert.deepEqual(
        cancelled,
        [...ids].map((cancel_id) => ['cancel_request', { ...inSession, cancel_id }]),
      );
      assert.equal(ids.size, 2);
    });

    it('says until when it may be held where it could not be cancelled', async () => {
      const { client } = clientThat(() => Promise.reject(new Error('no node')));
      await assert.rejects(
        acquireOnce(client, inSession, () => Promise.reject(uncertain)),
        { effect: 'perhaps', message: /no node.*held until its session ends/ },
      );
    });

    it('is uncertain where the session has forgotten it', async () => {
      const forgotten = new HoldfastError('request_forgotten', 'It was not cancelled.');
      const { client } = clientThat(() => Promise.reject(forgotten));
      await assert.rejects(
        acquireOnce(client, inSession, () => Promise.reject(uncertain)),
        { effect: 'perhaps', message: /was not cancelled.*held until its session ends/ },
      );
    });

    it('holds nothing where the session has ended meanwhile', async () => {
      const ended = new HoldfastError('session_expired', 'It has ended.');
      const { client } = clientThat(() => Promise.reject(ended));
      await assert.rejects(
        acquireOnce(client, inSession, () => Promise.reject(uncertain)),
        { code: 'outcome_unknown', effect: 'none', message: /nothing is held by it/ },
      );
    });
  });
});
