/** The scenarios by name. Their number and order decide which seed is which. */
import { belatedCalls } from './belated.ts';
import { ofLeaders } from './leaders.ts';
import { ofMembers } from './members.ts';
import { ofQueues } from './queues.ts';
import { ofSnapshots } from './snapshots.ts';
import type { Scenarios } from './stage.ts';

export const scenarios: Scenarios = {
  ...ofLeaders,
  ...ofMembers,
  ...ofSnapshots,
  ...belatedCalls,
  ...ofQueues,
};
export const scenarioNames: readonly string[] = Object.keys(scenarios);
export const isScenario = (text: string): boolean => Object.hasOwn(scenarios, text);
