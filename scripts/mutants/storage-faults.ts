/** Planted faults in what the storage does with its files: names, failures, received snapshots. */
import type { Fault } from './faults.ts';

export const storageFaults: readonly Fault[] = [
  {
    name: 'next-transfer-before-the-install',
    breaks:
      'a snapshot that is to be installed is discarded for the first chunk of the next one, which was handed over after it',
    file: 'packages/storage/src/log-storage.ts',
    find: `    for (const { snapshotChunks, installSnapshot } of writes) {
      for (const chunk of snapshotChunks ?? []) await snapshots.receive(chunk);
`,
    put: `    for (const { snapshotChunks } of writes)
      for (const chunk of snapshotChunks ?? []) await snapshots.receive(chunk);
    for (const { installSnapshot } of writes) {
`,
  },
];
