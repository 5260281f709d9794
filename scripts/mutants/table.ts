/** The table of planted faults in docs/safety.md, made from the lists and from what was measured. */
import { runsReach } from './ask-simulator.ts';
import { allFaults, faultGroups } from './all-faults.ts';
import { earlierFaults } from './earlier-faults.ts';
import type { Fault } from './fault.ts';
import { Imports } from './imports.ts';
import { isOfOlderText, resultOf } from './results.ts';
import type { Result, Results, SimulatorResult, TestsResult, Way } from './results.ts';

const begin = '<!-- Made by "make mutants" and "make documents" from here on. -->';
const end = '<!-- Made by "make mutants" until here. -->';

/** Behind what was measured with another text of the file than it has now. MR-2. */
const older = '†';

/** The document with its table made anew. @throws Error where the marks are missing. */
export function withTable(root: string, document: string, results: Results): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/safety.md has lost the marks of its table.');
  return `${document.slice(0, from + begin.length)}\n\n${tables(root, results)}\n${document.slice(to)}`;
}

interface Measured {
  readonly fault: Fault;
  readonly result: Result;
  /** The mark of what was measured with an older text, or nothing. */
  readonly marks: Readonly<Record<Way, string>>;
}

function measuredOf(root: string, imports: Imports, fault: Fault, results: Results): Measured {
  const known = resultOf(results, fault);
  // That no run imports the file is known without asking any.
  const result: Result = runsReach(imports, fault)
    ? known
    : { ...known, simulator: { type: 'out of reach' } };
  const mark = (way: Way): string =>
    known[way] !== undefined && isOfOlderText(root, fault, result, way) ? ` ${older}` : '';
  return { fault, result, marks: { simulator: mark('simulator'), tests: mark('tests') } };
}

function tables(root: string, results: Results): string {
  const imports = new Imports(root);
  const groups = faultGroups.map(({ title, faults }) => ({
    title,
    measured: faults.map((fault) => measuredOf(root, imports, fault, results)),
  }));
  const parts = groups.map(({ title, measured }) => {
    const rows = measured.map(
      (one) =>
        `| \`${one.fault.name}\` | ${simulatorCell(one.fault, one.result.simulator)}${markOf(one)} | ${testsCell(one.result.tests)}${one.marks.tests} |`,
    );
    return `#### ${title}

${summary(measured)}

| fault | whole runs | tests |
| --- | --- | --- |
${rows.join('\n')}
`;
  });
  const all = groups.flatMap(({ measured }) => measured);
  return [`${head(all)}\n`, ...parts, earlier(root, imports, results)].join('\n');
}

/** What cannot be seen, or is out of reach, is said of the fault and not measured. */
const markOf = ({ fault, result, marks }: Measured): string =>
  fault.hiddenFromRuns !== undefined || result.simulator?.type === 'out of reach'
    ? ''
    : marks.simulator;

/** The sums of all groups, and how their rows are read. */
function head(all: readonly Measured[]): string {
  return `**Together.** ${summary(all)}

Counts are found / measured / all that are to be measured: of whole runs without the faults that no run can see or that
are no part of what runs do, of tests without those in the simulator's own machines. ${older} stands behind a result of
another text of the file than it has now: \`make mutants STALE=1\` measures these again.`;
}

