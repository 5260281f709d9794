/**
 * Which node owns which partition of a queue: rendezvous hashing (highest random weight). Twenty lines and no library:
 * every node finds the same owners from the same nodes, and where one goes only its own partitions move.
 */
import { partitionCount } from '@holdfast/state';

/** The owner of each partition; none where there are no nodes. */
export function ownersOf(nodes: readonly string[]): readonly string[] {
  if (nodes.length === 0) return [];
  return Array.from({ length: partitionCount }, (_, partition) => {
    let owner = '';
    let highest = -1;
    for (const node of nodes) {
      const weight = weightOf(node, partition);
      // Of equal weights the name decides: the same owner in whatever order the nodes are told.
      if (weight > highest || (weight === highest && node > owner))
        [owner, highest] = [node, weight];
    }
    return owner;
  });
}

/** FNV-1a of the node's name, then mixed with the partition (the finalizer of MurmurHash3). */
function weightOf(node: string, partition: number): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < node.length; index++)
    hash = Math.imul(hash ^ node.charCodeAt(index), 0x0100_0193);
  hash = Math.imul(hash ^ Math.imul(partition + 1, 0x9e37_79b1), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
