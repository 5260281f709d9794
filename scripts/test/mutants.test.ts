import assert from 'node:assert/strict';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isScenario } from '../../packages/simulator/src/scenarios/scenarios.ts';
import { allFaults as faults } from '../mutants/all-faults.ts';
import { abouts, scenarioFor } from '../mutants/abouts.ts';
import { askSimulator } from '../mutants/ask-simulator.ts';
import { TestAsker, unsoundOf } from '../mutants/ask-tests.ts';
import type { Unmutated } from '../mutants/ask-tests.ts';
import { earlierFaults } from '../mutants/earlier-faults.ts';
import { Imports } from '../mutants/imports.ts';
import { faultyText, Planted } from '../mutants/plant.ts';
import { keepResult, readResults, resultOf, textOf } from '../mutants/results.ts';
import { withTable } from '../mutants/table.ts';
import { runTestFile } from '../mutants/test-file.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const limitMs = 20_000;

describe('planted faults', () => {
  it('have names of their own', () => {
    assert.equal(new Set(faults.map((fault) => fault.name)).size, faults.length);
  });

  it('stand for every fault that was seen once', () => {
    for (const { seen, planted, kept } of earlierFaults) {
      assert.ok(planted.length > 0 && kept.length > 0, seen);
      for (const file of kept)
        assert.ok(existsSync(join(root, `packages/${file}.test.ts`)), `${seen}: ${file}`);
      for (const name of planted)
        assert.ok(
          faults.some((fault) => fault.name === name),
          `${seen}: ${name}`,
        );
    }
  });

  for (const fault of faults) {
    it(`${fault.name} has its place in ${fault.file}, and is TypeScript`, () => {
      assert.notEqual(stripTypeScriptTypes(faultyText(root, fault)), '');
    });
  }
});

