import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { snapshotFormatVersion } from '@holdfast/state';
import { ConsistencyCheck } from '../../src/consistency-check.ts';
import type { Replica } from '../../src/replica.ts';
import type { Transport } from '../../src/transport/types.ts';
import { StillClock } from './still-clock.ts';

const ids = ['a', 'b', 'c'] as MemberId[] as [MemberId, MemberId, MemberId];
const [a, b, c] = ids;
const digest = (index: number, hash: string) => ({
  index,
  hash,
  formatVersion: snapshotFormatVersion,
});

function checkOfA() {
  const clock = new StillClock();
  const told: string[] = [];
  const infos: string[] = [];
  const errors: string[] = [];
  const diverged: Error[] = [];
  const members = ids.map((id) => ({ id, address: `${id}:1`, role: 'voter' }));
  const check = new ConsistencyCheck({
    nodeId: a,
    clock,
    log: {
      info: (_fields, message) => void infos.push(message),
      warn: (_fields, message) => void errors.push(message),
      error: (_fields, message) => void errors.push(message),
    },
    // What a check needs of them, and no more.
    replica: { status: () => ({ membership: { members } }) } as unknown as Replica,
    transport: {
      call: (to: MemberId, { index, hash }: { index: number; hash: string }) => {
        told.push(`${to} ${String(index)} ${hash}`);
        return Promise.resolve();
      },
    } as unknown as Transport,
    onDiverged: (error) => void diverged.push(error),
  });
  return { check, clock, told, infos, errors, diverged };
}

describe('The check of the consistency', () => {
  it('tells the others what is known, again after a while (DIGEST-4)', () => {
    const { check, clock, told } = checkOfA();
    check.onStateKnown(10, 'x');
    assert.deepEqual(told.splice(0), ['b 10 x', 'c 10 x']);
    clock.pass(29_000);
    check.onTick();
    assert.deepEqual(told, []);
    clock.pass(1000);
    check.onTick();
    assert.deepEqual(told, ['b 10 x', 'c 10 x']);
  });

  it('stops this node when a majority has another state (DIGEST-1)', () => {
    const { check, diverged } = checkOfA();
    check.onStateKnown(10, 'x');
    check.note(b, digest(10, 'y'));
    assert.equal(diverged.length, 0);
    check.note(c, digest(10, 'y'));
    assert.equal(diverged.length, 1);
  });

  it('neither tells nor judges a state that cannot be compared, and says so once (DIGEST-6)', () => {
    const { check, clock, told, infos, errors, diverged } = checkOfA();
    check.onStateKnown(10, undefined);
    for (const other of [b, c]) check.note(other, digest(10, 'y'));
    check.onStateKnown(20, undefined);
    for (const other of [b, c]) check.note(other, digest(20, 'z'));
    for (let count = 0; count < 3; count++) {
      clock.pass(31_000);
      check.onTick();
    }
    assert.deepEqual([told, errors, diverged], [[], [], []]);
    assert.equal(infos.length, 1);
    assert.match(infos[0] ?? '', /earlier version/);
  });

  it('goes on when a state comes that can be compared (DIGEST-6)', () => {
    const { check, clock, told, diverged } = checkOfA();
    check.onStateKnown(10, 'x');
    check.onStateKnown(20, undefined);
    told.length = 0;
    clock.pass(31_000);
    check.onTick();
    assert.deepEqual(told, [], 'what was known before is not told any more');
    check.onStateKnown(30, 'x');
    assert.deepEqual(told, ['b 30 x', 'c 30 x']);
    for (const other of [b, c]) check.note(other, digest(30, 'y'));
    assert.equal(diverged.length, 1);
  });
});
