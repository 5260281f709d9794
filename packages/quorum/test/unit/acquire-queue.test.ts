import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { AcquireQueue } from '../../src/http/acquire-queue.ts';

describe('The queue of acquires and waits', () => {
  let nowMs: number;
  let planned: (() => void)[];
  let acquireQueue: AcquireQueue;
  const stays = new AbortController().signal;
  beforeEach(() => {
    nowMs = 0;
    planned = [];
    acquireQueue = new AcquireQueue({
      now: () => nowMs,
      afterReading: (callback) => void planned.push(callback),
      sliceMs: 4,
      mostWaiting: 10,
    });
  });
  /** Each takes a ms. */
  const takesAMs =
    <T>(value: T) =>
    () => {
      nowMs += 1;
      return Promise.resolve(value);
    };
  const slice = (): void => {
    for (const callback of planned.splice(0)) callback();
  };

  it('is looked at when what has arrived was read, in order, a few ms at a time (ACQUIRE-QUEUE-1)', async () => {
    const done: number[] = [];
    const all = Array.from({ length: 10 }, (_, number) =>
      acquireQueue.whenOthersAreDone(stays, takesAMs(number)).then((value) => done.push(value)),
    );
    await Promise.resolve();
    assert.deepEqual(done, []);
    assert.equal(planned.length, 1);
    slice();
    await Promise.all(all.slice(0, 4));
    assert.deepEqual(done, [0, 1, 2, 3], 'what arrives now is not behind the other six');
    assert.equal(planned.length, 1);
    slice();
    slice();
    await Promise.all(all);
    assert.equal(planned.length, 0);
  });

  it('does nothing for who has gone (ACQUIRE-QUEUE-2)', async () => {
    const goes = new AbortController();
    let acts = 0;
    const given = acquireQueue.whenOthersAreDone(goes.signal, () => Promise.resolve((acts += 1)));
    const other = acquireQueue.whenOthersAreDone(stays, takesAMs('other'));
    goes.abort();
    slice();
    await assert.rejects(given, { code: 'cancelled' });
    assert.equal(await other, 'other');
    assert.equal(acts, 0);
  });

  it('takes no more than it has room for (ACQUIRE-QUEUE-2)', async () => {
    const all = Array.from({ length: 10 }, () =>
      acquireQueue.whenOthersAreDone(stays, takesAMs(1)),
    );
    await assert.rejects(
      acquireQueue.whenOthersAreDone(stays, takesAMs(1)),
      (error) => error instanceof HoldfastError && error.code === 'overloaded',
    );
    for (let slices = 0; slices < 3; slices++) slice();
    await Promise.all(all);
    const later = acquireQueue.whenOthersAreDone(stays, takesAMs('later'));
    slice();
    assert.equal(await later, 'later');
  });

  it('tells what is thrown', async () => {
    const failing = acquireQueue.whenOthersAreDone(stays, () => Promise.reject(new Error('no')));
    slice();
    await assert.rejects(failing, /no/);
  });
});
