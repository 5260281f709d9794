import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allFaults as faults } from '../mutants/all-faults.ts';
import { faultyText } from '../mutants/plant.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

describe('planted faults', () => {
  it('have names of their own', () => {
    assert.equal(new Set(faults.map((fault) => fault.name)).size, faults.length);
  });

  for (const fault of faults) {
    it(`${fault.name} has its place in ${fault.file}`, () => {
      assert.notEqual(faultyText(root, fault), '');
    });
  }
});
