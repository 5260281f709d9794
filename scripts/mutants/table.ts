/** The table of planted faults in docs/safety.md, made from the lists and from what was measured. */
import { maxRuns } from './ask-simulator.ts';
import { allFaults, faultGroups } from './all-faults.ts';
import { earlierFaults } from './earlier-faults.ts';
import type { Fault } from './fault.ts';
import { resultOf } from './results.ts';
import type { Result, Results, SimulatorResult, TestsResult } from './results.ts';

const begin = '<!-- Made by "make mutants" and "make documents" from here on. -->';
const end = '<!-- Made by "make mutants" until here. -->';

/** The document with its table made anew. @throws Error where the marks are missing. */
export function withTable(document: string, results: Results): string {
  const from = document.indexOf(begin);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error('docs/safety.md has lost the marks of its table.');
  return `${document.slice(0, from + begin.length)}\n\n${tables(results)}\n${document.slice(to)}`;
}

function tables(results: Results): string {
  const parts = faultGroups.map(({ title, faults }) => {
    const measured = faults.map((fault) => ({ fault, result: resultOf(results, fault) }));
    const rows = measured.map(
      ({ fault, result }) =>
        `| \`${fault.name}\` | ${simulatorCell(fault, result.simulator)} | ${testsCell(result.tests)} |`,
    );
    return `#### ${title}

${summary(measured)}

| fault | whole runs | tests |
| --- | --- | --- |
${rows.join('\n')}
`;
  });
  return [...parts, earlier(results)].join('\n');
}

/** Of each fault that was seen once: whether it would be found now. */
function earlier(results: Results): string {
  const rows = earlierFaults.flatMap(({ seen, planted, kept }) =>
    planted.map((name, place) => {
      const fault = allFaults.find((one) => one.name === name);
      if (fault === undefined)
        throw new Error(`An earlier fault is planted by "${name}", which is none.`);
      const { simulator, tests } = resultOf(results, fault);
      const runs =
        simulator?.type === 'found' ? `by ${placeOf(simulator)}` : simulatorCell(fault, simulator);
      const found =
        tests?.type === 'found' ? 'found' : tests === undefined ? 'not measured' : 'not found';
      const cell = (text: string): string => (place === 0 ? text : '');
      return `| ${cell(seen)} | \`${name}\` | ${runs} | ${found} | ${cell(kept.join(', '))} |`;
    }),
  );
  return `#### Faults that trials found, planted back

Before they were mended these had passed all tests and whole runs of their time. The tests named last do what was done then.

| what was seen | planted as | whole runs | tests | done again in |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`;
}

interface Measured {
  readonly fault: Fault;
  readonly result: Result;
}

function summary(measured: readonly Measured[]): string {
  const count = (holds: (result: Result, fault: Fault) => boolean): string =>
    String(measured.filter(({ result, fault }) => holds(result, fault)).length);
  const byRuns = count(({ simulator }) => simulator?.type === 'found');
  const askedRuns = count(
    ({ simulator }, { hiddenFromRuns }) =>
      simulator !== undefined && simulator.type !== 'out of reach' && hiddenFromRuns === undefined,
  );
  const byTests = count(({ tests }) => tests?.type === 'found');
  const askedTests = count(({ tests }) => tests !== undefined && !isOutOfTests(tests));
  const byNobody = count(
    ({ simulator, tests }) =>
      simulator?.type !== 'found' && tests !== undefined && tests.type !== 'found',
  );
  return `Of ${String(measured.length)}: whole runs found ${byRuns} of ${askedRuns} that they were asked for, tests ${byTests} of ${askedTests}; ${byNobody} of these were found by nobody.`;
}

function simulatorCell(fault: Fault, result: SimulatorResult | undefined): string {
  if (fault.hiddenFromRuns !== undefined) return `cannot be seen: ${fault.hiddenFromRuns}`;
  if (result === undefined) return 'not measured';
  const runs = 'runs' in result ? String(result.runs) : '';
  switch (result.type) {
    case 'found':
      return `${placeOf(result)}: ${cell(result.promise)}`;
    case 'not found':
      return `not in ${runs}`;
    case 'time-out':
      return result.runs === 0
        ? 'a run that did not end'
        : `not in ${runs} of ${String(maxRuns[fault.runs ?? 'cluster'])}: time over`;
    case 'error':
      return `an error beside the checks: ${cell(result.message)}`;
    case 'out of reach':
      return 'no part of them';
  }
}

function placeOf({ runs, scenario }: Extract<SimulatorResult, { readonly type: 'found' }>): string {
  return scenario === undefined ? `run ${String(runs)}` : `scenario \`${scenario}\``;
}

/** As for what the simulator's own machines do. */
const isOutOfTests = (result: TestsResult): boolean =>
  result.type === 'not found' && result.files === 0;

function testsCell(result: TestsResult | undefined): string {
  if (result === undefined) return 'not measured';
  if (isOutOfTests(result)) return 'no part of them';
  if (result.type === 'not found') return `not by ${String(result.files)} files of tests`;
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
