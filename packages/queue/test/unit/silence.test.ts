import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { RedisSilence } from '../../src/redis/silence.ts';

describe('The silence of Redis', () => {
  it('is as long as the first question has no answer, and none where nothing was asked (SILENT-1)', async () => {
    let nowMs = 0;
    let answer: () => void = () => undefined;
    let refuse: (error: Error) => void = () => undefined;
    let asked = 0;
    const silence = new RedisSilence(
      () => {
        asked += 1;
        return new Promise<void>((resolve, reject) => {
          answer = resolve;
          refuse = reject;
        });
      },
      () => nowMs,
    );
    assert.equal(silence.ms, Number.POSITIVE_INFINITY, 'it has never answered');
    answer();
    await turn();
    assert.equal(silence.ms, 0);
    assert.equal(asked, 1, 'not yet asked again');
    nowMs = 10_000; // As of a node that was paused.
    assert.equal(silence.ms, 0);
    assert.equal(asked, 2);
    nowMs = 11_500;
    assert.equal(silence.ms, 1500);
    assert.equal(asked, 2, 'one question at a time');
    refuse(new Error('It did not answer in time.'));
    await turn();
    assert.equal(silence.ms, 1500);
    assert.equal(asked, 3);
    nowMs = 15_000;
    assert.equal(silence.ms, 5000);
    answer();
    await turn();
    assert.equal(silence.ms, 0);
  });
});
