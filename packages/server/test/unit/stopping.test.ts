/** The steps in which a node ends. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { startOrStop, stopInOrder } from '../../src/stopping.ts';
import type { StopStep } from '../../src/stopping.ts';

const stage = (t: TestContext) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 0;
  t.mock.method(performance, 'now', () => nowMs);
  const told: string[] = [];
  const log = {
    info: () => undefined,
    error: (fields: object) => told.push(JSON.stringify(fields)),
  };
  return {
    told,
    stop: (steps: readonly StopStep[]) => stopInOrder(steps, log, 1000),
    pass: async (ms: number) => {
      await setImmediate();
      nowMs += ms;
      t.mock.timers.tick(ms);
      await setImmediate();
    },
  };
};
const never = (): Promise<void> => new Promise(() => undefined);

describe('the steps of a stop', () => {
  it('are all done though one fails, and that is told (STOP-1)', async (t) => {
    const { stop, told } = stage(t);
    const done: string[] = [];
    const stopped = stop([
      { what: 'api', end: () => Promise.reject(new Error('no socket')) },
      {
        what: 'engine',
        end: () => {
          throw new Error('no disk');
        },
      },
      { what: 'audit', end: async () => void done.push('audit') },
      { what: 'queues', end: () => undefined },
    ]);
    await assert.rejects(stopped, /api, engine/);
    assert.deepEqual(done, ['audit']);
    assert.match(told.join('\n'), /no socket[^]*no disk/);
  });

  it('leave the audit its part of the time, whatever hangs before it (STOP-2)', async (t) => {
    const { stop, told, pass } = stage(t);
    const done: string[] = [];
    const stopped = stop([
      { what: 'api', end: never },
      { what: 'engine', end: never },
      {
        what: 'audit',
        keptMs: 400,
        end: async () => {
          done.push('begun');
          await new Promise((resolve) => setTimeout(resolve, 390));
          done.push('written');
        },
      },
    ]);
    const failed = assert.rejects(stopped, /api, engine/);
    await pass(599);
    assert.deepEqual(done, []);
    await pass(1);
    await pass(0);
    assert.deepEqual(done, ['begun']);
    await pass(390);
    await failed;
    assert.deepEqual(done, ['begun', 'written']);
    assert.match(told.join('\n'), /"what":"api"[^]*did not end in 600 ms/);
  });

  it('have what the ones before have left of the time', async (t) => {
    const { stop, pass } = stage(t);
    const stopped = stop([
      { what: 'api', end: () => new Promise((resolve) => setTimeout(resolve, 700)) },
      { what: 'engine', end: never },
    ]);
    const failed = assert.rejects(stopped, /: engine\./);
    await pass(700);
    await pass(300);
    await failed;
  });
});

describe('a start that can be ended', () => {
  const scene = (): {
    readonly started: PromiseWithResolvers<void>;
    readonly stop: () => Promise<void>;
    stops: number;
  } => {
    const made = {
      started: Promise.withResolvers<void>(),
      stops: 0,
      stop: async () => {
        made.stops += 1;
        await setImmediate();
        made.started.reject(new Error('it ended'));
      },
    };
    return made;
  };

  it('stops once what it has started, however it ends', async () => {
    const control = new AbortController();
    const made = scene();
    const start = startOrStop(() => made.started.promise, made.stop, control.signal);
    control.abort();
    await assert.rejects(start, /it ended/);
    assert.equal(made.stops, 1);
    const failed = scene();
    failed.started.reject(new Error('no port'));
    await assert.rejects(
      startOrStop(() => failed.started.promise, failed.stop),
      /no port/,
    );
    assert.equal(failed.stops, 1);
  });

  it('is rejected where it was ended in the moment in which all had started', async () => {
    const control = new AbortController();
    const made = scene();
    const start = startOrStop(() => made.started.promise, made.stop, control.signal);
    made.started.resolve();
    control.abort(new Error('no longer wanted'));
    await assert.rejects(start, /no longer wanted/);
    assert.equal(made.stops, 1);
  });

  it('starts nothing where it is ended before, and stops nothing where it is ended later', async () => {
    const [early, late] = [new AbortController(), new AbortController()];
    early.abort(new Error('no longer wanted'));
    await assert.rejects(
      startOrStop(assert.fail, async () => undefined, early.signal),
      /no longer wanted/,
    );
    await startOrStop(async () => undefined, assert.fail, late.signal);
    late.abort();
  });
});
