/** When keys were used last is told in few commands (USED-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { StillClock } from '../../../engine/test/unit/still-clock.ts';
import { KeyUses } from '../../src/pipeline/key-uses.ts';
import { MemoryEngine } from '../memory-engine.ts';

const minuteMs = 60_000;

async function start(keys: number) {
  const engine = new MemoryEngine();
  const ids = Array.from({ length: keys }, (_, index) => `k${String(index)}`);
  const about = { identity: 'ann', hash: '0'.repeat(64), createdAtMs: 1 };
  for (const id of ids)
    await engine.submit({ type: 'auth_create_key', id, ...about }, { identity: 'holdfast' });
  engine.submitted.length = 0;
  const clock = new StillClock();
  clock.nowMs = 60 * minuteMs; // Long after the first use that could be known.
  const uses = new KeyUses(engine, clock);
  /** Those told by each command since. */
  const told = (): readonly (readonly string[])[] =>
    engine.submitted
      .splice(0)
      .map(({ command }) =>
        command.type === 'auth_note_uses' ? command.uses.map(({ id }) => id) : assert.fail(),
      );
  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return { engine, ids, clock, uses, told, settled };
}

describe('the last uses of keys', () => {
  test('are told once a minute, in one command, and not by requests (USED-1)', async () => {
    const { engine, clock, uses, told, settled } = await start(2);
    for (let count = 0; count < 100; count++) for (const id of ['k0', 'k1']) uses.used(id);
    assert.deepEqual(told(), []);
    clock.pass(minuteMs - 1);
    assert.deepEqual(told(), []);
    const usedAtMs = clock.wallNow();
    uses.used('k1');
    clock.pass(1);
    await settled();
    assert.deepEqual(told(), [['k0', 'k1']]);
    assert.equal(engine.access.key('k1')?.lastUsedMs, usedAtMs);
    clock.pass(minuteMs);
    assert.deepEqual(told(), [], 'what is told is told once');
  });

  test('are news only where what is known is ten minutes old (USED-1)', async () => {
    const { clock, uses, told, settled } = await start(1);
    uses.used('k0');
    clock.pass(minuteMs);
    await settled();
    assert.equal(told().length, 1);
    clock.pass(8 * minuteMs);
    uses.used('k0');
    clock.pass(minuteMs - 1);
    assert.deepEqual(told(), []);
    clock.pass(1);
    uses.used('k0');
    clock.pass(minuteMs);
    assert.deepEqual(told(), [['k0']]);
  });

  test('are told a thousand at a time (USED-1)', async () => {
    const { ids, clock, uses, told } = await start(1500);
    for (const id of ids) uses.used(id);
    clock.pass(minuteMs);
    assert.deepEqual(
      told().map((one) => one.length),
      [1000],
    );
    clock.pass(minuteMs);
    assert.deepEqual(told(), [ids.slice(1000)]);
  });

  test('are told by the next use where telling failed, and no more after the end', async () => {
    const { engine, clock, uses, told, settled } = await start(1);
    engine.failWith = new HoldfastError('shutting_down', 'This node is shutting down.');
    uses.used('k0');
    clock.pass(minuteMs);
    await settled();
    assert.equal(told().length, 1);
    engine.failWith = undefined;
    uses.used('k0');
    clock.pass(minuteMs);
    await settled();
    assert.deepEqual(told(), [['k0']]);
    clock.pass(11 * minuteMs);
    uses.used('k0');
    uses.close();
    clock.pass(minuteMs);
    assert.deepEqual(told(), []);
  });
});
