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
});
