import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { retired, retiredWords } from '../check-words.ts';

describe('The check of retired words (WORDS-1)', () => {
  it('finds each of them, with its place and the word to use', () => {
    assert.deepEqual(retiredWords('a.ts', '// one\n// The wait was given up.'), [
      'a.ts:2: "given up": write cancel, step down or time out',
    ]);
    for (const line of [
      'const olderChance = 1;',
      'const mostAbandonedBytes = 1;',
      '/** Says goodbye. */',
      '#better(line: NodeLink): void',
      'export interface Patience {',
      'a circle of waits',
      'tables.heardFrom(session);',
      'whole lives of a cluster',
      'class BrokenLife {}',
      'the founders of the set',
      '// Stands in line before it asks.',
      "name: 'acquire-not-given-up',",
      'Carry it out: a function',
      '// The own session ends with it.',
      "tag: 'meetings',",
      '# The house',
      'then the lead is given back',
      'a raise waits before all others',
      "    case 'hold_lowered':",
      '{ limit: 3, stays: true }',
      "call('give_up', wish)",
      '// The wait was abandoned.',
      "if (error.code === 'aborted') return;",
      '// the way back of a node without its file',
      '## Figures',
      'const told = statsFigures;',
      'rememberGivenUp(tables, request);',
      'const giveUpAfterMs = 1;',
      '// the engine that carries the call out',
      'Carries an operation out; a defect is told.',
      'is never carried out again',
      'const carriedOut = true;',
      'tries again; there is no line.',
      'first answers in the state and in its snapshot',
      'const oldFounders = [];',
    ])
      assert.equal(retiredWords('a.ts', line).length, 1, line);
  });

  it('lets pass the standard ones, and what stands for something else', () => {
    assert.deepEqual(retiredWords('a.ts', '// The wait was cancelled; the node is paused.'), []);
    assert.deepEqual(retiredWords('a.ts', '// leader completeness (Raft paper, figure 3)'), []);
    assert.deepEqual(retiredWords('a.md', 'scripts/check-packages.ts'), []);
    for (const line of [
      "driver.do({ type: 'abandon', sessionId, name, requestId: 1 });",
      "assert.equal(code, 'wait_abandoned');",
      "metaRow('founders', []),",
      'if (signal.aborted) return;',
      '// what is told stays true',
      'the configured limit of a set that is reconfigured',
      '// The first answer that arrives is taken.',
    ])
      assert.deepEqual(retiredWords('a.ts', line), [], line);
  });

  it('names a word to use for each', () => {
    for (const { word, use } of retired) assert.notEqual(use, '', String(word));
  });
});
