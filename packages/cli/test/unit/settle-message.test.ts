/** What `holdfast queue work --once` ends with, by what became of the message. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { settle } from '../../src/settle-message.ts';

const silent = (t: TestContext): void => void t.mock.method(process.stderr, 'write', () => true);

/** @param code Of the error that both end with; undefined: they succeed. */
const message = (code?: ErrorCode) => {
  const done: string[] = [];
  const act = (what: string) => async (): Promise<void> => {
    done.push(what);
    if (code !== undefined) throw new HoldfastError(code, 'so it is');
  };
  return { done, ack: act('ack'), nack: act('nack') };
};

describe('a message whose command has ended', () => {
  it('with 0 is acknowledged, with another status given back, which is the status then', async () => {
    for (const [status, does] of [
      [0, 'ack'],
      [7, 'nack'],
    ] as const) {
      const one = message();
      assert.equal(await settle(one, status), status);
      assert.deepEqual(one.done, [does]);
    }
  });

  it('with 0, and that others have by now, ends with 4', async (t) => {
    silent(t);
    assert.equal(await settle(message('stale_receipt'), 0), 4);
  });

  it('with 0, and of which no node says that it is acknowledged, ends with 5', async (t) => {
    silent(t);
    for (const code of ['outcome_unknown', 'no_quorum', 'connection_lost'] as const)
      assert.equal(await settle(message(code), 0), 5, code);
  });

  it('with another status ends with that, whatever becomes of the message', async (t) => {
    silent(t);
    for (const code of ['stale_receipt', 'no_quorum'] as const)
      assert.equal(await settle(message(code), 7), 7, code);
  });

  it('that may not be acknowledged ends with the error', async () => {
    await assert.rejects(settle(message('forbidden'), 0), { code: 'forbidden' });
  });
});
