/**
 * Moments at which no node had voted with the file that it had then: what the agreement on a new cluster stands on (VOTER-RECOVERY-2 of
 * quorum/src/node/recovery.ts). A moment is told by the files, the first, second or third of each node: 27 in all, one bit
 * for each.
 */
import { nodeCount } from './messages.ts';

export const filesPerNode = 3;

/** @param which Of the files that a node has one after another, from 0 on. */
export const fileId = (node: number, which: number): number => node * 10 + which + 1;
export const nodeOfFile = (id: number): number => Math.floor((id - 1) / 10);
export const whichOfFile = (id: number): number => (id - 1) % 10;

/** Files of a bootstrap set. */
export function momentOfFiles(files: readonly number[]): number {
  let moment = 0;
  for (const id of files) moment += whichOfFile(id) * filesPerNode ** nodeOfFile(id);
  return moment;
}

/** The same moment under other names. */
export function renamedMoment(moment: number, to: (node: number) => number): number {
  let renamed = 0;
  for (let node = 0; node < nodeCount; node++) {
    const which = Math.floor(moment / filesPerNode ** node) % filesPerNode;
    renamed += which * filesPerNode ** to(node);
  }
  return renamed;
}

/** The same moments under other names, as bits. */
export function renamedMoments(bits: number, to: (node: number) => number): number {
  let renamed = 0;
  for (let moment = 0; moment < filesPerNode ** nodeCount; moment++)
    if ((bits & (1 << moment)) !== 0) renamed |= 1 << renamedMoment(moment, to);
  return renamed;
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
