/**
 * Moments at which no node had voted with the file that it had then: what the agreement on a new cluster stands on (VOTER-RECOVERY-2 of
 * quorum/src/node/recovery.ts). A moment is told by the files, the first, second or third of each node: 27 in all, one bit
 * for each.
 */
import { nodeCount } from './messages.ts';

export const filesPerNode = 3;

/** Files of a bootstrap set. */
export function momentOfFiles(files: readonly number[]): number {
  let moment = 0;
  for (const id of files) moment += ((id - 1) % 10) * filesPerNode ** Math.floor((id - 1) / 10);
  return moment;
}

/** @param newFiles Which of its files each node has; -1: that has voted. @returns -1 where one has voted. */
export function momentOf(newFiles: (node: number) => number): number {
  let moment = 0;
  for (let node = 0; node < nodeCount; node++) {
    const file = newFiles(node);
    if (file < 0) return -1;
    moment += file * filesPerNode ** node;
  }
  return moment;
}
