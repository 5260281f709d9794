/** Faults of who is granted what, who waits and in which order, and of what ends. */
import type { Fault } from './fault.ts';

export const grantFaults: readonly Fault[] = [
  {
    name: 'wait-told-as-held',
    breaks:
      'a hold that waited for an hour is told as held since an hour ago, when another one had the lock',
    file: 'packages/state/src/primitives/holds/settle.ts',
    find: `  if (featureLevel < grantTimeLevel || wallMs === undefined) return waiter;`,
    put: `  if (featureLevel >= 0 || wallMs === undefined) return waiter;`,
    test: 'packages/state/test/unit/grant-times.test.ts',
  },
  {
    name: 'grant-time-before-its-level',
    breaks: 'members of different releases have different states of one log',
    file: 'packages/state/src/primitives/holds/settle.ts',
    find: `  if (featureLevel < grantTimeLevel || wallMs === undefined) return waiter;`,
    put: `  if (wallMs === undefined) return waiter;`,
    test: 'packages/state/test/unit/grant-times.test.ts',
  },
  {
    name: 'expiry-not-guarded',
    breaks: 'a session that was renewed meanwhile is ended by an expiry proposed before',
    file: 'packages/state/src/kernel/sessions/lifetimes.ts',
    find: `if (session === undefined || session.renewal !== renewal) return { ok: true, type: 'unchanged' };`,
    put: `if (session === undefined || renewal < 0) return { ok: true, type: 'unchanged' };`,
  },
  {
    name: 'first-answer-not-remembered',
    breaks: 'a retried acquire is executed a second time',
    file: 'packages/state/src/kernel/once.ts',
    find: `    if (known !== undefined) return repeated(command, requestId, known, handler);`,
    put: `    if (known !== undefined && known.kind !== 'acquire')
      return repeated(command, requestId, known, handler);`,
    test: 'packages/state/test/unit/model.test.ts',
  },
  {
    name: 'queue-is-passed',
    breaks: 'whoever comes when something is free passes those that wait',
    file: 'packages/state/src/primitives/lock/locks.ts',
    find: `if (pool.fits(units, held) && isNext(pool, held, command.terms)) {`,
    put: `if (pool.fits(units, held)) {`,
    test: 'packages/state/test/unit/model.test.ts',
  },
  {
    name: 'waits-outlive-their-session',
    breaks: 'a lock is given to a session that has ended',
    file: 'packages/state/src/kernel/sessions/endings.ts',
    find: `    endWaitOfEnded(tables, waiter);
    for (const pool`,
    put: `    for (const pool`,
  },
  {
    name: 'token-not-renewed-by-grant',
    breaks: 'two holders one after the other have the same token',
    file: 'packages/state/src/kernel/tables.ts',
    find: `    this.fenceCounter += 1;`,
    put: `    this.fenceCounter += this.fenceCounter % 7 === 6 ? 0 : 1;`,
    test: 'packages/state/test/unit/model.test.ts',
  },
  {
    name: 'permits-passed-in-the-queue',
    breaks: 'who needs few permits passes who needs many, for ever',
    file: 'packages/state/src/primitives/semaphore/semaphores.ts',
    find: `if (pool.fits(permits, undefined) && isNext(pool, undefined, terms))`,
    put: `if (pool.fits(permits, undefined))`,
  },
  {
    name: 'permits-beyond-the-limit',
    breaks: 'a semaphore gives more permits than there are',
    file: 'packages/state/src/primitives/holds/pool.ts',
    find: `if (held === undefined) return this.lockDelayEnd === undefined && this.free >= units; // STATE-POOL-3`,
    put: `if (held === undefined)
      return (this.lockDelayEnd === undefined && this.free >= units) || this.kind === 'semaphore';`,
    test: 'packages/state/test/unit/semaphores.test.ts',
  },
  {
    name: 'permits-not-in-the-sessions-end',
    breaks: 'permits of a session that ended are never given back',
    file: 'packages/state/src/kernel/sessions/endings.ts',
    find: `for (const holds of [session.permits, session.holds, session.leads])`,
    put: `for (const holds of [session.holds, session.leads])`,
    test: 'packages/state/test/unit/semaphores.test.ts',
  },
  {
    name: 'two-leaders',
    breaks: 'an election has room for two',
    file: 'packages/state/src/primitives/election/elections.ts',
    find: `sizeFor: () => 1,`,
    put: `sizeFor: () => 2,`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'election-not-in-the-sessions-end',
    breaks: 'a leader whose session ended leads for ever',
    file: 'packages/state/src/kernel/sessions/endings.ts',
    find: `for (const holds of [session.permits, session.holds, session.leads])`,
    put: `for (const holds of [session.permits, session.holds])`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'several-out-of-turn',
    breaks: 'several together are given though somebody is ahead in one of the queues',
    file: 'packages/state/src/primitives/holds/settle.ts',
    find: `return waiters.every((one) => one.pool.nextTurn() === one && mayHave(tables, one));`,
    put: `return waiters.every((one) => one.pool.isServable(one) && mayHave(tables, one));`,
    test: 'packages/state/test/unit/multi-acquire.test.ts',
  },
  {
    name: 'several-left-behind',
    breaks: 'of several waits together the others stay when one ends',
    file: 'packages/state/src/primitives/holds/waits.ts',
    find: `for (const one of together?.waiters ?? [waiter]) {`,
    put: `for (const one of together?.waiters.slice(0, 1) ?? [waiter]) {`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'ending-holds-given-early',
    breaks:
      'what a session that is over still holds is granted to somebody else before it is released',
    file: 'packages/state/src/primitives/holds/pool.ts',
    find: `if (held === undefined) return this.lockDelayEnd === undefined && this.free >= units; // STATE-POOL-3`,
    put: `if (held === undefined) {
      const last = this.firstHold;
      if (last !== undefined && !last.session.living) {
        this.remove(last);
        last.session.removeHold(last);
      }
      return this.lockDelayEnd === undefined && this.free >= units;
    }`,
  },
  {
    name: 'delay-counted-from-the-release',
    breaks:
      'the lock delay of a session that expired begins anew with every entry that ends some of it',
    file: 'packages/state/src/kernel/sessions/endings.ts',
    find: `const untilMs = atMs + session.lockDelayMs; // ENDS-4`,
    put: `const untilMs = Math.max(atMs, tables.timeMs) + session.lockDelayMs;`,
  },
  {
    name: 'waits-of-the-ended-granted',
    breaks: 'a wait that still stands when its session is over is granted',
    file: 'packages/state/src/primitives/holds/settle.ts',
    find: `if (!session.living || tables.isOverdue(dueMs)) return false; // TURN-2`,
    put: `if (tables.isOverdue(dueMs)) return false;`,
  },
  {
    name: 'overdue-waits-granted',
    breaks: 'a wait that ran out is granted because its end did not fit into the entry',
    file: 'packages/state/src/primitives/holds/settle.ts',
    find: `if (!session.living || tables.isOverdue(dueMs)) return false; // TURN-2`,
    put: `if (!session.living) return false;`,
  },
  {
    name: 'pending-work-not-driven',
    breaks:
      'nobody is told that the next entry has work to do: what is left waits for some command',
    file: 'packages/state/src/kernel/tables.ts',
    find: `return this.unsettled.size > 0 || this.ending.size > 0 || this.shrunk.size > 0;`,
    put: `return false;`,
  },
  {
    name: 'barriers-known-in-the-order-of-entering-alone',
    breaks:
      'a session that enters an older round after a newer one, or is restored so, never leaves it when it ends',
    file: 'packages/state/src/kernel/sessions/sessions.ts',
    find: `    this.#joined.add(one);`,
    put: `    if (one.round > (this.#joined.last()?.round ?? 0)) this.#joined.add(one);`,
    test: 'packages/state/test/unit/pages.test.ts',
  },
  {
    name: 'barriers-left-by-moving-all-others',
    breaks: 'the end of a session inside 50,000 barriers moves 10 GB of memory in one turn',
    file: 'packages/state/src/kernel/collections/ordered-by-number.ts',
    find: `const maxLeafLength = 512;`,
    put: `const maxLeafLength = 512_000;`,
    test: 'packages/state/test/unit/growth.test.ts',
  },
  {
    name: 'barrier-opens-early',
    breaks: 'a barrier opens before all have come',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `if (barrier.members.size === barrier.parties) {`,
    put: `if (barrier.members.size >= barrier.parties - 1) {`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'barrier-over-early',
    breaks: 'a round is over when the first has left',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `if (barrier.members.size > 0) return false;`,
    put: `if (barrier.members.size > 0 && !barrier.open) return false;`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'latch-counted-twice',
    breaks: 'a count that is sent again is counted again',
    file: 'packages/state/src/kernel/once.ts',
    find: `    if (known !== undefined) return repeated(command, requestId, known, handler);`,
    put: `    if (known !== undefined && known.kind !== 'count_down')
      return repeated(command, requestId, known, handler);`,
  },
  {
    name: 'longest-time-starts-anew',
    breaks: 'entering a hold gives it another longest time: it never ends',
    file: 'packages/state/src/kernel/sessions/lifetimes.ts',
    find: `  if (session.living) endHold(tables, hold, 'max_hold');
  else`,
    put: `  if (session.living) {
    if (hold.maxHoldExpiry !== undefined) tables.due.remove(hold.maxHoldExpiry);
    hold.maxHoldExpiry = undefined;
  } else`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'urgent-passes-for-ever',
    breaks: 'a stream of urgent requests starves the others',
    file: 'packages/state/src/primitives/holds/queue.ts',
    find: `if (priorityOf(ahead) >= priority || ahead.passed >= maxPasses) return false; // STATE-QUEUE-1, STATE-QUEUE-2`,
    put: `if (priorityOf(ahead) >= priority) return false; // STATE-QUEUE-1`,
  },
  {
    name: 'places-counted-through-the-queue',
    breaks: 'a request that is repeated while it waits costs as many steps as its queue is long',
    file: 'packages/state/src/primitives/holds/queue.ts',
    find: `  for (let count = 0; count < maxCounted; count++) {`,
    put: `  for (let count = 0; count >= 0; count++) {`,
  },
  {
    name: 'cycle-not-seen',
    breaks: 'two who wait for each other are not told',
    file: 'packages/state/src/primitives/holds/deadlock.ts',
    find: `pool.size - units < mostOfOthers) return waiter;`,
    put: `pool.size - units < mostOfOthers) continue;`,
  },
  {
    name: 'search-for-cycles-without-a-bound',
    breaks: 'one entry looks through the same queue and holders for more than a second',
    file: 'packages/state/src/primitives/holds/deadlock.ts',
    find: `      if (!this.#searches.step()) return undefined; // STATE-DEADLOCK-3
      if (!ahead.session.living) continue; // STATE-DEADLOCK-4`,
    put: `      this.#searches.step();
      if (!ahead.session.living) continue; // STATE-DEADLOCK-4`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
  },
  {
    name: 'searches-twice-as-long',
    breaks: 'the searches of one entry take more than 50 ms',
    file: 'packages/state/src/primitives/holds/searches.ts',
    find: `featureLevel >= shorterSearchesLevel`,
    put: `featureLevel > shorterSearchesLevel`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
    test: 'packages/state/test/unit/deadlock.test.ts',
  },
  {
    name: 'searches-shortened-below-their-level',
    breaks: 'a member of this release lets a request wait that an older one refuses as a deadlock',
    file: 'packages/state/src/primitives/holds/searches.ts',
    find: `featureLevel >= shorterSearchesLevel`,
    put: `featureLevel >= 1`,
    hiddenFromRuns: 'in runs no search takes so many steps',
    test: 'packages/state/test/unit/deadlock.test.ts',
  },
  {
    name: 'holders-looked-at-for-every-search',
    breaks: 'each request of an entry adds up the holds of a semaphore again',
    file: 'packages/state/src/primitives/holds/searches.ts',
    find: `if (known?.version === holders.version) return known.shares;`,
    put: `if (known?.version === holders.version && this.#stepsLeft < 0) return known.shares;`,
  },
  {
    name: 'cycle-through-a-hold-that-has-ended',
    breaks: 'a request is refused because of a cycle through a hold that was given back',
    file: 'packages/state/src/primitives/holds/searches.ts',
    find: `if (known?.version === holders.version) return known.shares;`,
    put: `if (known !== undefined) return known.shares;`,
  },
  {
    name: 'cycle-through-a-try-not-seen',
    breaks: 'a request that passes others at once closes a cycle',
    file: 'packages/state/src/primitives/holds/waits.ts',
    find: `  return cycle === undefined ? undefined : deadlock(cycle);
}`,
    put: `  return cycle === undefined || cycle.length > 0 ? undefined : deadlock(cycle);
}`,
  },
  {
    name: 'late-downgrade-undoes-an-upgrade',
    breaks: 'a downgrade that comes late undoes an upgrade made since',
    file: 'packages/state/src/primitives/lock/locks.ts',
    find: `if (hold.fenceToken !== fenceToken) return staleFenceToken(hold, fenceToken);
  if (hold.units`,
    put: `if (!isTokenOf(hold, fenceToken)) return staleFenceToken(hold, fenceToken);
  if (hold.units`,
    test: 'packages/state/test/unit/kinds.test.ts',
  },
  {
    name: 'forced-release-in-one-entry',
    breaks:
      'a forced release of a resource with many holders takes an entry of the log, and a turn of each node, as long as they are many',
    file: 'packages/api/src/operations/locks.ts',
    find: `const command = inParts ? { ...about, through, count: forcedAtOnce } : about;`,
    put: `const command = inParts ? { ...about, through } : about;`,
    test: 'packages/api/test/unit/service.test.ts',
  },
  {
    name: 'forced-release-ends-later-holds',
    breaks:
      'a forced release in parts ends holds that were granted, behind its first part, to those who waited',
    file: 'packages/state/src/primitives/holds/force-release.ts',
    find: `    if (hold.firstToken > last) continue;
`,
    put: '',
    test: 'packages/state/test/unit/locks.test.ts',
  },
  {
    name: 'resize-beyond-its-share',
    breaks:
      'one command that makes a semaphore smaller ends 10,000 waits in one turn of every node',
    file: 'packages/state/src/primitives/semaphore/too-large.ts',
    find: 'if (inParts && tables.workLeft <= 0) {',
    put: 'if (inParts && tables.workLeft <= -1_000_000) {',
    test: 'packages/state/test/unit/semaphores.test.ts',
  },
  {
    name: 'resize-in-parts-below-its-level',
    breaks: 'members of two releases have different states after a semaphore was made smaller',
    file: 'packages/state/src/primitives/semaphore/too-large.ts',
    find: 'tables.featureLevel >= resizeInPartsLevel;',
    put: 'tables.featureLevel >= 1 && resizeInPartsLevel > 1;',
    test: 'packages/state/test/unit/semaphores.test.ts',
  },
  {
    name: 'resize-left-not-in-snapshots',
    breaks: 'a node that was restored leaves waits for more permits than there are in their queue',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `        tables.shrunk.set(pool, pool);`,
    put: `        if (pool.queue.length > 1_000_000) tables.shrunk.set(pool, pool);`,
    test: 'packages/state/test/unit/semaphores.test.ts',
  },
];
