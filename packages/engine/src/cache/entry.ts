/** A key of which somebody may have a line, in the directory of who grants them. */
import type { Sharer } from './sharer.ts';

export interface DirectoryEntry {
  readonly holders: Set<Sharer>;
  /** Those that have not acknowledged an invalidation of it. */
  readonly awaited: Set<Sharer>;
  /** Writes that are under way, and its falling out. */
  blocks: number;
}

export const newEntry = (): DirectoryEntry => ({
  holders: new Set(),
  awaited: new Set(),
  blocks: 0,
});
