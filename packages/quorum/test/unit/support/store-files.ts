import { copyFileSync, existsSync, rmSync } from 'node:fs';
import type { QuorumSet } from '@holdfast/protocol';
import type { Changes, LeaseRow } from '../../../src/node/lease-node.ts';
import { openStore } from '../../../src/store/sqlite-store.ts';
import type { OpenedStore } from '../../../src/store/sqlite-store.ts';

export const nothing: Changes = {
  rows: [],
  dropped: [],
  tombstones: [],
  forgotten: [],
  floor: undefined,
};

export const setOf = (epoch: number): QuorumSet => ({ epoch, members: ['n1', 'n2', 'n3'] });

export type Found = Omit<OpenedStore, 'store'>;

/** Opens and closes. */
export function look(file: string): Found {
  const { store, ...found } = openStore(file, setOf(1));
  store.close();
  return found;
}

/** The number-th of saves that are each told from the others. */
export function numbered(number: number): Changes {
  return {
    ...nothing,
    rows: [rowOf(number)],
    tombstones: [`t${String(number)}`],
    floor: number,
  };
}

export function rowOf(number: number): LeaseRow {
  const lease = {
    id: `l${String(number)}`,
    clientId: 'c',
    ttlMs: 1500 + number / 8,
    token: number + 7,
  };
  return {
    resource: `r${String(number)}`,
    maxToken: number + 9,
    lease: number % 3 === 0 ? undefined : lease,
  };
}

/** The file and its log, as they are now. */
export function copy(from: string, to: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    rmSync(to + suffix, { force: true });
    if (suffix !== '-shm' && existsSync(from + suffix)) copyFileSync(from + suffix, to + suffix);
  }
}
