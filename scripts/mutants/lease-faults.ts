/** Faults of leases across changes of the leader. */
import type { Fault } from './fault.ts';

export const leaseFaults: readonly Fault[] = [
  {
    name: 'whole-timeout-under-each-leader',
    breaks:
      'the session of a dead client never ends while leaders change more often than its timeout',
    file: 'packages/engine/src/leadership.ts',
    find: `    return timeoutMs - passedMs;`,
    put: `    return timeoutMs - Math.min(0, passedMs);`,
    runs: 'leaders',
  },
  {
    name: 'keepalive-answered-before-it-is-logged',
    breaks:
      'the next leader does not know of a keepalive that was answered, and ends the session early',
    file: 'packages/engine/src/leadership.ts',
    find: `      if (this.#isUnheard(sessionId)) return this.#logKeepAlive(sessionId, caller);
      await this.prove();`,
    put: `      if (this.#isUnheard(sessionId)) void this.#logKeepAlive(sessionId, caller).catch(() => undefined);
      await this.prove();
      return this.#renewFromMemory(sessionId);`,
    runs: 'leaders',
    test: 'packages/engine/test/unit/leadership.test.ts',
  },
  {
    name: 'keepalives-are-not-logged',
    breaks: 'sessions that are kept alive in the memory of leaders alone are ended by a later one',
    file: 'packages/engine/src/leadership.ts',
    find: `    return this.#parts.replica.state.leaseOf(sessionId)?.unheardSinceMs !== undefined;`,
    put: `    return this.#parts.replica.state.leaseOf(sessionId)?.unheardSinceMs === -1;`,
    runs: 'leaders',
    test: 'packages/engine/test/unit/leadership.test.ts',
  },
  {
    name: 'beginnings-merged-to-the-earlier-side',
    breaks:
      'leases count from before the leadership in which a session was not heard of: they end early',
    file: 'packages/state/src/kernel/sessions/leaderships.ts',
    find: `    return this.#beginnings[low]?.atMs;`,
    put: `    const known = this.#beginnings[low];
    if (known === undefined || known.number === heardIn + 1) return known?.atMs;
    return this.#beginnings[low - 1]?.atMs;`,
    runs: 'leaders',
    test: 'packages/state/test/unit/leaderships.test.ts',
  },
  {
    name: 'cluster-time-from-an-older-entry',
    breaks:
      'a new leader goes on from an older entry of the same time: leases that count from the later one end early',
    file: 'packages/engine/src/cluster-clock.ts',
    find: `    this.#entryTimeMs = timeMs;
    this.#entryNowMs = nowMs;`,
    put: `    if (timeMs === this.#entryTimeMs && this.#entryNowMs !== 0) return;
    this.#entryTimeMs = timeMs;
    this.#entryNowMs = nowMs;`,
    runs: 'leaders',
    test: 'packages/engine/test/unit/cluster-clock.test.ts',
  },
  {
    name: 'cluster-time-stands-between-leaders',
    breaks: 'leases of the dead get longer by every leadership in which nothing is logged',
    file: 'packages/engine/src/leadership.ts',
    find: `    this.#parts.clusterClock.lead();`,
    put: `    this.onRestored();
    this.#parts.clusterClock.lead();`,
    runs: 'leaders',
    test: 'packages/engine/test/unit/cluster-clock.test.ts',
  },
  {
    name: 'ages-as-of-the-last-entry',
    breaks:
      'the oldest message of a queue whose workers are dead seems to be new, and its alert never fires',
    file: 'packages/engine/src/leadership.ts',
    find: `const timeMs = clusterClock.estimate(clock.now());`,
    put: `const timeMs = clusterClock.estimate(clock.now()) * 0;`,
    hiddenFromRuns: 'what is shown decides nothing',
    test: 'packages/engine/test/unit/ages.test.ts',
  },
  {
    name: 'remaining-times-as-of-the-last-entry',
    breaks:
      'what is left of holds with a longest time is shown as it was when something was last logged',
    file: 'packages/state/src/kernel/tables.ts',
    find: `return nowMs === undefined ? this.timeMs : Math.max(nowMs, this.timeMs);`,
    put: `return nowMs === undefined ? this.timeMs : Math.min(nowMs, this.timeMs);`,
    hiddenFromRuns: 'what is shown decides nothing',
    test: 'packages/engine/test/unit/ages.test.ts',
  },
  {
    name: 'repeated-waits-are-signs-of-life',
    breaks: 'nodes keep the session of a dead client alive by asking again for what it waited for',
    file: 'packages/state/src/kernel/sign-of-life.ts',
    find: `  if (repeated === true || command.type`,
    put: `  if (command.type`,
    runs: 'leaders',
    test: 'packages/state/test/unit/leaderships.test.ts',
  },
  {
    name: 'told-repetition-no-sign-of-life',
    breaks: 'who is told of a grant by a repetition has less of its lease than it was told',
    file: 'packages/state/src/kernel/tables.ts',
    find: `this.isRepeated && session.own && session.holdCount > 0;`,
    put: `this.isRepeated && session.own && session.holdCount < 0;`,
    test: 'packages/state/test/unit/leaderships.test.ts',
  },
  {
    name: 'told-repetition-renews-no-lease',
    breaks:
      'under the leader that tells it, a grant that is told by a repetition has less of its lease than it was told',
    file: 'packages/engine/src/leadership.ts',
    find: `if (lease?.own === true && !lease.onlyWaits) this.leases`,
    put: `if (lease?.own === true && lease.onlyWaits) this.leases`,
    test: 'packages/engine/test/unit/leadership.test.ts',
  },
  {
    name: 'any-repetition-renews-the-lease',
    breaks: 'a client that is dead lives on with the repetitions that nodes send',
    file: 'packages/engine/src/leadership.ts',
    find: `if (lease?.own === true && !lease.onlyWaits) this.leases`,
    put: `if (lease?.onlyWaits === false) this.leases`,
    test: 'packages/engine/test/unit/leadership.test.ts',
  },
  {
    name: 'ended-sessions-stay-in-the-lease-table',
    breaks:
      'a leader keeps something of each session that ended until its last deadline has passed',
    file: 'packages/engine/src/leases.ts',
    find: `    if (this.#heap.has(lease)) this.#heap.remove(lease);`,
    put: ``,
  },
  {
    name: 'leases-looked-at-without-bound',
    breaks: 'some time after a change of the leader one turn looks at the leases of all sessions',
    file: 'packages/engine/src/leases.ts',
    find: `count < limit && looks < looksPerTick; looks++`,
    put: `count < limit; looks++`,
    test: 'packages/engine/test/unit/leases.test.ts',
  },
];
