/** Faults of what a snapshot of the state holds, of what is read from it, and of lists of names. */
import type { Fault } from './fault.ts';

export const restoreFaults: readonly Fault[] = [
  {
    name: 'fence-counter-not-in-snapshot',
    breaks: 'tokens repeat after a restore',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `    tables.fenceCounter = fields.number();`,
    put: `    tables.fenceCounter = Math.min(0, fields.number());`,
  },
  {
    name: 'queue-order-lost-on-restore',
    breaks: 'waiters change places after a restore',
    file: 'packages/state/src/primitives/holds/records.ts',
    find: `    pool.enqueue(waiter);`,
    put: `    pool.enqueueAfter(undefined, waiter);`,
    test: 'packages/state/test/unit/restore.test.ts',
  },
  {
    name: 'first-answers-not-in-snapshot',
    breaks: 'a retry after a restore is executed a second time',
    file: 'packages/state/src/kernel/snapshot/session-records.ts',
    find: `    session.requests.restore(id, answer);`,
    put: `    if (answer.kind === 'acquire' && answer.result === undefined)
      session.requests.restore(id, answer);`,
  },
  {
    name: 'snapshot-order-depends-on-changes',
    breaks:
      'a place that changes while a snapshot is taken is put at its end: nodes differ in their bytes',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `for (const place of places) yield* this.#placeOf(place);`,
    put: `for (const place of Array.from(places).sort(
      (a, b) => Number(this.#keptPlaces.has(a)) - Number(this.#keptPlaces.has(b)),
    ))
      yield* this.#placeOf(place);`,
    hiddenFromRuns:
      'it takes a state of more than 256 KiB: a smaller one is written in one turn, in which nothing changes',
  },
  {
    name: 'copy-on-write-of-a-session-left-out',
    breaks:
      'a hold that others end while a snapshot is taken is missing in the order of its session',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `    return kept ?? copySession(session, this.#reader);`,
    put: `    return copySession(kept?.session ?? session, this.#reader);`,
  },
  {
    name: 'restored-order-of-a-session-differs',
    breaks:
      'a node of an older version that is restored ends the holds of a session in another order: tokens go to others',
    file: 'packages/state/src/kernel/snapshot/ties.ts',
    find: `  for (const some of holds) isTold &&= yield* areInFileOrder(walked(some));\n`,
    put: ``,
  },
  {
    name: 'holds-spread-into-a-call',
    breaks:
      'a snapshot with 120,000 holds of one resource cannot be taken or read: the stack is full',
    file: 'packages/state/src/primitives/holds/records.ts',
    find: `    for (let waiter = queue.first; waiter !== undefined; waiter = waiter.next) {`,
    put: `    this.#holds.push(...this.#holds.splice(0));
    for (let waiter = queue.first; waiter !== undefined; waiter = waiter.next) {`,
    test: 'packages/state/test/unit/restore.test.ts',
    hiddenFromRuns: 'it takes 120,000 holds of one resource',
  },
  {
    name: 'waits-of-a-pool-captured-by-reference-alone',
    breaks:
      'who was passed after a snapshot was asked for counts as passed in it: nodes differ in their bytes',
    file: 'packages/state/src/primitives/holds/records.ts',
    find: `encodeWaiter(waiter, this.#passed?.[at] ?? 0)`,
    put: `encodeWaiter(waiter, waiter.passed)`,
    test: 'packages/state/test/unit/captured-pools.test.ts',
  },
  {
    name: 'holds-of-a-pool-captured-by-reference-alone',
    breaks:
      'a hold that is entered again after a snapshot was asked for is so in it: nodes differ in their bytes',
    file: 'packages/state/src/primitives/holds/records.ts',
    find: `encodeHold(hold, this.#states[at])`,
    put: `encodeHold(hold, hold)`,
    test: 'packages/state/test/unit/captured-pools.test.ts',
  },
  {
    name: 'members-of-a-barrier-encoded-at-once',
    breaks:
      'a command that changes a large barrier while a snapshot is taken encodes all its members',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `  encodeMembers(['barrier', name, round, parties, open ? 1 : 0], members.capture(reader));`,
    put: `  Array.from(encodeMembers(['barrier', name, round, parties, open ? 1 : 0], members.capture()));`,
    test: 'packages/state/test/unit/restore.test.ts',
  },
  {
    name: 'cancelled-snapshot-keeps-barriers',
    breaks: 'members of barriers are copied for a snapshot that nobody reads any more',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `members.capture(reader));`,
    put: `members.capture());`,
    hiddenFromRuns: 'memory alone',
    test: 'packages/state/test/unit/many-barriers.test.ts',
  },
  {
    name: 'listing-skips-at-the-next-leaf',
    breaks: 'locks are missing from listings where the index goes on in its next leaf',
    file: 'packages/state/src/kernel/collections/name-index.ts',
    find: `leaf = this.#leaves[(at += 1)], place = 0)`,
    put: `leaf = this.#leaves[(at += 1)])`,
  },
  {
    name: 'closed-locks-walked-in-listings',
    breaks: 'a listing of nothing walks all locks that only a lock delay keeps',
    file: 'packages/state/src/kernel/tables.ts',
    find: `    else this.lockNames.remove(pool.name);`,
    put: `    else if (pool.size === 0) this.lockNames.remove(pool.name);`,
  },
  {
    name: 'ending-sessions-not-in-snapshots',
    breaks: 'a node that was restored knows nothing of sessions that were about to end',
    file: 'packages/state/src/kernel/snapshot/session-records.ts',
    find: `    session.living = false;`,
    put: `    session.living = session.renewal > 0;`,
  },
  {
    name: 'ending-order-lost-in-snapshots',
    breaks: 'sessions that end go on in another order after a restore',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `sessions: [sessions.capture(), ending],`,
    put: `sessions: [sessions.capture(), [...tables.ending.values()].reverse()],`,
  },
  {
    name: 'captured-shard-not-kept',
    breaks: 'a lock that is released while a snapshot is taken is missing in it',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `    segment.keep();
    if (!segment.map.delete(key)) return false;`,
    put: `    if (!segment.map.delete(key)) return false;`,
  },
  {
    name: 'captured-shard-not-kept-on-adding',
    breaks: 'a lock that came to be after a snapshot began is in it: nodes differ in their bytes',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `    last.keep();
    const sizeBefore = last.map.size;`,
    put: `    const sizeBefore = last.map.size;`,
  },
  {
    name: 'order-compared-without-shards',
    breaks: 'a session whose holds are not in the order of the file is restored in another order',
    file: 'packages/state/src/primitives/holds/pool.ts',
    find: `return this.shard === other.shard ? this.ordinal < other.ordinal : this.shard < other.shard;`,
    put: `return this.ordinal < other.ordinal;`,
  },
  {
    name: 'turns-left-not-in-snapshots',
    breaks: 'turns that did not fit into an entry are forgotten by a node that was restored',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `        tables.unsettled.set(pool, pool);`,
    put: `        if (pool.queue.length > 1_000_000) tables.unsettled.set(pool, pool);`,
  },
  {
    name: 'longest-time-not-in-snapshots',
    breaks: 'a node that took a snapshot forgets when holds are over',
    file: 'packages/state/src/primitives/holds/records.ts',
    find: `    state?.maxHoldExpiry === undefined
`,
    put: `    state?.maxHoldExpiry === undefined || state.units > 0
`,
    test: 'packages/state/test/unit/restore.test.ts',
  },
  {
    name: 'digest-keeps-what-was-released',
    breaks: 'the digest of a session is not brought up to date when a hold ends',
    file: 'packages/state/src/kernel/sessions/sessions.ts',
    find: `    this.#digest.remove(firstToken);`,
    put: ``,
  },
  {
    name: 'page-leaves-one-out',
    breaks: 'a page of holds goes on behind a hold that was on no page',
    file: 'packages/state/src/kernel/sessions/session-views.ts',
    find: `      nextAfter = last;
      break;`,
    put: `      nextAfter = hold.firstToken;
      break;`,
  },
  {
    name: 'old-log-under-new-bounds',
    breaks: 'what an old version logged is applied under bounds that it did not know',
    file: 'packages/state/src/kernel/limits.ts',
    find: `  maxWorkPerEntry: unbounded,`,
    put: `  maxWorkPerEntry: 1000,`,
    test: 'packages/state/test/unit/upgrade.test.ts',
  },
  {
    name: 'old-order-taken-for-known',
    breaks: 'the bytes of a state that came by a snapshot of an earlier format are compared',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `tables.isComparable = version > oldestVersion && fields.number() === 1; // SNAP-7`,
    put: `tables.isComparable = version === oldestVersion || fields.number() === 1;`,
    test: 'packages/state/test/unit/upgrade.test.ts',
  },
  {
    name: 'old-order-forgotten-in-snapshots',
    breaks: 'a restart makes a state comparable that is not',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `    tables.isComparable ? 1 : 0, // SNAP-7`,
    put: `    tables.index >= 0 ? 1 : 0,`,
    test: 'packages/state/test/unit/upgrade.test.ts',
  },
  {
    name: 'shards-are-not-made-anew',
    breaks:
      'the tables of all names that came and went stay until a full collection, and are copied',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `if (segment.timesEmpty === 0) segment.renew();`,
    put: `if (segment.timesEmpty < 0) segment.renew();`,
  },
  {
    name: 'segment-without-end',
    breaks:
      'a session of 50,000 locks, or a queue of as many keys, stops the node when its table doubles',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `export const segmentLength = 2048;`,
    put: `export const segmentLength = 2 ** 40;`,
  },
  {
    name: 'leaf-never-divided',
    breaks: 'the index of a table of a million doubles in one operation',
    file: 'packages/state/src/kernel/collections/hash-index.ts',
    find: `leaf.depth < this.#deepest ? this`,
    put: `leaf.depth < 0 ? this`,
  },
  {
    name: 'directory-for-keys-that-were-chosen',
    breaks: 'INDEX-3: a few hundred names whose hashes agree take half a megabyte of each table',
    file: 'packages/state/src/kernel/collections/hash-index.ts',
    find: `length * entriesForReference <= this.#entries ? depth + 1 : depth`,
    put: `length * entriesForReference < 0 ? depth : depth + 1`,
    test: 'packages/state/test/unit/ordered-map.test.ts',
  },
  {
    name: 'page-without-end',
    breaks: 'what is due of a million messages is copied as a whole when the list grows',
    file: 'packages/state/src/kernel/collections/paged-list.ts',
    find: `const pageBits = 9;`,
    put: `const pageBits = 20;`,
  },
  {
    name: 'waits-of-a-session-in-one-set',
    breaks: 'a session that waits for many locks stops the node when its table doubles',
    file: 'packages/state/src/kernel/sessions/sessions.ts',
    find: `readonly #waits = new OrderedMap<number, Waiter>(hashOfNumber);`,
    put: `readonly #waits: OrderedMap<number, Waiter> = Object.assign(new Map<number, Waiter>(), {
    capture: () => new OrderedMap<number, Waiter>(hashOfNumber).capture(),
  }) as unknown as OrderedMap<number, Waiter>;`,
  },
  {
    name: 'snapshot-begins-with-every-queue',
    breaks:
      'every member stops for as long as it takes to capture 100,000 queues at the same entry',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `    tables.queues.snapshot = inQueues;`,
    put: `    tables.queues.snapshot = inQueues;
    for (const queue of byName.values()) {
      inQueues.keepLanes(queue);
      inQueues.keepMessages(queue);
    }`,
    hiddenFromRuns: 'it costs time; what is written is the same',
    test: 'packages/state/test/unit/queue-captures.test.ts',
  },
  {
    name: 'messages-not-captured-before-change',
    breaks: 'a message that came after a snapshot began is in it, and one that went is not',
    file: 'packages/state/src/primitives/queue/queues.ts',
    find: `    if (snapshot !== undefined && this.messagesSavedIn !== snapshot.number)`,
    put: `    if (snapshot !== undefined && this.messagesSavedIn > snapshot.number)`,
    test: 'packages/state/test/unit/queue-captures.test.ts',
  },
  {
    name: 'lanes-not-captured-before-change',
    breaks: 'a snapshot has the messages of a key that it does not have: it cannot be read',
    file: 'packages/state/src/primitives/queue/queues.ts',
    find: `this.lanesSavedIn !== snapshot.number) snapshot`,
    put: `this.lanesSavedIn > snapshot.number) snapshot`,
    test: 'packages/state/test/unit/queue-captures.test.ts',
  },
  {
    name: 'queue-captured-again-when-reached',
    breaks: 'a snapshot has of a queue that changed before it was reached what it has now',
    file: 'packages/state/src/primitives/queue/captures.ts',
    find: `    return kept ?? queue.lanes.capture(this.#reader);`,
    put: `    return kept === undefined || kept.size > 0 ? queue.lanes.capture(this.#reader) : kept;`,
    test: 'packages/state/test/unit/queue-captures.test.ts',
  },
  {
    name: 'idle-queues-captured',
    breaks: 'a snapshot walks what 100,000 idle queues have in one turn, without a line of it',
    file: 'packages/state/src/primitives/queue/captures.ts',
    find: `    if (queue.lanes.size === 0) queue.lanesSavedIn = this.number; // QCAP-2
    return queue.lanes.size > 0;`,
    put: `    return queue.lanes.size >= 0;`,
    hiddenFromRuns: 'it costs time; what is written is the same',
    test: 'packages/state/test/unit/queue-captures.test.ts',
  },
  {
    name: 'cancelled-snapshot-copies-on',
    breaks:
      'queues that a cancelled snapshot captured are copied as a whole when the next one reaches them',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `if (this.isWanted && this.#reader?.isOver !== true) this`,
    put: `if (this.isWanted) this`,
    hiddenFromRuns: 'it costs time; what is written is the same',
    test: 'packages/state/test/unit/queue-captures.test.ts',
  },
  {
    name: 'page-of-queues-without-weight',
    breaks: 'an answer with 1,000 queues of long names is larger than what a frame takes',
    file: 'packages/state/src/primitives/queue/queue-views.ts',
    find: `if (!budget.takes([name], undefined, numbersBytes)) return`,
    put: `if (!budget.takes([])) return`,
    hiddenFromRuns: 'runs have few queues',
    test: 'packages/api/test/unit/queue-pages.test.ts',
  },
  {
    name: 'page-of-queues-walks-all',
    breaks: 'a page of queues costs as much as there are queues before it',
    file: 'packages/state/src/primitives/queue/queue-views.ts',
    find: `byName.names.from(after !== undefined && after > prefix ? after : prefix)) {
      if (!name.startsWith(prefix)) break;`,
    put: `byName.names.from(prefix)) {
      if (!name.startsWith(prefix)) break;
      if (after !== undefined && byName.get(name) !== undefined && name <= after) continue;`,
    hiddenFromRuns: 'it costs time; what is told is the same',
    test: 'packages/state/test/unit/queue-pages.test.ts',
  },
  {
    name: 'queues-read-for-each-metric',
    breaks: 'each of twelve metrics reads all queues, in one turn at each scrape',
    file: 'packages/api/src/metrics/queue-stats.ts',
    find: `this.#reading ??= this.#all()`,
    put: `this.#reading = this.#all()`,
    hiddenFromRuns: 'runs have no metrics',
    test: 'packages/api/test/unit/queue-pages.test.ts',
  },
  {
    name: 'metrics-put-together-in-one-turn',
    breaks: 'the metrics of 1,000 queues are put together in one turn of the event loop',
    file: 'packages/api/src/metrics/queue-stats.ts',
    find: `    await this.#turns;
    return reading;`,
    put: `    return reading;`,
    hiddenFromRuns: 'runs have no metrics',
    test: 'packages/api/test/unit/queue-pages.test.ts',
  },
  {
    name: 'alerts-blind-behind-the-first-queues',
    breaks: 'no alert sees dead letters and old messages of queues behind the first 1,000 names',
    file: 'packages/api/src/metrics/queue-stats.ts',
    find: `const mostRead = 10_000;`,
    put: `const mostRead = mostNamed;`,
    hiddenFromRuns: 'runs have no metrics',
    test: 'packages/api/test/unit/queue-pages.test.ts',
  },
  {
    name: 'first-segments-indexed-at-once',
    breaks:
      'as the tables of a large state grow in step, one entry moves the first segments of all of them',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `count < indexedAtOnce;`,
    put: `count < Infinity;`,
    test: 'packages/state/test/unit/ordered-map.test.ts',
  },
  {
    name: 'key-that-enters-the-index-set-twice',
    breaks: 'a lock is there twice: its record was not in the index yet when it was set again',
    file: 'packages/state/src/kernel/collections/ordered-map.ts',
    find: `entering?.map.has(key) === true ? entering : this.#index.get(key);`,
    put: `this.#index.get(key);`,
    test: 'packages/state/test/unit/ordered-map.test.ts',
  },
];