describe('What became of a file of tests with a fault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-test-'));
  const imports = `import assert from 'node:assert/strict';\nimport { it, describe } from 'node:test';\n`;
  const outcome = (text: string, ms = limitMs): ReturnType<typeof runTestFile> => {
    writeFileSync(join(folder, 'a.test.ts'), imports + text);
    return runTestFile(folder, 'a.test.ts', ms);
  };
  after(() => rmSync(folder, { recursive: true }));

  it('is a find where a check failed, named with its suite', async () => {
    const found = await outcome(
      `describe('sums', () => { it('are right', () => assert.equal(1 + 1, 3)); });`,
    );
    assert.equal(found.type, 'assertion');
    assert.equal(found.type === 'assertion' && found.test, 'sums › are right');
  });

  it('is a find where the check is the cause of what a library threw', async () => {
    const text = `it('holds', () => { throw new Error('property', { cause: new assert.AssertionError({ message: 'x' }) }); });`;
    assert.equal((await outcome(text)).type, 'assertion');
  });

  it('is an error beside the checks where a test ended with another one', async () => {
    const found = await outcome(`it('ends', () => { undefined.x; });\nit('is well', () => {});`);
    assert.equal(found.type, 'error');
  });

  it('is told of a property by its first example, without looking for smaller ones', async () => {
    mkdirSync(join(folder, 'node_modules'));
    const library = 'node_modules/fast-check';
    symlinkSync(join(root, library), join(folder, library));
    const property = `fc.property(fc.integer(), () => { runs += 1; assert.fail('each'); })`;
    const found = await outcome(
      `import * as fc from 'fast-check';
       it('stops', () => { let runs = 0; assert.throws(() => fc.assert(${property})); assert.equal(runs, 1); });`,
    );
    assert.equal(found.type, 'passed');
  });

  it('is a time-out where a test has no end, or the file has none', async () => {
    const forever = `new Promise((resolve) => setTimeout(resolve, 60_000))`;
    const test = await outcome(`it('ends', { timeout: 50 }, () => ${forever});`, 3000);
    assert.equal(test.type, 'time-out');
    assert.equal((await outcome(`it('ends', () => ${forever});`, 3000)).type, 'time-out');
    const never = `it('ends', () => new Promise(() => {}));`;
    assert.equal((await outcome(never, 3000)).type, 'time-out');
  });

  it('is a time-out where a wait ran out, whatever it asked last, and whatever a library made of it', async () => {
    const waits = JSON.stringify(join(root, 'packages/checker/src/waits.ts'));
    const wait = `const { untilSo } = await import(${waits});\n`;
    const never = `it('comes', () => untilSo(() => false, { longestMs: 20 }));`;
    assert.equal((await outcome(wait + never)).type, 'time-out');
    const asked = `const { WaitExpiredError } = await import(${waits});
      const cause = new assert.AssertionError({ message: 'asked last' });
      it('comes', () => { throw new WaitExpiredError('', { cause }); });
      it('comes as a property', () => { throw new Error('property', { cause: new WaitExpiredError('') }); });`;
    assert.deepEqual(await outcome(asked), { type: 'time-out', test: 'comes' });
    const signal = `it('comes', async () => { const signal = AbortSignal.timeout(5); await new Promise((r) => setTimeout(r, 50)); signal.throwIfAborted(); });`;
    assert.equal((await outcome(signal)).type, 'time-out');
  });

  it('is a find where what a test claims to come in time does not', async () => {
    const waits = JSON.stringify(join(root, 'packages/checker/src/waits.ts'));
    const claim = `const { assertSoon, assertEnds } = await import(${waits});\n`;
    const never = `it('comes', () => assertSoon(() => false, { longestMs: 20 }));`;
    assert.equal((await outcome(claim + never)).type, 'assertion');
    const endless = `it('ends', () => assertEnds(new Promise(() => {}), { longestMs: 20 }));`;
    assert.equal((await outcome(claim + endless)).type, 'assertion');
    const all = `it('ends', async () => { assert.equal(await assertEnds(Promise.resolve(1)), 1); });`;
    assert.equal((await outcome(claim + all)).type, 'passed');
  });

  it('is a find where a check failed beside a wait that ran out', async () => {
    const waits = JSON.stringify(join(root, 'packages/checker/src/waits.ts'));
    const both = `const { untilSo } = await import(${waits});
      it('comes', () => untilSo(() => false, { longestMs: 20 }));
      it('is right', () => assert.equal(1, 2));`;
    const found = await outcome(both);
    assert.deepEqual(
      [found.type, found.type === 'assertion' && found.test],
      ['assertion', 'is right'],
    );
  });

  it('is told apart where the file cannot be loaded', async () => {
    assert.equal((await outcome(`import './gone.ts';`)).type, 'not loaded');
    assert.equal((await outcome(`const a = ;`)).type, 'not loaded');
  });

  it('is a pass where all tests pass', async () => {
    assert.equal((await outcome(`it('is well', () => {});`)).type, 'passed');
  });
});

