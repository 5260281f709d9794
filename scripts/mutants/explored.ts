/** Faults that a walk through a small configuration is to find, and the walk with one of them (docs/explore.md). */
import { spawnSync } from 'node:child_process';
import { allFaults } from './all-faults.ts';
import { Planted } from './plant.ts';

/** By fault: the configuration that finds it. */
export const explored: Readonly<Record<string, string>> = {
  'old-term-committed-by-counting': 'old-terms',
  'membership-not-one-at-a-time': 'membership',
  'read-proof-counts-older-rounds': 'reads',
  'no-confirm-round': 'tokens',
  'begins-with-files-of-one-round': 'short-founding',
};

export interface Walk {
  /** A promise was broken: the search ended with that, and with status 1. */
  readonly isBroken: boolean;
  /** What the search told at its end; where a promise is broken that, what broke it, and the way to it. */
  readonly lines: readonly string[];
  readonly errors: string;
}

/** In a copy of the sources (see `copySources`) that has the fault meanwhile. */
export function walkWith(folder: string, name: string, maxMs: number): Walk {
  const fault = allFaults.find((one) => one.name === name);
  const configuration = explored[name];
  if (fault === undefined || configuration === undefined)
    throw new Error(`"${name}" is no fault that is explored.`);
  const planted = new Planted(folder, fault);
  planted.plant();
  try {
    return walk(folder, configuration, maxMs);
  } finally {
    planted.heal();
  }
}

/** With the sources as they are there. */
export function walk(folder: string, configuration: string, maxMs: number): Walk {
  const main = 'packages/explorer/src/main.ts';
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--conditions=source', main, '--name', configuration],
    { cwd: folder, encoding: 'utf8', timeout: maxMs, maxBuffer: 1 << 26 },
  );
  const lines = stdout.split('\n');
  const summary = lines.findIndex((line) => line.startsWith('A PROMISE IS BROKEN'));
  const isBroken = status === 1 && summary >= 0;
  return { isBroken, lines: lines.slice(isBroken ? summary : -5), errors: stderr };
}
