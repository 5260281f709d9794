import type { LocalCluster } from '@holdfast/server';

/** @throws Error when the cluster has no such node. */
export function urlOfNode(cluster: LocalCluster, nodeId: string): string {
  const node = cluster.nodes.find((candidate) => candidate.nodeId === nodeId);
  if (node === undefined) throw new Error(`The cluster has no node ${nodeId}.`);
  return node.url;
}