describe('The tests that are asked for a fault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-test-'));
  const unit = 'packages/sums/test/unit';
  const fault = {
    name: 'sum-too-large',
    breaks: 'sums',
    file: 'packages/sums/src/sum.ts',
    find: 'a + b',
    put: 'a + b + 1',
  };
  const write = (file: string, text: string): void => {
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  const testOf = (name: string, check: string): void =>
    write(
      `${unit}/${name}.test.ts`,
      `import assert from 'node:assert/strict';\nimport { it } from 'node:test';\nimport { sum } from '../../src/index.ts';\nit('${name}', () => { ${check} });\n`,
    );

  before(() => {
    write('packages/sums/package.json', '{ "name": "@holdfast/sums", "type": "module" }');
    write(fault.file, 'export const sum = (a: number, b: number): number => a + b;\n');
    write('packages/sums/src/index.ts', `export { sum } from './sum.ts';\n`);
    testOf('always-fails', 'assert.equal(sum(1, 1), 7);');
    testOf('throws', 'if (sum(1, 1) !== 2) throw new Error("not 2");');
    testOf('other', 'assert.equal(typeof sum, "function");');
    write(`${unit}/stranger.test.ts`, 'throw new Error("imports nothing");');
  });
  after(() => rmSync(folder, { recursive: true }));

  const ask = async (ms?: number) => {
    const unmutated: Unmutated = new Map();
    const asker = new TestAsker(folder, new Imports(folder), unmutated, ms);
    const planted = new Planted(folder, fault);
    planted.plant();
    const result = await asker.ask(planted, undefined);
    const text = readFileSync(join(folder, fault.file), 'utf8');
    planted.heal();
    assert.match(text, /a \+ b \+ 1/, 'planted still');
    return { result, unsound: unsoundOf(unmutated).map(([file]) => file) };
  };

  it('do not find it by a file that fails without it, nor by an error', async () => {
    const { result, unsound } = await ask();
    assert.equal(result.type, 'error');
    assert.deepEqual(unsound, [`${unit}/always-fails.test.ts`]);
  });

  it('are asked no more when the time for all of them is over', async () => {
    const result = { type: 'not found', files: 0, ofFiles: 3 };
    assert.deepEqual((await ask(0)).result, result);
  });

  it('do not find it by a check that something comes in time, where it does at the second time', async () => {
    const waits = JSON.stringify(join(root, 'packages/checker/src/waits.ts'));
    const once = JSON.stringify(join(folder, 'asked-once'));
    const file = `${unit}/sum-in-time.test.ts`;
    write(
      file,
      `import { existsSync, writeFileSync } from 'node:fs';
       import { it } from 'node:test';
       import { sum } from '../../src/index.ts';
       const { assertSoon } = await import(${waits});
       const isLate = sum(1, 1) === 3 && !existsSync(${once});
       if (isLate) writeFileSync(${once}, '');
       it('comes', () => assertSoon(() => !isLate, { longestMs: 20 }));\n`,
    );
    const { result } = await ask();
    rmSync(join(folder, file));
    assert.equal(result.type, 'error', 'of the test that throws');
    assert.ok(existsSync(join(folder, 'asked-once')));
  });

  it('find it by a check, which is named', async () => {
    testOf('adds', 'assert.equal(sum(1, 1), 2);');
    const file = `${unit}/adds.test.ts`;
    assert.deepEqual((await ask()).result, { type: 'found', file, test: 'adds' });
  });
});

describe('Whole runs that are asked for a fault', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-test-'));
  const file = 'packages/simulator/src/sum.ts';
  const fault = { name: 'sum-too-large', breaks: 'sums', file, find: 'a + b', put: 'a + b + 1' };
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  /** A simulator whose seventh run breaks a promise where this holds. */
  const ask = async (isBroken: string) => {
    write('packages/simulator/package.json', '{ "name": "@holdfast/simulator", "type": "module" }');
    write(file, 'export const sum = (a: number, b: number): number => a + b;\n');
    write(
      'packages/simulator/src/main.ts',
      `import { sum } from './sum.ts';
       const of = (name: string): number => Number(process.argv.find((one) => one.startsWith(name))?.split('=')[1]);
       const [first, seeds] = [of('--first='), of('--seeds=')];
       const isBroken = first <= 7 && first + seeds > 7 && ${isBroken};
       const broken = isBroken ? [{ seed: '7', message: 'two hold it', isPromise: true }] : [];
       console.log(JSON.stringify({ runs: seeds, broken, undecided: [1, 2] }));\n`,
    );
    const planted = new Planted(folder, fault);
    planted.plant();
    const options = { folder, imports: new Imports(folder), threads: 1, maxSeconds: 60 };
    const result = await askSimulator(options, planted);
    const text = readFileSync(join(folder, file), 'utf8');
    planted.heal();
    assert.match(text, /a \+ b \+ 1/, 'planted still');
    return result;
  };
  after(() => rmSync(folder, { recursive: true }));

  it('find it by a run that breaks no promise without it (MUTANT-5)', async () => {
    const found = { type: 'found', runs: 7, promise: 'two hold it' };
    assert.deepEqual(await ask('sum(1, 1) !== 2'), found);
  });

  it('do not find it by a run that breaks one without it, too', async () => {
    const result = await ask('true');
    assert.equal(result.type, 'error');
    assert.match(result.type === 'error' ? result.message : '', /without the fault run 7/);
  });

  it('tell of how many the judge could not decide', async () => {
    assert.deepEqual(await ask('false'), { type: 'not found', runs: 600, undecided: 2 });
  });
});

