/** The scenarios by name. Their number and order decide which seed is which. */
import { belatedCalls } from './belated.ts';
import { ofBounds } from './bounds.ts';
import { ofCache } from './cache.ts';
import { ofDisks } from './disks.ts';
import { ofLeaders } from './leaders.ts';
import { ofMembers } from './members.ts';
import { ofQueues } from './queues.ts';
import { ofQuorum } from './quorum.ts';
import type { QuorumScenario } from './quorum.ts';
import { ofSnapshots } from './snapshots.ts';
import type { Scenario } from './stage.ts';

export const scenarios: Readonly<Record<string, Scenario | QuorumScenario>> = {
  ...ofLeaders,
  ...ofMembers,
  ...ofSnapshots,
  ...belatedCalls,
  ...ofQueues,
  ...ofQuorum,
  ...ofBounds,
  ...ofCache,
  ...ofDisks,
};
export const scenarioNames: readonly string[] = Object.keys(scenarios);
export const isScenario = (text: string): boolean => Object.hasOwn(scenarios, text);
