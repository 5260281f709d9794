/** Faults of what people are shown of nodes: the page of lease nodes, and what the members of a cluster stand on. */
import type { Fault } from './fault.ts';

const heldLeases = 'packages/quorum/src/node/held-leases.ts';
const sideBySide = 'packages/quorum/src/http/side-by-side.ts';
const machines = 'packages/api/src/operations/machines.ts';

type PageFault = Omit<Fault, 'hiddenFromRuns'>;

const planted: readonly PageFault[] = [
  {
    name: 'renewed-leases-left-out',
    breaks: 'SLOTS-1: a lease that is renewed while a page is read is on no page, or counted twice',
    file: 'packages/quorum/src/node/lease-node.ts',
    find: `for (const name of this.#slots.names()) {`,
    put: `for (const name of this.#rows.keys()) {`,
    test: 'packages/quorum/test/unit/held-leases.test.ts',
  },
  {
    name: 'leases-left-out-after-a-refused-write',
    breaks: 'SLOTS-1: a lease whose row came back as the disk refused is on no page any more',
    file: 'packages/quorum/src/node/lease-node.ts',
    find: `slot: now?.slot ?? this.#slots.add(resource)`,
    put: `slot: now?.slot ?? row.slot`,
    test: 'packages/quorum/test/unit/held-leases.test.ts',
  },
  {
    name: 'leases-read-for-nobody',
    breaks: 'HELD-2: whoever asks and hangs up has the node read all its leases, again and again',
    file: heldLeases,
    find: `endOfTurn(resolve));
        stopped.throwIfAborted();`,
    put: `endOfTurn(resolve));`,
    test: 'packages/quorum/test/unit/held-leases.test.ts',
  },
  {
    name: 'reading-of-leases-without-an-end',
    breaks: 'HELD-2: others wait behind a reading whose answer nobody waits for any longer',
    file: heldLeases,
    find: `cancel = this.#clock.after(longestReadingMs,`,
    put: `cancel = this.#clock.after(10 * longestReadingMs,`,
    test: 'packages/quorum/test/unit/held-leases.test.ts',
  },
  {
    name: 'readings-of-leases-not-counted',
    breaks: 'HELD-1: any number of readings wait for their places',
    file: heldLeases,
    find: `    this.#readings += 1;\n`,
    put: ``,
    test: 'packages/quorum/test/unit/held-leases.test.ts',
  },
  {
    name: 'all-leases-read-in-one-turn',
    breaks: 'HELD-1: no vote is given while somebody looks at the page of a node with many leases',
    file: heldLeases,
    find: `if (--left === 0) {`,
    put: `if (--left < 0 && this.#readings < 0) {`,
    test: 'packages/quorum/test/unit/held-leases.test.ts',
  },
  {
    name: 'page-beyond-what-a-node-told',
    breaks: 'SIDE-2: a lease is shown as missing on a node that was not asked for it yet',
    file: sideBySide,
    find: `if (end !== undefined && row.resource > end) continue;`,
    put: ``,
    test: 'packages/quorum/test/unit/side-by-side.test.ts',
  },
  {
    name: 'lease-of-one-node-shown-as-held',
    breaks: 'a lease that stands on one node alone is shown as one of a majority',
    file: sideBySide,
    find: `)[needed - 1];`,
    put: `)[0];`,
    test: 'packages/quorum/test/unit/side-by-side.test.ts',
  },
  {
    name: 'silent-lease-node-hides-the-others',
    breaks: 'where one lease node gives no answer, nothing is shown of the others',
    file: sideBySide,
    find: `    } catch (error) {
      const seen`,
    put: `    } catch (error) {
      if (error instanceof Error) throw error;
      const seen`,
    test: 'packages/quorum/test/unit/side-by-side.test.ts',
  },
  {
    name: 'questions-side-by-side-not-counted',
    breaks: 'SIDE-1: whoever asks one lease node has it ask all others, as often as he likes',
    file: sideBySide,
    find: `    this.#underWay += 1;\n`,
    put: ``,
    test: 'packages/quorum/test/unit/side-by-side.test.ts',
  },
  {
    name: 'id-of-a-lease-shown',
    breaks: 'whoever looks at the page of lease nodes can release and renew what others hold',
    file: 'packages/quorum/src/node/overview.ts',
    find: `lease: nameOfLease(lease.leaseId),`,
    put: `lease: lease.leaseId,`,
    test: 'packages/quorum/test/unit/lease-page.test.ts',
  },
  {
    name: 'lease-nodes-shown-without-a-key',
    breaks: 'LEASE-PAGE-1: who holds what on lease nodes is told to everybody',
    file: 'packages/quorum/src/http/dashboard.ts',
    find: `return path === '/' ||`,
    put: `return path === '/' || path === '/nodes' ||`,
    test: 'packages/quorum/test/unit/lease-page.test.ts',
  },
  {
    name: 'node-of-another-set-shown-as-voting',
    breaks: 'a lease node that votes in another set is shown as one whose votes count',
    file: 'packages/dashboard/src/page/lease-tables.ts',
    find: `if (!isOfSet) return`,
    put: `if (told.set === '') return`,
    test: 'packages/dashboard/test/unit/lease-tables.test.ts',
  },
  {
    name: 'silent-member-hides-the-machines',
    breaks: 'MACHINES-1: where one member refuses the question, nothing is shown of the others',
    file: machines,
    find: `await this.#inTime(told).catch(() => undefined);`,
    put: `await this.#inTime(told);`,
    test: 'packages/api/test/unit/machines.test.ts',
  },
  {
    name: 'silent-member-shown-as-answering',
    breaks: 'MACHINES-1: a member that does not answer is shown as one that did',
    file: machines,
    find: `answered: answer !== undefined,`,
    put: `answered: true,`,
    test: 'packages/api/test/unit/machines.test.ts',
  },
  {
    name: 'members-asked-for-each-page',
    breaks: 'MACHINES-1: whoever asks one member has it ask all others, as often as he likes',
    file: machines,
    find: `untilMs: now + freshMs,`,
    put: `untilMs: now,`,
    test: 'packages/api/test/unit/machines.test.ts',
  },
  {
    name: 'anything-told-of-a-machine-is-believed',
    breaks: 'what a member of another release tells is shown as a number of bytes',
    file: machines,
    find: `Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : null;`,
    put: `Number(value);`,
    test: 'packages/api/test/unit/machines.test.ts',
  },
  {
    name: 'mixed-releases-not-told',
    breaks: 'nobody is told that an upgrade was forgotten half-way',
    file: 'packages/dashboard/src/page/machine.ts',
    find: `version ?? [])).size > 1;`,
    put: `version ?? [])).size > 2;`,
    test: 'packages/dashboard/test/unit/charts.test.ts',
  },
  {
    name: 'commits-of-a-follower',
    breaks: 'a follower shows how long commits take on the leader, as if it led',
    file: 'packages/dashboard/src/page/machine.ts',
    find: `leader !== undefined && leader !== node`,
    put: `leader === null`,
    test: 'packages/dashboard/test/unit/charts.test.ts',
  },
  {
    name: 'lags-unknown-without-a-word',
    breaks: 'the page of a follower has no lag of any member, and does not say who knows',
    file: 'packages/dashboard/src/page/cluster.ts',
    find: `status.leader === null || status.leader === status.node_id`,
    put: `status.leader !== status.node_id`,
    test: 'packages/workload/test/dashboard/failover.test.ts',
  },
  {
    name: 'page-not-told-of-changes',
    breaks: 'what changes is on the page when it asks again by itself, and not before',
    file: 'packages/dashboard/src/page/hooks.ts',
    find: `      if (wanted.current !== undefined) refreshing`,
    put: `      if (wanted.current !== undefined && events.length === 0) refreshing`,
    test: 'packages/workload/test/dashboard/dashboard.test.ts',
  },
  {
    name: 'confirmation-that-says-nothing',
    breaks: 'somebody ends holds of others, and is not told so before',
    file: 'packages/dashboard/src/page/confirming.ts',
    find: `              \${asked.says.map((text) => html\`<p>\${text}</p>\`)}\n`,
    put: ``,
    test: 'packages/workload/test/dashboard/dashboard.test.ts',
  },
  {
    name: 'who-a-write-waits-for-left-out',
    breaks: 'a write waits for a client, and the page says that none does',
    file: 'packages/dashboard/src/page/cache.ts',
    find: `\${pendingTable(pending)}`,
    put: `\${pendingTable([])}`,
    test: 'packages/workload/test/dashboard/cache.test.ts',
  },
  {
    name: 'who-delayed-writes-left-out',
    breaks: 'a client holds up writes again and again, and the page says that nobody does',
    file: 'packages/dashboard/src/page/cache.ts',
    find: `\${delaysTable(delays)}`,
    put: `\${delaysTable([])}`,
    test: 'packages/workload/test/dashboard/cache.test.ts',
  },
];

export const pageFaults: readonly Fault[] = planted.map((fault) => ({
  ...fault,
  hiddenFromRuns: 'nobody looks at pages in runs',
}));
