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
  {
    name: 'restarted-client-knows-the-first-nodes',
    breaks: 'a client that is started again knows only nodes that have been replaced',
    file: 'packages/chaos/src/clients/client-process.ts',
    find: `  constructor(options: ClientOptions) {
    this.name = options.name;
    this.#options = options;`,
    put: `  constructor(options: ClientOptions) {
    this.name = options.name;
    const first = options.environment();
    this.#options = { ...options, environment: () => first };`,
  },
  {
    name: 'chaos-asks-no-node-for-a-revoked-key',
    breaks: 'a node that grants locks by a key whose revocation was acknowledged is not found',
    file: 'packages/chaos/src/cluster/key-changes.ts',
    find: `        if (wasGranted(await this.#acquire(nodeId, key)))
          this`,
    put: `        if (!wasGranted(await this.#acquire(nodeId, key))) return;
        if (nodeId === key)
          this`,
  },
  {
    name: 'chaos-takes-any-caller-for-a-member',
    breaks:
      'cuts are made between other nodes than those that are named, where the nodes speak over TLS',
    file: 'packages/chaos/src/cluster/callers.ts',
    find: `if (hasSocket(pid, inode)) return name;`,
    put: `if (pid > 0) return name;`,
  },
  {
    name: 'lost-messages-counted-only',
    breaks:
      'a run in which one message is lost and another one is there twice looks as if none were lost',
    file: 'packages/simulator/src/checks/messages.ts',
    find: `    const lost = [...this.#live.keys()].filter((id) => !there.has(id));`,
    put: `    const lost = [...this.#live.keys()].slice(there.size);`,
    test: 'packages/simulator/test/unit/checks.test.ts',
  },
];