/** Of each fault that was seen once: whether it would be found now. */
function earlier(root: string, imports: Imports, results: Results): string {
  const rows = earlierFaults.flatMap(({ seen, planted, kept }) =>
    planted.map((name, place) => {
      const fault = allFaults.find((one) => one.name === name);
      if (fault === undefined)
        throw new Error(`An earlier fault is planted by "${name}", which is none.`);
      const measured = measuredOf(root, imports, fault, results);
      const { simulator, tests } = measured.result;
      const runs =
        simulator?.type === 'found' ? `by ${placeOf(simulator)}` : simulatorCell(fault, simulator);
      const cell = (text: string): string => (place === 0 ? text : '');
      return `| ${cell(seen)} | \`${name}\` | ${runs}${markOf(measured)} | ${shortOf(tests)}${measured.marks.tests} | ${cell(kept.join(', '))} |`;
    }),
  );
  return `#### Faults that trials found, planted back

Before they were mended these had passed all tests and whole runs of their time. The tests named last do what was done then.

| what was seen | planted as | whole runs | tests | done again in |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

function shortOf(tests: TestsResult | undefined): string {
  if (tests === undefined) return 'not measured';
  return tests.type === 'found' || tests.type === 'time-out' ? tests.type : 'not found';
}

function summary(measured: readonly Measured[]): string {
  const count = (holds: (one: Measured) => boolean): string =>
    String(measured.filter(holds).length);
  const isForRuns = ({ fault, result }: Measured): boolean =>
    fault.hiddenFromRuns === undefined && result.simulator?.type !== 'out of reach';
  const byRuns = count(({ result }) => result.simulator?.type === 'found');
  const askedRuns = count((one) => isForRuns(one) && one.result.simulator !== undefined);
  const isForTests = ({ result: { tests } }: Measured): boolean =>
    tests === undefined || !isOutOfTests(tests);
  const byTests = count(({ result }) => result.tests?.type === 'found');
  const askedTests = count((one) => isForTests(one) && one.result.tests !== undefined);
  const byNobody = count(
    ({ result: { simulator, tests } }) =>
      simulator?.type !== 'found' && tests !== undefined && tests.type !== 'found',
  );
  const unknown = count(
    ({ result: { simulator, tests } }) => simulator?.type !== 'found' && tests === undefined,
  );
  const ofOlder = count((one) => one.marks.tests !== '' || markOf(one) !== '');
  return `Of ${String(measured.length)} faults: whole runs ${byRuns} / ${askedRuns} / ${count(isForRuns)}, tests ${byTests} / ${askedTests} / ${count(isForTests)}. Asked of tests and found by nobody: ${byNobody}; neither found by runs nor asked of tests: ${unknown}; with a result of an older text: ${ofOlder}.`;
}

function simulatorCell(fault: Fault, result: SimulatorResult | undefined): string {
  if (fault.hiddenFromRuns !== undefined) return `cannot be seen: ${fault.hiddenFromRuns}`;
  if (result === undefined) return 'not measured';
  const runs = 'runs' in result ? String(result.runs) : '';
  switch (result.type) {
    case 'found':
      return `${placeOf(result)}: ${cell(result.promise)}`;
    case 'not found':
      return `not in ${runs}${undecidedOf(result)}`;
    case 'time-out':
      return result.runs === 0
        ? 'a run that did not end'
        : `not in ${runs}${undecidedOf(result)}: time over`;
    case 'error':
      return `an error beside the checks: ${cell(result.message)}`;
    case 'out of reach':
      return 'no part of them';
  }
}

const undecidedOf = ({ undecided = 0 }: { readonly undecided?: number }): string =>
  undecided === 0 ? '' : `, ${String(undecided)} of them undecided`;

function placeOf({ runs, scenario }: Extract<SimulatorResult, { readonly type: 'found' }>): string {
  return scenario === undefined ? `run ${String(runs)}` : `scenario \`${scenario}\``;
}

/** As for what the simulator's own machines do. */
const isOutOfTests = (result: TestsResult): boolean =>
  result.type === 'not found' && result.files === 0;

function testsCell(result: TestsResult | undefined): string {
  if (result === undefined) return 'not measured';
  if (isOutOfTests(result)) return 'no part of them';
  if (result.type === 'not found')
    return result.ofFiles === undefined
      ? `not by ${String(result.files)} files of tests`
      : `not by ${String(result.files)} of ${String(result.ofFiles)} files of tests: time over`;
  const where = `${result.file.replace(/^packages\//, '')}: ${cell(result.test)}`;
  switch (result.type) {
    case 'found':
      return where;
    case 'time-out':
      return `time-out, no find (${where})`;
    case 'error':
      return `an error beside the checks, no find (${where}: ${cell(result.message)})`;
  }
}

/** As one cell of a table takes it. */
function cell(text: string): string {
  const plain = text
    .replaceAll(/[\\`*_<>[\]{}|~]/g, ' ')
    .replaceAll(/\s+/g, ' ')
    .trim();
  return plain.length > 100 ? `${plain.slice(0, 100)} …` : plain;
}
