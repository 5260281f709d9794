import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { brokenRules } from '../check-rules.ts';

const spec = '**S1.** A session is a session.\n';
const module = (head: string, code = ''): { readonly path: string; readonly text: string } => ({
  path: 'packages/a/src/a.ts',
  text: `/**\n * A module.\n *\n${head} */\n${code}\n`,
});
const other = (text: string): { readonly path: string; readonly text: string } => ({
  path: 'packages/a/src/b.ts',
  text,
});

describe('The check of rule ids', () => {
  it('lets a rule pass that is declared once and named where it is upheld', () => {
    const source = module(' * STATE-LOCK-2: one holder.\n', '// STATE-LOCK-2');
    assert.deepEqual(brokenRules([source], spec), []);
  });

  it('finds an id that two modules declare (RULES-1)', () => {
    const twice = [module(' * A-1: one.\n', '// A-1'), other('/**\n * A-1: two.\n */\n')];
    assert.match(brokenRules(twice, spec).join(), /b\.ts: A-1 is declared in .*a\.ts already/);
  });

  it('finds what is named and declared nowhere (RULES-2)', () => {
    assert.match(brokenRules([other('// A-7\n')], spec).join(), /A-7 is declared nowhere/);
    assert.match(brokenRules([other('// SPEC.md S9\n')], spec).join(), /SPEC\.md has no rule S9/);
    assert.match(brokenRules([other('/** T1. */\n')], spec).join(), /T1 has no package/);
    const known = other('// SPEC.md S1, in Amazon S3 with SHA-256\n');
    assert.deepEqual(brokenRules([known], spec), []);
  });

  it('finds what is declared and named nowhere else (RULES-3)', () => {
    assert.match(brokenRules([module(' * A-1: one.\n')], spec).join(), /A-1 is named nowhere else/);
  });

  it('finds a rule that a document puts beside another file than its own (RULES-4)', () => {
    const sources = (text: string): { readonly path: string; readonly text: string }[] => [
      module(' * A-1: one.\n'),
      other('// A-1\n'),
      { path: 'packages/a/src/c.ts', text: '' },
      { path: 'ARCHITECTURE.md', text },
    ];
    assert.deepEqual(brokenRules(sources('`a/src/a.ts` (A-1), `b.ts` (A-1)'), spec), []);
    assert.match(
      brokenRules(sources('`c.ts` (A-1)'), spec).join(),
      /c\.ts neither declares nor names A-1/,
    );
    assert.match(brokenRules(sources('`d.ts` (A-1)'), spec).join(), /there is no file d\.ts/);
  });

  it('finds it without parentheses too, and each of those between two (RULES-4)', () => {
    const sources = (text: string): { readonly path: string; readonly text: string }[] => [
      module(' * A-1: one.\n * A-2: two.\n', '// A-1, A-2'),
      other('/**\n * B-1: three.\n */\n// B-1\n'),
      { path: 'ARCHITECTURE.md', text },
    ];
    assert.deepEqual(brokenRules(sources('`a/src/a.ts` A-1 to 2, `b.ts` B-1; A-2'), spec), []);
    const wrong = brokenRules(sources('`b.ts` A-1 to A-2 and B-1'), spec);
    assert.deepEqual(wrong, [
      'ARCHITECTURE.md: b.ts neither declares nor names A-1',
      'ARCHITECTURE.md: b.ts neither declares nor names A-2',
    ]);
    assert.match(
      brokenRules(sources('`b.ts` S1, `a.ts` A-1'), spec).join(),
      /S1 is no rule of b\.ts/,
    );
  });

  it('finds a rule that a document names and SPEC.md has not, beside its examples (RULES-2)', () => {
    const said = (text: string): string[] => brokenRules([{ path: 'docs/a.md', text }], spec);
    assert.deepEqual(said('So it is (S1), in Amazon S3. ```\nT1\n``` `T2` [x](#T3)'), []);
    assert.deepEqual(said('So it is (S1, T9).'), ['docs/a.md: SPEC.md has no rule T9']);
  });
});
