/** Every configuration that can be walked through, by name. */
import type { RaftConfiguration } from '../raft/bounds.ts';
import { leaseConfigurations } from '../leases/configurations.ts';
import { LeaseModel } from '../leases/lease-model.ts';
import type { LeaseConfiguration } from '../leases/lease-model.ts';
import { raftConfigurations } from '../raft/configurations.ts';
import { RaftModel } from '../raft/raft-model.ts';
import type { TransitionSystem } from '../search/model.ts';

export interface SmallConfiguration {
  readonly purpose: string;
  /** In words, for people. */
  readonly bounds: string;
  readonly open: () => TransitionSystem;
}

export const configurations: ReadonlyMap<string, SmallConfiguration> = new Map([
  ...Object.entries(raftConfigurations).map(([name, configuration]) => {
    const bounds = raftBounds(configuration);
    return [name, described(configuration, bounds, () => new RaftModel(configuration))] as const;
  }),
  ...Object.entries(leaseConfigurations).map(([name, configuration]) => {
    const bounds = leaseBounds(configuration);
    return [name, described(configuration, bounds, () => new LeaseModel(configuration))] as const;
  }),
]);

function described(
  { purpose }: { readonly purpose: string },
  bounds: string,
  open: () => TransitionSystem,
): SmallConfiguration {
  return { purpose, bounds, open };
}

function leaseBounds({ attempts, rounds, ...counts }: LeaseConfiguration): string {
  const limits = Object.entries(counts).flatMap(([what, count]) =>
    typeof count === 'number' && count > 0 ? [`${what} ${String(count)}`] : [],
  );
  return `three lease nodes, two clients; attempts ${attempts.join(' and ')}; ${limits.join(', ')}; rounds of questions ${rounds.join(', ')}`;
}

function raftBounds({ budget, lineCapacity, isDiskFast }: RaftConfiguration): string {
  const counts = Object.entries(budget).flatMap(([what, count]) =>
    count > 0 ? [`${what} ${String(count)}`] : [],
  );
  const disks = isDiskFast ? 'fast disks' : 'each write an action of its own';
  return `three nodes; ${counts.join(', ')}; ${String(lineCapacity)} under way on each line; ${disks}`;
}
