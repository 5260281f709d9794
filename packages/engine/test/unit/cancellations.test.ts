import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { Command, CommandResult, ResourceName, SessionId } from '@holdfast/state';
import { noQuorum, outcomeUnknown } from '../../src/failures.ts';
import { Cancellations } from '../../src/cancellations.ts';
import { silentLog } from '../cluster.ts';
import { StillClock } from './still-clock.ts';

const acquire = (requestId: number | string, session = 's'): Command => ({
  type: 'acquire',
  sessionId: session as SessionId,
  requestId,
  name: 'x' as ResourceName,
  mode: 'exclusive',
  waitMs: 0,
  acquiredAtMs: 0,
});
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function start(submit: (requestId: number | string) => Promise<CommandResult>) {
  const clock = new StillClock();
  const asked: (number | string)[] = [];
  const state = { closing: false };
  const cancellations = new Cancellations({
    clock,
    log: silentLog,
    isClosing: () => state.closing,
    submit: ({ requestId }) => {
      asked.push(requestId);
      return submit(requestId);
    },
  });
  return { clock, asked, cancellations, state };
}
const done: CommandResult = { ok: true, type: 'abandoned' };

describe('An acquire whose outcome this node could not tell', () => {
  it('is cancelled until that is answered, where its caller has no number for it (CANCELLATION-1)', async () => {
    let failures = 3;
    const { clock, asked, cancellations } = start(() =>
      failures-- > 0 ? Promise.reject(noQuorum()) : Promise.resolve(done),
    );
    cancellations.onFailed(acquire('made-here'), { identity: 'who' }, outcomeUnknown());
    for (let step = 0; step < 6; step++) {
      await turn();
      clock.pass(250);
    }
    assert.deepEqual(asked, ['made-here', 'made-here', 'made-here', 'made-here']);
    assert.equal(cancellations.count, 0);
  });

  it('is cancelled again where there was no room to remember that it was cancelled (SHARE-3)', async () => {
    const full: CommandResult = { ok: false, code: 'limit_exceeded', message: 'Full.' };
    let failures = 2;
    const { clock, asked, cancellations } = start(() =>
      Promise.resolve(failures-- > 0 ? full : done),
    );
    cancellations.onFailed(acquire('made-here'), { identity: 'who' }, outcomeUnknown());
    for (let step = 0; step < 6; step++) {
      await turn();
      clock.pass(250);
    }
    assert.deepEqual(asked, ['made-here', 'made-here', 'made-here']);
    assert.equal(cancellations.count, 0);
  });

  it('is left to a caller who can ask again, and to nobody where nothing was done', async () => {
    const { asked, cancellations } = start(() => Promise.resolve(done));
    cancellations.onFailed(acquire(7), { identity: 'who' }, outcomeUnknown());
    cancellations.onFailed(acquire('n'), { identity: 'who' }, noQuorum());
    cancellations.onFailed(
      acquire('n'),
      { identity: 'who' },
      new HoldfastError('overloaded', 'Full.'),
    );
    cancellations.onFailed({ type: 'advance' }, { identity: 'who' }, outcomeUnknown());
    await turn();
    assert.deepEqual(asked, []);
  });

  it('goes on being cancelled where cancelling it failed, whoever numbered it', async () => {
    const { asked, cancellations } = start(() => Promise.resolve(done));
    const [sessionId, name] = ['s' as SessionId, 'x' as ResourceName];
    const command = { type: 'abandon', sessionId, name, requestId: 7 } as const;
    cancellations.onFailed(command, { identity: 'who' }, noQuorum());
    await turn();
    assert.deepEqual(asked, [7]);
    const enter = { type: 'enter_barrier', sessionId, name, requestId: 'e', parties: 2 } as const;
    cancellations.onFailed(enter, { identity: 'who' }, outcomeUnknown());
    await turn();
    assert.deepEqual(asked, [7, 'e']);
  });

  it('is cancelled before anything that comes later, also while others are not answered', () => {
    const { asked, cancellations } = start(() => new Promise(() => {}));
    for (let count = 0; count < 150; count++)
      cancellations.onFailed(acquire(`n${String(count)}`), { identity: 'who' }, outcomeUnknown());
    assert.equal(asked.length, 150);
    assert.equal(asked.at(-1), 'n149');
  });

  it('costs a bounded amount, and ends with the node (CANCELLATION-2)', async () => {
    const { clock, asked, cancellations, state } = start(() => Promise.reject(noQuorum()));
    for (let count = 0; count < 10_050; count++)
      cancellations.onFailed(
        acquire('n', `s${String(count)}`),
        { identity: 'who' },
        outcomeUnknown(),
      );
    assert.equal(cancellations.count, 10_000);
    assert.equal(asked.length, 10_000, 'each once when it is added');
    await turn();
    assert.equal(asked.length, 10_000);
    clock.pass(250);
    await turn();
    assert.equal(asked.length, 10_100, 'so many at once');
    state.closing = true;
    clock.pass(250);
    await turn();
    clock.pass(250);
    assert.equal(asked.length, 10_100);
  });
});