describe('A fault that is no program', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-test-'));
  const file = 'sum.ts';
  const errorsOf = (put: string): readonly string[] => {
    const fault = { name: 'sum', breaks: 'sums', file, find: 'a + b', put };
    const planted = new Planted(folder, fault);
    const errors = planted.compileErrors();
    planted.heal();
    return errors;
  };
  before(() => {
    // As in a copy of the checkout, with settings that are those of whole packages.
    writeFileSync(join(folder, 'tsconfig.json'), '{ "files": [] }');
    mkdirSync(join(folder, 'node_modules'));
    const compiler = 'node_modules/typescript';
    symlinkSync(join(root, compiler), join(folder, compiler));
    writeFileSync(
      join(folder, file),
      'export const sum = (a: number, b: number) => a + b + gone;\n',
    );
  });
  after(() => rmSync(folder, { recursive: true }));

  it('is told by the names that it uses and that stand for nothing, or by its syntax', () => {
    assert.match(errorsOf('a + c').join(), /^error TS2304: Cannot find name 'c'\.$/);
    assert.match(errorsOf('a + )').join(), /TS1\d{3}/);
  });

  it('is not told of one that compiles, whatever was there before it', () => {
    assert.deepEqual(errorsOf('a - b'), []);
  });
});

describe('What the simulator is asked for a fault', () => {
  it('is of faults that there are, and of scenarios that there are', () => {
    const names = [...Object.keys(abouts), ...Object.keys(scenarioFor)];
    for (const name of names)
      assert.ok(
        faults.some((one) => one.name === name),
        name,
      );
    for (const scenario of Object.values(scenarioFor)) assert.ok(isScenario(scenario), scenario);
  });
});

describe('The results of planted faults', () => {
  const fault = { name: 'a', breaks: '', file: 'x.ts', find: 'a', put: 'b' };
  const tests = { type: 'not found', files: 3 } as const;

  it('change for what was measured alone, and are forgotten of faults that changed or are gone', () => {
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-mutants-test-'));
    try {
      mkdirSync(join(folder, 'scripts/mutants'), { recursive: true });
      const other = { ...fault, name: 'b' };
      keepResult(folder, [fault, other], fault, { tests });
      keepResult(folder, [fault, other], other, { tests });
      keepResult(folder, [fault, other], fault, { simulator: { type: 'not found', runs: 9 } });
      const results = readResults(folder);
      assert.deepEqual(resultOf(results, fault).tests, tests);
      assert.deepEqual(resultOf(results, fault).simulator, { type: 'not found', runs: 9 });
      assert.equal(resultOf(results, { ...fault, put: 'c' }).tests, undefined);
      assert.deepEqual(Object.keys(keepResult(folder, [fault], fault, {})), ['a']);
      // MR-2
      keepResult(folder, [fault], fault, { tests, texts: { tests: 'first' } });
      const texts = { simulator: 'second' };
      keepResult(folder, [fault], fault, { simulator: { type: 'out of reach' }, texts });
      const both = { tests: 'first', simulator: 'second' };
      assert.deepEqual(resultOf(readResults(folder), fault).texts, both);
      writeFileSync(join(folder, fault.file), 'a');
      const before = textOf(folder, fault);
      writeFileSync(join(folder, fault.file), 'a b');
      assert.notEqual(textOf(folder, fault), before);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('stand in the document for every fault once, with those that were not measured', () => {
    const safety = readFileSync(join(root, 'docs/safety.md'), 'utf8');
    const table = withTable(root, safety, {});
    for (const { name, hiddenFromRuns } of faults) {
      const runs =
        hiddenFromRuns === undefined ? '(?:not measured|no part of them)' : 'cannot be seen: ';
      const rows = table.match(new RegExp(`^\\| \`${name}\` \\| ${runs}`, 'gm')) ?? [];
      assert.equal(rows.length, 1, name);
    }
    const stored = readResults(root);
    for (const name of Object.keys(stored)) {
      const known = faults.find((one) => one.name === name);
      assert.ok(known !== undefined, `${name} is measured and is no fault any more`);
      const { tests, ...others } = resultOf(stored, known);
      assert.ok(tests !== undefined || 'simulator' in others, `${name} was changed`);
      if (tests !== undefined && 'file' in tests)
        assert.ok(existsSync(join(root, tests.file)), `${name}: ${tests.file} is gone`);
    }
  });
});
