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
    name: 'lease-image-without-rounds',
    breaks:
      'lease nodes that have asked the others a different number of times are one state to the search: what only one of them does is not seen',
    file: 'packages/explorer/src/leases/lease-node-run.ts',
    find: `      this.isVoting ? null : this.#recovery?.image(this.#now),
      this.isVoting ? 0 : this.#rounds,`,
    put: `      this.isVoting ? null : this.#recovery?.image(this.#now),
      0,`,
    test: 'packages/explorer/test/unit/leases.test.ts',
  },
  {
    name: 'lease-way-compared-with-itself',
    breaks: 'the search compares a way to a state with itself, and another way is not looked at',
    file: 'packages/explorer/src/leases/lease-steps.ts',
    find: `if (!others.has(number) && !this.#isFirstWay(number, local)) others`,
    put: `if (!others.has(number)) others`,
    test: 'packages/explorer/test/unit/leases.test.ts',
  },
  {
    name: 'lease-names-exchanged-by-twos',
    breaks:
      'a lease node that treats one client unlike the other, under one name alone, is not found',
    file: 'packages/explorer/src/leases/symmetry.ts',
    find: `[...this.#renamings.all.keys()].slice(1);`,
    put: `[...this.#renamings.all.keys()].filter(
      (renaming) =>
        this.#renamings.all[renaming]?.filter((to, name) => to !== name).length === 2,
    );`,
    test: 'packages/explorer/test/unit/leases.test.ts',
  },
  {
    name: 'pushed-together-judged-by-key',
    breaks:
      'a request of which the messages of one key came and those of another did not is not found by the judge',
    file: 'packages/checker/src/messages.ts',
    find: `Map.groupBy(pushes, ({ request }) => request).values()`,
    put: `Map.groupBy(pushes, ({ request, key }) => \`\${request} \${key}\`).values()`,
    test: 'packages/checker/test/unit/messages.test.ts',
  },
  {
    name: 'order-within-a-request-not-judged',
    breaks:
      'messages of a request without an answer that come in another order are not found by the judge',
    file: 'packages/checker/src/messages.ts',
    find: `(answeredMs !== undefined || request === together)`,
    put: `(answeredMs !== undefined || (request === together && at < 0))`,
    test: 'packages/checker/test/unit/messages.test.ts',
  },
  {
    name: 'chaos-pushes-one-key-at-a-time',
    breaks: 'no run of a queue pushes to several partitions by one request',
    file: 'packages/chaos/src/queue/batches.ts',
    find: `    const messages = Array.from({ length: count }, () => {
      const key = this.#randomness.pick(this.#keys);`,
    put: `    const key = this.#randomness.pick(this.#keys);
    const messages = Array.from({ length: count }, () => {`,
    test: 'packages/chaos/test/unit/batches.test.ts',
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
