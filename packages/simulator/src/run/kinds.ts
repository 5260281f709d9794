/** Which kinds of runs there are. */
import { simulateLeaders } from '../leaders/leader-run.ts';
import { simulateQuorum } from '../quorum/quorum-run.ts';
import { simulateScenario } from '../scenarios/scenario-run.ts';
import { simulateCluster } from './cluster-run.ts';
import type { RunResult } from './cluster-run.ts';

export type RunKind = 'cluster' | 'leaders' | 'quorum' | 'scenarios';
type Simulate = (seed: bigint, trace?: (line: string) => void) => Promise<RunResult>;

export const runs: Readonly<Record<RunKind, Simulate>> = {
  cluster: simulateCluster,
  leaders: simulateLeaders,
  quorum: simulateQuorum,
  scenarios: simulateScenario,
};
export const isRunKind = (text: string): text is RunKind => Object.hasOwn(runs, text);
