import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Command, Event } from '../../src/index.ts';
import { createCommand, Driver, id, lockName } from './support/driver.ts';

const acquire = (session: string, waitMs = 0, requestId = 1): Command => ({
  type: 'acquire',
  sessionId: id(session),
  requestId,
  name: lockName('x'),
  mode: 'exclusive',
  waitMs,
  acquiredAtMs: 1,
});

/** One entry of commands, each of its caller. */
function apply(driver: Driver, timeMs: number, ...asked: readonly (readonly [string, Command])[]) {
  const { events } = driver.machine.apply({
    index: driver.machine.index + 1,
    time: timeMs,
    commands: asked.map(([identity, command]) => ({ identity, command })),
  });
  return events.map((event: Event) => [event.type, event.identity]);
}

describe('an event', () => {
  test('names the caller whose command brought it about, and nobody where time did (CAUSE-1)', () => {
    const driver = new Driver();
    assert.deepEqual(
      apply(
        driver,
        1,
        ['ann', createCommand('a')],
        ['bob', createCommand('b')],
        ['ann', acquire('a')],
      ),
      [
        ['session_created', 'ann'],
        ['session_created', 'bob'],
        ['granted', 'ann'],
      ],
    );
    assert.deepEqual(apply(driver, 2, ['bob', acquire('b', 10)]), [['waiting', 'bob']]);
    const release = { type: 'release', sessionId: id('a'), name: lockName('x') } as const;
    assert.deepEqual(apply(driver, 3, ['ann', release]), [
      ['hold_ended', 'ann'],
      ['granted', 'ann'],
      ['wait_ended', 'ann'],
    ]);
    apply(driver, 4, ['ann', acquire('a', 10, 2)]);
    assert.deepEqual(apply(driver, 20, ['cy', { type: 'advance' }]), [['wait_ended', undefined]]);
  });

  test('names nobody where no identity was proven, or a node asked by itself (CAUSE-1)', () => {
    const driver = new Driver();
    const events = apply(
      driver,
      1,
      ['anonymous', createCommand('a')],
      ['holdfast', createCommand('b')],
    );
    assert.deepEqual(events, [
      ['session_created', undefined],
      ['session_created', undefined],
    ]);
  });
});
