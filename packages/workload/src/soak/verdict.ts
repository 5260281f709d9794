/**
 * Whether a run passed. Each measure has a limit for what its line may rise in the second half of the run, in which
 * caches are full and code is compiled. Of half an hour (a run of 60 minutes) the limits are below what a leak of one object an
 * operation comes to, and above what a garbage collector that is in no hurry moves: the live heaps of three nodes rose by 1.8 to 2.7 MiB
 * in that time, and no handle was added.
 */
import { metricOf } from './samples.ts';
import type { SoakSample } from './samples.ts';
import { trendOf } from './slope.ts';
import type { TrendPoint } from './slope.ts';

/** From so many minutes on a garbage collector has been through all of it: what a leak would fill is judged more closely, and has to be measured. */
const closelyFromMinutes = 60;
/** Shorter runs see what a program does at its beginning: their lines are shown, not judged. */
export const judgedFromMinutes = 20;
const mebibyte = 1024 * 1024;

interface Measure {
  readonly name: keyof SoakSample;
  readonly unit: string;
  readonly divisor: number;
  /** What the line may rise in the second half of the run, in the unit. */
  readonly mayRise: number;
  /** The same where it is judged more closely. */
  readonly closely?: number;
  readonly hasToBeMeasured?: boolean;
}

const measures: readonly Measure[] = [
  { name: 'memoryBytes', unit: 'MiB', divisor: mebibyte, mayRise: 64 },
  { name: 'liveHeapBytes', unit: 'MiB', divisor: mebibyte, mayRise: 16, closely: 4 },
  { name: 'diskBytes', unit: 'MiB', divisor: mebibyte, mayRise: 10 },
  { name: 'handles', unit: 'handles', divisor: 1, mayRise: 5, closely: 1 },
  { name: 'longestTurnMs', unit: 'ms', divisor: 1, mayRise: 50 },
  { name: 'loopDelayMs', unit: 'ms', divisor: 1, mayRise: 10 },
];

/** A sample of a node, and when it was taken. */
export interface TimedSample {
  readonly atMs: number;
  readonly sample: SoakSample;
}

export interface SoakVerdict {
  readonly lines: readonly string[];
  readonly passed: boolean;
}

const measuresOf = (minutes: number): readonly Measure[] =>
  minutes < closelyFromMinutes
    ? measures
    : measures.map((measure) => ({
        ...measure,
        mayRise: measure.closely ?? measure.mayRise,
        hasToBeMeasured: true,
      }));

/** @param samples By node, in the order of their time. */
export function judgeSamples(
  samples: ReadonlyMap<string, readonly TimedSample[]>,
  minutes: number,
): SoakVerdict {
  const isJudged = minutes >= judgedFromMinutes;
  const rows = [...samples].flatMap(([nodeId, of]) =>
    measuresOf(minutes).map((measure) => rowOf(nodeId, measure, of, isJudged)),
  );
  const lines = rows.map(({ line }) => line);
  if (!isJudged)
    lines.push(`Shown, not judged: a run of less than ${String(judgedFromMinutes)} minutes.`);
  return { lines, passed: rows.every(({ passed }) => passed) };
}

function rowOf(
  nodeId: string,
  { name, unit, divisor, mayRise, hasToBeMeasured = false }: Measure,
  samples: readonly TimedSample[],
  isJudged: boolean,
): { readonly line: string; readonly passed: boolean } {
  const points = samples.flatMap(({ atMs, sample }): TrendPoint[] => {
    const value = sample[name];
    return value === undefined ? [] : [{ atMs, value: value / divisor }];
  });
  const label = `${nodeId} ${name}`.padEnd(24);
  const trend = trendOf(points);
  // A heap that is never collected as a whole has not grown to where that is needed; the memory is measured beside it.
  if (trend === undefined) {
    const line = `${label} was not measured.`;
    return hasToBeMeasured ? { line: `${line}  FAILED`, passed: false } : { line, passed: true };
  }
  const { first, last, perHour, rise } = trend;
  const passed = !isJudged || rise <= mayRise;
  const measured = `${first.toFixed(1)} to ${last.toFixed(1)} ${unit}, ${signed(perHour)} ${unit} an hour`;
  const judged = `the line rises ${signed(rise)}, at most ${String(mayRise)}`;
  return { line: `${label} ${measured} (${judged})${passed ? '' : '  RISES'}`, passed };
}

const signed = (value: number): string => `${value >= 0 ? '+' : ''}${value.toFixed(1)}`;

/** Whether each node recorded all that it had to, however short the run. @param metrics What each told at its end, by node. */
export function judgeAudit(metrics: ReadonlyMap<string, string>): SoakVerdict {
  const rows = [...metrics].map(([nodeId, text]) => {
    const records = metricOf(text, 'holdfast_audit_records_total');
    const dropped = metricOf(text, 'holdfast_audit_dropped_total');
    const failures = metricOf(text, 'holdfast_audit_write_failures_total');
    const passed = records > 0 && dropped === 0 && failures === 0;
    const counts = `${String(records)} records, ${String(dropped)} dropped, ${String(failures)} failed writes`;
    return { line: `${nodeId} audit: ${counts}${passed ? '' : '  FAILED'}`, passed };
  });
  return { lines: rows.map(({ line }) => line), passed: rows.every(({ passed }) => passed) };
}

/** Where a leader is lost or a machine too busy some requests end without an outcome, as they are told to. More of them than this are none of those. */
const mayEndOpen = 0.01;
const alwaysMayEndOpen = 10;

/** @param open How many requests of so many ended with an error that says to ask again. */
export function judgeWork(open: number, done: number): SoakVerdict {
  const passed = open <= alwaysMayEndOpen + mayEndOpen * done;
  const line = `${String(open)} requests ended with an error beside ${String(done)} that were done`;
  return { lines: [`${line}${passed ? '' : '  FAILED'}`], passed };
}
