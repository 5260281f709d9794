/**
 * `make bench-failover`: how long no lock can be had after a SIGKILL of the leader (ten times), after
 * a graceful stop (five times), and after a SIGSTOP (three times): a killed process's connections are
 * closed for it and tell of its end, a frozen one's are not, and only its silence does. Exit status 1 when
 * a median is above its goal.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readFlags } from '@holdfast/checker/flags';
import { startLocalCluster } from '@holdfast/server';
import { freePorts } from '../free-ports.ts';
import { describeMachine, machineLine } from '../statistics/machine.ts';
import { median } from '../statistics/median.ts';
import { milliseconds, table } from '../statistics/table.ts';
import { measureOutages } from './outages.ts';
import type { OutageSignal } from './outages.ts';

const help = `Usage: npm run bench:failover -- [OPTION]…

  --kills N   SIGKILLs of the leader (10)
  --stops N   graceful stops of the leader (5)
  --freezes N SIGSTOPs of the leader (3)
  --json      print one JSON document instead of a table
`;

interface Goal {
  readonly signal: OutageSignal;
  readonly words: string;
  /** Infinity: shown, not judged. */
  readonly medianAtMostMs: number;
}

const goals: readonly Goal[] = [
  { signal: 'SIGKILL', words: 'leader killed (SIGKILL)', medianAtMostMs: 1000 },
  { signal: 'SIGTERM', words: 'leader stopped (SIGTERM)', medianAtMostMs: 100 },
  { signal: 'SIGSTOP', words: 'leader frozen (SIGSTOP)', medianAtMostMs: Infinity },
];

interface Outcome extends Goal {
  readonly outagesMs: readonly number[];
  readonly medianMs: number;
  readonly met: boolean;
}

function readCount(name: string, text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1000) {
    throw new Error(`--${name} is ${text}; give a whole number from 0 to 1000.`);
  }
  return count;
}

async function measure(
  counts: Readonly<Record<OutageSignal, number>>,
): Promise<readonly Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-failover-'));
  const cluster = await startLocalCluster({ ports: await freePorts(3), folder });
  const outcomes: Outcome[] = [];
  try {
    for (const goal of goals) {
      const times = counts[goal.signal];
      if (times === 0) continue;
      let number = 0;
      const outagesMs = await measureOutages(cluster, goal.signal, times, (leader, outageMs) => {
        number += 1;
        process.stderr.write(
          `${goal.words} ${String(number)} of ${String(times)}: ${leader}, ${outageMs === Infinity ? 'no lock any more' : `no lock for ${milliseconds(outageMs)} ms`}\n`,
        );
      });
      const medianMs = median(outagesMs);
      outcomes.push({ ...goal, outagesMs, medianMs, met: medianMs <= goal.medianAtMostMs });
    }
  } finally {
    await cluster.close();
    await rm(folder, { recursive: true, force: true });
  }
  return outcomes;
}

function print(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ words, outagesMs, medianMs, medianAtMostMs, met }) => [
    words,
    String(outagesMs.length),
    milliseconds(outagesMs.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY)),
    milliseconds(medianMs),
    milliseconds(outagesMs.reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY)),
    medianAtMostMs === Infinity
      ? '–'
      : `${milliseconds(medianAtMostMs)} ${met ? '(met)' : '(missed)'}`,
  ]);
  const headings = [
    'no lock could be had, ms',
    'times',
    'least',
    'median',
    'most',
    'goal for the median',
  ];
  process.stdout.write(`Machine: ${machineLine(describeMachine())}\n\n${table(headings, rows)}\n`);
}

async function main(): Promise<boolean> {
  const { values } = readFlags({
    options: {
      kills: { type: 'string', default: '10' },
      stops: { type: 'string', default: '5' },
      freezes: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return true;
  }
  const outcomes = await measure({
    SIGKILL: readCount('kills', values.kills),
    SIGTERM: readCount('stops', values.stops),
    SIGSTOP: readCount('freezes', values.freezes),
  });
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ machine: describeMachine(), outcomes }, null, 2)}\n`);
  } else {
    print(outcomes);
  }
  return outcomes.every((outcome) => outcome.met);
}

process.exitCode = (await main()) ? 0 : 1;
