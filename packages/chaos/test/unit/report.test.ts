import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { report } from '../../src/index.ts';
import type { RunOutcome } from '../../src/index.ts';

const outcome: RunOutcome = {
  possible: ['stop node', 'part', 'slow links'],
  strikes: [
    { nemesis: 'stop node', target: 'node-1', lastedMs: 900, healedAtMs: 0, recoveryMs: 40 },
  ],
  skipped: [],
  operations: 100,
  granted: 40,
  unknown: 1,
  verdict: { type: 'linearizable', keys: 2, steps: 100 },
  history: [],
  failures: [],
};

describe('The report of a chaos run', () => {
  it('tells that every promise was kept', () => {
    const { text, kept } = report('three nodes', outcome);
    assert.ok(kept);
    assert.match(text, /three nodes: every promise was kept/);
    assert.match(text, /40 ms median, 40 ms longest/);
  });
  it('tells which kinds of faults there was no time for', () => {
    const { text } = report('three nodes', outcome);
    assert.match(text, /no time for +part, slow links$/m);
    const all = report('three nodes', { ...outcome, possible: ['stop node'] });
    assert.doesNotMatch(all.text, /no time/);
  });

  const broken: Readonly<Record<string, Partial<RunOutcome>>> = {
    'a verdict that is open': {
      verdict: { type: 'undecided', keys: ['red'], reason: 'steps', steps: 1 },
    },
    'a recovery that took too long': {
      strikes: [{ nemesis: 'part', target: 'a | b', lastedMs: 1, healedAtMs: 0, recoveryMs: 5001 }],
    },
    'a failure': { failures: ['node-1 did not start'] },
    'no lock at all': { granted: 0 },
  };
  for (const [name, change] of Object.entries(broken)) {
    it(`does not take ${name} for a kept promise`, () => {
      assert.equal(report('x', { ...outcome, ...change }).kept, false);
    });
  }
});
