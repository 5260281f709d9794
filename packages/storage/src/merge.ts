/** Several writes as one change: what one after the other would leave behind. */
import type { Entry, HardState, LogIndex, Write } from '@holdfast/raft';
import type { LogChange, LogState } from './frame.ts';

/**
 * @param termAt Of the log before these writes; an install is the first of them.
 * @returns undefined where nothing of the log changes.
 */
export function mergeWrites(
  before: LogState,
  writes: readonly Write[],
  termAt: (index: LogIndex) => number | undefined,
): LogChange | undefined {
  let hardState: HardState = before.hardState;
  let lastIndex = before.lastIndex;
  let truncateFrom: LogIndex | undefined;
  let installed: LogChange['installed'];
  let entries: Entry[] = [];
  let changes = false;
  for (const write of writes) {
    if (write.hardState !== undefined) {
      hardState = write.hardState;
      changes = true;
    }
    if (write.installSnapshot !== undefined) {
      const { index, term } = write.installSnapshot;
      const replacesLog = termAt(index) !== term;
      installed = { index, term, replacesLog };
      changes = true;
      if (replacesLog) lastIndex = index;
    }
    if (write.truncateFrom !== undefined) {
      const from = write.truncateFrom;
      truncateFrom = Math.min(truncateFrom ?? from, from);
      const firstCut = entries.findIndex(({ index }) => index >= from);
      if (firstCut >= 0) entries = entries.slice(0, firstCut);
      lastIndex = Math.min(lastIndex, from - 1);
      changes = true;
    }
    for (const entry of write.entries) {
      if (entry.index !== lastIndex + 1)
        throw new Error(
          `Entry ${String(entry.index)} is to be written behind entry ${String(lastIndex)}.`,
        );
      entries.push(entry);
      lastIndex = entry.index;
      changes = true;
    }
  }
  if (!changes) return undefined;
  return {
    hardState,
    lastIndex,
    ...(installed === undefined ? {} : { installed }),
    ...(truncateFrom === undefined ? {} : { truncateFrom }),
    entries,
  };
}
