/** Every planted fault. */
import { addressFaults } from './address-faults.ts';
import { clientFaults } from './client-faults.ts';
import { diskFaults } from './disk-faults.ts';
import { faults } from './faults.ts';
import type { Fault } from './faults.ts';
import { leaseFaults } from './lease-faults.ts';
import { listeningFaults } from './listening-faults.ts';
import { outcomeFaults } from './outcome-faults.ts';
import { memoryFaults } from './memory-faults.ts';
import { quorumFaults } from './quorum-faults.ts';
import { snapshotFaults } from './snapshot-faults.ts';
import { storageFaults } from './storage-faults.ts';

export const allFaults: readonly Fault[] = [
  ...faults,
  ...leaseFaults,
  ...snapshotFaults,
  ...storageFaults,
  ...addressFaults,
  ...clientFaults,
  ...outcomeFaults,
  ...diskFaults,
  ...listeningFaults,
  ...memoryFaults,
  ...quorumFaults,
];
