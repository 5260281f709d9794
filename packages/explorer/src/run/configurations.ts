/** Every configuration that can be walked through, by name. */
import type { RaftConfiguration } from '../raft/bounds.ts';
import { raftConfigurations } from '../raft/configurations.ts';
import { RaftModel } from '../raft/raft-model.ts';
import type { Model } from '../search/model.ts';

export interface Configuration {
  readonly purpose: string;
  /** In words, for people. */
  readonly bounds: string;
  readonly open: () => Model;
}

export const configurations: ReadonlyMap<string, Configuration> = new Map(
  Object.entries(raftConfigurations).map(([name, configuration]) => [
    name,
    {
      purpose: configuration.purpose,
      bounds: raftBounds(configuration),
      open: () => new RaftModel(configuration),
    },
  ]),
);

function raftBounds({ budget, lineCapacity, isDiskFast }: RaftConfiguration): string {
  const counts = Object.entries(budget).flatMap(([what, count]) =>
    count > 0 ? [`${what} ${String(count)}`] : [],
  );
  const disks = isDiskFast ? 'fast disks' : 'each write an action of its own';
  return `three nodes; ${counts.join(', ')}; ${String(lineCapacity)} under way on each line; ${disks}`;
}
