/**
 * Which partition of a queue a key belongs to: a hash of the key, the same on every node and in every version. Keys
 * that hash alike stay together, so a partition is what an owner is told for (see the api's queue owners).
 */
export const partitionCount = 64;

/** FNV-1a over the UTF-16 code units, then mixed: the lower bits depend on all of them. */
export function partitionOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let index = 0; index < key.length; index++)
    hash = Math.imul(hash ^ key.charCodeAt(index), 0x0100_0193);
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  return (hash >>> 0) % partitionCount;
}
