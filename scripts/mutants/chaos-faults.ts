/** Faults of the programs that look for faults among real processes. */
import type { Fault } from './fault.ts';

export const chaosFaults: readonly Fault[] = [
  {
    name: 'restarted-client-names-the-first-set',
    breaks: 'a client that is started again names a set that has ended, and is refused for ever',
    file: 'packages/chaos/src/quorum/quorum-client.ts',
    find: `    this.#set = set;
    this.tell`,
    put: `    this.tell`,
  },
];
