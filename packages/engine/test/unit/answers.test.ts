import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ResourceName, SessionId } from '@holdfast/state';
import { commandAnswer, keepAliveAnswer, queryAnswer } from '../../src/answers.ts';
import { Interrupted } from '../../src/interrupted.ts';

const latch = { type: 'delete_latch', name: 'a' as ResourceName } as const;
const session = { type: 'session', sessionId: 's' as SessionId } as const;
const refusal = { ok: false, code: 'latch_not_found', message: 'There is none.' };
/** LEADER-ROUTE-3: it may have been executed. */
const isNoAnswer = (error: unknown): boolean => error instanceof Interrupted && error.begun;

describe('What another node answers', () => {
  it('is taken where it belongs to what it was asked, and where it refuses', () => {
    const done = { ok: true, type: 'latch', count: 0 };
    assert.equal(commandAnswer(latch, done), done);
    assert.equal(commandAnswer(latch, refusal), refusal);
    const ended = { ok: true, type: 'session_ended', releasedCount: 0 };
    assert.equal(commandAnswer({ ...session, type: 'end_session' }, ended), ended);
    const missing = { type: 'session_missing', refusal, revision: 7 };
    assert.equal(queryAnswer(session, missing), missing);
    const stats = { type: 'stats', stats: {}, revision: 7 };
    assert.equal(queryAnswer({ type: 'stats' }, stats), stats);
    const kept = { ok: true, timeoutMs: 9 };
    assert.equal(keepAliveAnswer(kept), kept);
    assert.equal(keepAliveAnswer(refusal), refusal);
  });

  it('is no answer where it belongs to something else (ANSWER-1)', () => {
    for (const wrong of [
      undefined,
      null,
      'ok',
      {},
      { ok: false },
      { ok: true },
      { ok: true, type: 'granted', fenceToken: 1 },
      { ok: 'true', type: 'latch' },
    ])
      assert.throws(() => commandAnswer(latch, wrong), isNoAnswer, JSON.stringify(wrong));
    for (const wrong of [null, {}, { type: 'stats', revision: 7 }, { type: 'session' }])
      assert.throws(() => queryAnswer(session, wrong), isNoAnswer, JSON.stringify(wrong));
    for (const wrong of [null, {}, { ok: true }, { ok: false }])
      assert.throws(() => keepAliveAnswer(wrong), isNoAnswer, JSON.stringify(wrong));
  });
});
