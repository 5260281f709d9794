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
      'a circle of waits',
      'tables.heardFrom(session);',
    ])
      assert.equal(retiredWords('a.ts', line).length, 1, line);
  });

  it('lets pass the standard ones, and what stands for something else', () => {
    assert.deepEqual(retiredWords('a.ts', '// The wait was cancelled; the node is paused.'), []);
    assert.deepEqual(retiredWords('a.ts', '// leader completeness (Raft paper, figure 3)'), []);
    assert.deepEqual(retiredWords('a.md', 'scripts/check-packages.ts'), []);
  });

  it('names a word to use for each', () => {
    for (const { word, use } of retired) assert.notEqual(use, '', String(word));
  });
});
