import type { LeaseStore } from '../../../src/node/host-options.ts';
import type { StoredSet } from '../../../src/node/membership.ts';
import type { Changes, LeaseRow, RestoredVotes } from '../../../src/node/lease-node.ts';

/** What a file keeps, without one: every save is there at once, or refused. */
export class MemoryFile implements LeaseStore {
  readonly rows = new Map<string, LeaseRow>();
  readonly tombstones = new Set<string>();
  floor = 0;
  bootstrapSet: readonly number[] = [];
  hasVoted = false;
  full = false;
  saves = 0;
  stored: StoredSet | undefined;

  save({ rows, dropped, tombstones, forgotten, floor }: Changes): void {
    this.#refuseWhenFull();
    this.saves += 1;
    for (const row of rows) this.rows.set(row.resource, row);
    for (const resource of dropped) this.rows.delete(resource);
    for (const id of tombstones) this.tombstones.add(id);
    for (const id of forgotten) this.tombstones.delete(id);
    if (floor !== undefined) this.floor = floor;
  }

  found(bootstrapSet: readonly number[]): void {
    this.#refuseWhenFull();
    this.bootstrapSet = bootstrapSet;
  }

  markVoting(): void {
    this.#refuseWhenFull();
    this.hasVoted = true;
  }

  writeSet(stored: StoredSet): void {
    this.#refuseWhenFull();
    this.stored = stored;
  }

  becomeMember(stored: StoredSet): void {
    this.#refuseWhenFull();
    this.stored = stored;
    this.hasVoted = false;
    this.bootstrapSet = [];
  }

  restored(): RestoredVotes {
    // As SQL gives them: not in the order of their use.
    const rows = [...this.rows.values()].sort((a, b) => (a.resource < b.resource ? -1 : 1));
    return { rows, tombstones: [...this.tombstones], floor: this.floor };
  }

  #refuseWhenFull(): void {
    if (this.full) throw new Error('The disk is full.');
  }
}
