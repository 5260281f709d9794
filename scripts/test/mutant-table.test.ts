/** What the table of planted faults says of what is missing, old, or replayed. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { allFaults, faultGroups } from '../mutants/all-faults.ts';
import type { Fault } from '../mutants/fault.ts';
import { Imports } from '../mutants/imports.ts';
import { Likelihoods } from '../mutants/likelihoods.ts';
import { readsWhatWasStored, replays } from '../mutants/replays.ts';
import { fingerprintOf, hashOfProgram, textOf } from '../mutants/results.ts';
import type { Result, Results } from '../mutants/results.ts';
import { withTable } from '../mutants/table.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const safety = readFileSync(join(root, 'docs/safety.md'), 'utf8');
const tests = { type: 'found', file: 'packages/raft/test/unit/a.test.ts', test: 'a' } as const;
const simulator = { type: 'found', runs: 2, promise: 'kept' } as const;

const faultNamed = (name: string): Fault =>
  allFaults.find((fault) => fault.name === name) ?? assert.fail(name);
const resultFor = (name: string, about: Omit<Result, 'fault'>): Results => ({
  [name]: { fault: fingerprintOf(faultNamed(name)), ...about },
});
const rowOf = (table: string, name: string): string =>
  table.split('\n').find((line) => line.startsWith(`| \`${name}\``)) ?? assert.fail(name);

describe('The table of planted faults', () => {
  const name = 'vote-not-persisted';
  const text = textOf(root, faultNamed(name));

  it('marks what was measured with another text of the file, and nothing else', () => {
    const marked = (texts: Result['texts']): readonly boolean[] => {
      const about = { tests, simulator, ...(texts === undefined ? {} : { texts }) };
      const row = rowOf(withTable(root, safety, resultFor(name, about)), name);
      return row.split(' | ').map((cell) => cell.includes('†'));
    };
    assert.deepEqual(marked({ tests: text, simulator: text }), [false, false, false]);
    assert.deepEqual(marked({ tests: text, simulator: 'other' }), [false, true, false]);
    assert.deepEqual(marked({ tests: 'other', simulator: text }), [false, false, true]);
    assert.deepEqual(marked(undefined), [false, true, true]);
  });

  it('counts what was not measured, in each group and in all', () => {
    const table = withTable(root, safety, resultFor(name, { tests, texts: { tests: 'other' } }));
    const [core] = faultGroups;
    const size = String(core?.faults.length);
    const heading = table.split('\n').find((line) => line.startsWith(`Of ${size} faults`)) ?? '';
    assert.match(heading, new RegExp(`whole runs 0 / 0 / \\d+, tests 1 / 1 / ${size}\\.`));
    const unasked = String((core?.faults.length ?? 0) - 1);
    assert.match(heading, new RegExp(`found by nobody: 0; neither .* asked of tests: ${unasked};`));
    assert.match(heading, /with a result of an older text: 1\.$/);
    const all = String(allFaults.length);
    const together = new RegExp(
      `\\*\\*Together\\.\\*\\* Of ${all} faults: .* tests 1 / 1 / ${all}\\.`,
    );
    assert.match(table, together);
  });
});

describe('The text that a result is of', () => {
  it('is another one where the program is, and not for comments and the layout of lines', () => {
    const program = 'const a = 1;\nconst b = `//x`; // told\n';
    const same = '/** What a is.\n * More. */\nconst a =\n  1;\n// b\nconst b = `//x`; // told\n';
    assert.equal(hashOfProgram(program), hashOfProgram(same));
    assert.notEqual(hashOfProgram(program), hashOfProgram(program.replace('//x', '//y')));
    assert.notEqual(hashOfProgram(program), hashOfProgram(program.replace('1', '2')));
  });
});

describe('Tests that compare with what was stored', () => {
  it('are all known', () => {
    const files = globSync('packages/*/test/**/*.test.ts', { cwd: root }).filter((file) =>
      readsWhatWasStored(readFileSync(join(root, file), 'utf8')),
    );
    // Of a document, which no fault is planted in.
    const others = files.filter((file) => !file.endsWith('/spec.test.ts'));
    assert.deepEqual(others.toSorted(), [...replays].toSorted());
  });

  it('are asked for the faults that name them alone, also where they found others before', () => {
    const likelihoods = new Likelihoods(root, new Imports(root));
    const transcripts = 'packages/raft/test/unit/transcripts.test.ts';
    const known = { type: 'found', file: transcripts, test: 'a' } as const;
    const fault = { ...faultNamed('vote-not-persisted') };
    assert.ok(!likelihoods.filesFor(fault, known).includes(transcripts));
    const [first] = likelihoods.filesFor({ ...fault, test: transcripts }, known);
    assert.equal(first, transcripts);
  });
});

describe('Waits of tests', () => {
  it('that run out are no failed checks: they end by WaitExpiredError (packages/checker/src/waits.ts)', () => {
    const asCheck =
      /assert\.ok\(\s*(?:performance\.now\(\)|Date\.now\(\)|now\(\)) <|\bnow\(\) > \w+\)\s*(?:assert\.fail|throw new Error)|assert\.ok\(!\w+\.aborted,/;
    const wrong = globSync('packages/*/test/**/*.ts', { cwd: root }).filter((file) =>
      asCheck.test(readFileSync(join(root, file), 'utf8')),
    );
    assert.deepEqual(wrong, []);
  });
});
