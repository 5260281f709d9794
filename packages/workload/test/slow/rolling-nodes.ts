/** Nodes that are replaced while clients work. */
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { waitUntil } from '../../src/wait-until.ts';

const longestMs = 20_000;

export interface Levels {
  /** In force, as this node has applied it. */
  readonly level: number;
  /** By its program. */
  readonly supported: number;
}

/** Of each node. */
export const levelsOf = (cluster: LocalCluster): Promise<readonly Levels[]> =>
  Promise.all(
    cluster.urls.map(async (url) => {
      const answer = await fetch(`${url}/cluster/status`);
      const status = (await answer.json()) as {
        readonly feature_level: number;
        readonly supported_feature_level: number;
      };
      return { level: status.feature_level, supported: status.supported_feature_level };
    }),
  );

/** What starts now is in the place of this node, on its folder. */
export async function replace(cluster: LocalCluster, id: string): Promise<void> {
  await cluster.kill(id, 'SIGTERM');
  await cluster.restart(id);
  await waitUntil(
    `${id} is ready`,
    longestMs,
    async () => (await fetch(`${urlOfNode(cluster, id)}/readyz`)).ok,
  );
}
