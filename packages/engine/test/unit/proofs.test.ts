import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestProofMs, Proofs } from '../../src/proofs.ts';
import { settled } from './hand-disk.ts';
import { StillClock } from './still-clock.ts';

/** Two that were asked: the first one is proven, and waits for entry 5. */
function asked() {
  const clock = new StillClock();
  const proofs = new Proofs(clock);
  const ids: number[] = [];
  const told: string[] = [];
  for (const name of ['first', 'second'])
    proofs
      .ask((readId) => ids.push(readId))
      .then(
        () => told.push(`${name} proven`),
        () => told.push(`${name} refused`),
      );
  const [first = 0, second = 0] = ids;
  proofs.proven(first, 5);
  return { clock, proofs, told, second };
}

describe('A proof of leadership', () => {
  it('comes when its index is applied, and not before (ENG-PROOF-1)', async () => {
    const { clock, proofs, told, second } = asked();
    proofs.appliedTo(4);
    await settled();
    assert.deepEqual(told, []);
    proofs.appliedTo(5);
    proofs.proven(second, 5);
    await settled();
    assert.deepEqual(told, ['first proven']);
    proofs.appliedTo(5);
    await settled();
    assert.deepEqual(told, ['first proven', 'second proven']);
    clock.pass(2 * longestProofMs);
    await settled();
    assert.equal(told.length, 2);
  });

  it('is refused when it has not come in its time, proven or not, and forgotten (ENG-PROOF-3)', async () => {
    const { clock, proofs, told, second } = asked();
    clock.pass(longestProofMs - 1);
    await settled();
    assert.deepEqual(told, []);
    clock.pass(501);
    await settled();
    assert.deepEqual(told, ['first refused', 'second refused']);
    // What comes later meets nobody.
    proofs.proven(second, 6);
    proofs.appliedTo(6);
    proofs.end();
    await settled();
    assert.equal(told.length, 2);
  });
});
