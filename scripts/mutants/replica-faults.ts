/** Faults of one node: what it applies, what it answers as a leader, and its leases. */
import type { Fault } from './fault.ts';

export const replicaFaults: readonly Fault[] = [
  {
    name: 'wrong-state-not-noted',
    breaks:
      'a node whose state is wrong starts again, and serves it until it is compared once more',
    file: 'packages/engine/src/identity.ts',
    find: `  writeDurably(folder, divergedName, \`\${text}\\n\`);`,
    put: `  readJson(join(folder, divergedName + text.slice(0, 0)));`,
    test: 'packages/engine/test/unit/diverged.test.ts',
  },
  {
    name: 'noted-folder-starts',
    breaks: 'a node starts on a folder that is noted to hold a wrong state',
    file: 'packages/engine/src/open.ts',
    find: `  refuseDiverged(options.folder);
`,
    put: ``,
    test: 'packages/engine/test/unit/diverged.test.ts',
  },
  {
    name: 'wrong-state-serves-on-where-the-disk-refuses',
    breaks: 'a node whose state is wrong goes on, as its disk refuses to note that',
    file: 'packages/engine/src/consistency-check.ts',
    find: `      'That the state of this node is wrong could not be noted in its folder. Do not start a node on this folder again.',
    );
`,
    put: `      'That the state of this node is wrong could not be noted in its folder. Do not start a node on this folder again.',
    );
    return;
`,
    test: 'packages/engine/test/unit/diverged.test.ts',
  },
  {
    name: 'late-commands-proposed',
    breaks:
      'COMMANDS-9: a pop whose caller was told that its time is over takes a message for nobody',
    file: 'packages/engine/src/command-queue.ts',
    find: `    this.#tell(late, tooLate());
    return submissions.filter(({ deadlineMs }) => deadlineMs > nowMs);`,
    put: `    return late.length < 0 ? [] : submissions;`,
    test: 'packages/engine/test/unit/command-queue.test.ts',
    hiddenFromRuns: 'runs do not look at what a message that nobody was given was for',
  },
  {
    name: 'queue-waits-behind-late-commands',
    breaks: 'COMMANDS-9: commands in time wait for a tick behind some hundred that are late',
    file: 'packages/engine/src/command-queue.ts',
    find: `      if (mayGoOn && this.#queued.count > 0) this.#planFlush();`,
    put: ``,
    hiddenFromRuns: 'a tick goes on with them',
    test: 'packages/engine/test/unit/command-queue.test.ts',
  },
  {
    name: 'any-number-of-turns-in-flight',
    breaks: 'each command has an entry of its own, and a sync, however many come',
    file: 'packages/engine/src/flights.ts',
    find: `return this.#count >= maxFlights;`,
    put: `return this.#count < 0;`,
    hiddenFromRuns: 'it is slower, and nothing else',
    test: 'packages/engine/test/unit/command-queue.test.ts',
  },
  {
    name: 'entries-of-any-number-of-commands',
    breaks:
      'an entry has as many commands as come at once: applying it holds up everything else for long',
    file: 'packages/engine/src/bounds.ts',
    find: `export const maxCommandsPerBatch = 64;`,
    put: `export const maxCommandsPerBatch = 1_000_000;`,
    test: 'packages/engine/test/unit/command-queue.test.ts',
  },
  {
    name: 'holds-of-a-resource-without-a-bound',
    breaks:
      'one resource is held any number of times: what looks at all of its holds takes ever longer',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `  if (pool.holdCount < tables.limits.maxHoldsPerResource) return true;`,
    put: `  if (pool.holdCount < Math.max(tables.limits.maxHoldsPerResource, 1e9)) return true;`,
    test: 'packages/state/test/unit/limits.test.ts',
  },
  {
    name: 'vote-for-a-member-that-never-came',
    breaks:
      'a member that was added and never started gets a vote, so that one more failure stops the cluster',
    file: 'packages/engine/src/administration.ts',
    find: 'return progress?.matchIndex === 0 ? undefined : progress;',
    put: 'return this.#parts.replica.status().progress.find((known) => known.id === id);',
  },
  {
    name: 'transfer-to-a-member-that-is-down',
    breaks: 'writes wait for a member that is down to take leadership over',
    file: 'packages/engine/src/administration.ts',
    find: `if (to !== null && this.#answering(to) === undefined)`,
    put: `if (to !== null && members.length === 0)`,
    test: 'packages/engine/test/unit/administration.test.ts',
  },
  {
    name: 'transfer-begun-again-and-again',
    breaks:
      'a transfer that does not succeed is begun anew until the deadline, and writes wait all the while',
    file: 'packages/engine/src/administration.ts',
    find: `throw notTransferred(nodeId, to);`,
    put: `throw new Interrupted(false, notTransferred(nodeId, to).message);`,
    test: 'packages/engine/test/unit/administration.test.ts',
  },
  {
    name: 'calls-tried-again-after-their-deadline',
    breaks: 'a call that its own leader cannot execute is tried again for ever',
    file: 'packages/engine/src/leader-route.ts',
    find: `      this.#assertWanted(bounds, begun);
    };`,
    put: `    };`,
    test: 'packages/engine/test/unit/leader-route.test.ts',
  },
  {
    name: 'fsync-skipped',
    breaks: 'a write counts as synced when it was handed over',
    file: 'packages/engine/src/replica.ts',
    find: `void done.then(() => this.#guarded(() => this.#raft.persisted(write.id)));`,
    put: `void done;
      void Promise.resolve().then(() => this.#guarded(() => this.#raft.persisted(write.id)));`,
  },
  {
    name: 'commit-told-by-heartbeats',
    breaks: 'who waits at a follower is told of what was committed with the next heartbeat only',
    file: 'packages/engine/src/commit-news.ts',
    find: `    return this.#clock.after(this.#newsAfterMs`,
    put: `    return this.#clock.after(100 * this.#newsAfterMs`,
  },
  {
    name: 'commit-told-for-each-entry',
    breaks: 'under load each batch costs an append of its own to tell that it is committed',
    file: 'packages/engine/src/commit-news.ts',
    find: `this.#clock.after(this.#newsAfterMs`,
    put: `this.#clock.after(quietNewsAfterMs`,
  },
  {
    name: 'commit-told-though-an-entry-follows',
    breaks: 'under load every other batch costs an append of its own to tell that it is committed',
    file: 'packages/engine/src/commit-news.ts',
    find: `      if (this.#told >= waitedFor) {
        this.#cancel = this.#wait();
        return;
      }
`,
    put: '',
    test: 'packages/engine/test/unit/commit-news.test.ts',
  },
  {
    name: 'keepalive-without-proof',
    breaks: 'a deposed leader tells a client that its lease was extended',
    file: 'packages/engine/src/leadership.ts',
    find: `      await this.prove();
      const stale`,
    put: `      const stale`,
  },
  {
    name: 'read-without-proof',
    breaks: 'a deposed leader answers reads',
    file: 'packages/engine/src/leadership.ts',
    find: `    await this.prove();
    return this.#reads`,
    put: `    return this.#reads`,
  },
  {
    name: 'leases-kept-across-leaderships',
    breaks: 'a new leader expires sessions by deadlines of an earlier leadership',
    file: 'packages/engine/src/leases.ts',
    find: `    if (known !== undefined) {
      this.touch(sessionId, nowMs, wallMs);
      return;
    }
    const deadlineMs = nowMs + (leftMs ?? timeoutMs);`,
    put: `    if (known !== undefined) return;
    const deadlineMs = nowMs + (leftMs ?? timeoutMs) / 2;`,
  },
  {
    name: 'commands-do-not-renew',
    breaks: 'a session that is used and not kept alive expires while its client counts on it',
    file: 'packages/engine/src/leadership.ts',
    find: `      this.leases.touch(command.sessionId, now, wall);
    }
    for (const event of events) {`,
    put: `    }
    for (const event of events) {`,
  },
  {
    name: 'snapshot-without-members',
    breaks: 'a member that joined sends, when it leads, a snapshot that no other node takes',
    file: 'packages/engine/src/snapshot-point.ts',
    find: `  if (membership.members.some(({ role }) => role === 'voter')) return`,
    put: `  if (membership.members.length >= 0) return`,
  },
  {
    name: 'entries-of-the-old-state-kept',
    breaks:
      'entries that were committed for the state that a snapshot replaced are applied to the new one',
    file: 'packages/engine/src/replica.ts',
    find: `    this.#applyQueue.clear();
`,
    put: ``,
  },
  {
    name: 'late-ticks-ignored',
    breaks: 'a leader that was paused goes on as if nothing had happened',
    file: 'packages/engine/src/ticks.ts',
    find: `const maxLateHeartbeats = 3;`,
    put: `const maxLateHeartbeats = 3000;`,
  },
  {
    name: 'log-not-recorded',
    breaks: 'the identity never says that the log was made',
    file: 'packages/engine/src/identity.ts',
    find: `      made: true,
      starts,`,
    put: `      made: false,
      starts,`,
    hiddenFromRuns: 'runs have no identity file',
  },
  {
    name: 'installed-without-verification',
    breaks: 'a received snapshot that is not what its hash names takes the place of the state',
    file: 'packages/engine/src/snapshots.ts',
    find: `if (!(await this.#options.storage.verifyReceived(meta))) return undefined;`,
    put: `await this.#options.storage.verifyReceived(meta);`,
  },
  {
    name: 'transfer-reads-what-was-cleared-up',
    breaks:
      'a snapshot is looked for anew for each chunk, and gone when it was cleared up meanwhile',
    file: 'packages/engine/src/snapshots.ts',
    find: `byteLength === 0 ? new Uint8Array() : await transfer.reader.read(offset, byteLength);`,
    put: `await this.#options.storage.openSnapshot(meta.hash)?.read(offset, byteLength) ?? new Uint8Array();`,
  },
  {
    name: 'chunks-leave-out-of-order',
    breaks: 'chunks of a snapshot leave in the order in which their reads end',
    file: 'packages/engine/src/snapshots.ts',
    find: `transfer.tail = transfer.tail
      .then(async () => {`,
    put: `transfer.tail = Promise.resolve()
      .then(async () => {`,
  },
  {
    name: 'wrong-state-goes-on',
    breaks: 'a member whose state differs from that of a majority goes on',
    file: 'packages/engine/src/state-digests.ts',
    find: `others.length * 2 > voters.length ? 'wrong_here' : 'differs'`,
    put: `others.length > voters.length ? 'wrong_here' : 'differs'`,
    hiddenFromRuns:
      'whatever makes states differ is a fault of its own, and a run ends where the states of two nodes differ',
  },
  {
    name: 'learners-count-for-digests',
    breaks: 'learners with a wrong state stop a member whose state is right',
    file: 'packages/engine/src/state-digests.ts',
    find: `hash === own || !voters.includes(member)) continue;`,
    put: `hash === own) continue;`,
    hiddenFromRuns:
      'whatever makes states differ is a fault of its own, and a run ends where the states of two nodes differ',
  },
  {
    name: 'everything-applied-in-one-turn',
    breaks: 'however much was committed at once is applied in one turn of the event loop',
    file: 'packages/engine/src/apply-queue.ts',
    find: `if (this.#entriesThisTurn >= this.#maxEntriesPerTurn || this`,
    put: `if (this.#entriesThisTurn >= Number.MAX_SAFE_INTEGER || this`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
  },
  {
    name: 'a-share-of-time-for-each-that-tells',
    breaks:
      'each message and each write of one turn applies entries for a whole share of time: together they take as long as they are many',
    file: 'packages/engine/src/apply-queue.ts',
    find: `  beginTurn(): void {
`,
    put: `  beginTurn(): void {
    this.#usedMs = 0;
`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
    test: 'packages/engine/test/unit/apply-queue.test.ts',
  },
  {
    name: 'entries-as-large-as-can-be',
    breaks: 'commands of a MiB share an entry, which each member writes and applies in one turn',
    file: 'packages/engine/src/command-queue.ts',
    find: `Math.min(mostBatchBytes, sharedBatchBytes); // BOUND-6`,
    put: `Math.max(mostBatchBytes, sharedBatchBytes);`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
    test: 'packages/engine/test/unit/command-queue.test.ts',
  },
  {
    name: 'batches-of-one-turn-not-bounded',
    breaks: 'one turn proposes all that came in it, and writes it for each member',
    file: 'packages/engine/src/command-queue.ts',
    find: `this.#proposedBytes - before >= this.#mostBatchBytes / 2`,
    put: `this.#proposedBytes < before`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
    test: 'packages/engine/test/unit/command-queue.test.ts',
  },
  {
    name: 'replaced-change-told-as-done',
    breaks: "a change of the members is told as done when another leader's entry took its place",
    file: 'packages/engine/src/administration.ts',
    find: `if (found !== term)`,
    put: `if (found !== term && found === 0)`,
  },
  {
    name: 'gap-not-told-to-watchers',
    breaks: 'a node that took a snapshot goes on telling events as if none were missing',
    file: 'packages/engine/src/listeners.ts',
    find: `for (const listener of this.#gapListeners) listener(index);`,
    put: `for (const listener of this.#gapListeners) if (index < 0) listener(index);`,
  },
  {
    name: 'batches-not-bounded-by-bytes',
    breaks: 'an entry that no frame can carry is proposed: its holder leads and never commits',
    file: 'packages/engine/src/command-queue.ts',
    find: `this.#mostBatchBytes - batchOverheadBytes,`,
    put: `Infinity,`,
  },
  {
    name: 'pending-bytes-not-bounded',
    breaks: 'commands that wait for the log fill the memory of the leader',
    file: 'packages/engine/src/command-queue.ts',
    find: `pendingBytes + byteLength <= maxPendingBytes &&`,
    put: `pendingBytes >= 0 &&`,
  },
  {
    name: 'all-callers-in-one-turn',
    breaks:
      'a leader that steps down tells all who wait in one turn, which lasts as long as they are many',
    file: 'packages/engine/src/turn-slices.ts',
    find: `this.#leftThisTurn -= 1;`,
    put: `this.#leftThisTurn -= 0;`,
    hiddenFromRuns: 'in runs a turn of the event loop takes no time',
  },
  {
    name: 'untold-callers-not-counted',
    breaks: 'a node closes while callers have not been told what became of their commands',
    file: 'packages/engine/src/command-queue.ts',
    find: `this.#untoldCommands += submissions.length;`,
    put: `this.#untoldCommands += 0 * submissions.length;`,
  },
  {
    name: 'retries-all-at-once',
    breaks: 'all who wait for a leader go on in the turn in which their time is up',
    file: 'packages/engine/src/leader-route.ts',
    find: `this.#waking.add([wake]);`,
    put: `wake();`,
  },
  {
    name: 'backup-without-its-end',
    breaks: 'a backup lacks bytes: it is not what its hash names',
    file: 'packages/engine/src/backup.ts',
    find: `  return reader.read(offset, Math.min(chunkBytes, byteLength - offset));`,
    put: `  return reader.read(offset, Math.min(chunkBytes, byteLength - offset - 1));`,
  },
  {
    name: 'bounds-not-put-in-force-first',
    breaks: 'a new leader executes commands before its limits are in force',
    file: 'packages/engine/src/leadership.ts',
    find: `this.#putLimitsInForce(); // LIMIT-2`,
    put: `// LIMIT-2`,
  },
  {
    name: 'state-not-comparable-told-when-saved',
    breaks: 'a node tells the hash of a saved state that cannot be compared',
    file: 'packages/engine/src/snapshots.ts',
    find: `const hash = isComparable ? stateHash.digest('hex') : undefined; // ENG-SNAP-5`,
    put: `const hash = isComparable || state.index >= 0 ? stateHash.digest('hex') : undefined;`,
  },
  {
    name: 'state-not-comparable-told-again',
    breaks: 'a node goes on telling what it had before its state could not be compared',
    file: 'packages/engine/src/consistency-check.ts',
    find: `      this.#latest = undefined;`,
    put: ``,
  },
  {
    name: 'copies-of-a-wait-told-in-one-turn',
    breaks: '100,000 copies of one waiting acquire are all answered in one turn of the event loop',
    file: 'packages/engine/src/command-queue.ts',
    find: `else this.#tellWaits(ended, (waiting) => waiting.resolve(result));`,
    put: `else for (const waiting of ended) waiting.resolve(result);`,
    hiddenFromRuns: 'it costs time; each is answered all the same',
    test: 'packages/engine/test/unit/waiting-acquires.test.ts',
  },
  {
    name: 'copies-of-a-wait-searched',
    breaks: 'to take one of 100,000 copies of a waiting acquire away passes over all of them',
    file: 'packages/engine/src/waiting-acquires.ts',
    find: `if (!found.delete(acquire)) return;`,
    put: `if ([...found].indexOf(acquire) < 0) return;
      found.delete(acquire);`,
    hiddenFromRuns: 'it costs time; each is answered all the same',
    test: 'packages/engine/test/unit/waiting-acquires.test.ts',
  },
  {
    name: 'reads-all-in-one-turn',
    breaks:
      'many that ask for pages at the same moment stop a node for as long as all of them take together',
    file: 'packages/engine/src/turn-share.ts',
    find: `if (this.#usedMs >= maxTurnMs) this.#plan(); // TURN-SHARE-2`,
    put: ``,
    test: 'packages/engine/test/unit/turn-share.test.ts',
  },
  {
    name: 'entries-cut-by-number-alone',
    breaks: 'an entry of 256 purges of 1,000 messages each holds up every node for 0.8 s',
    file: 'packages/engine/src/command-queue.ts',
    find: '      maxWorkPerBatch,\n',
    put: '      maxWorkPerBatch * maxWorkPerBatch,\n',
    test: 'packages/engine/test/unit/entry-work.test.ts',
  },
  {
    name: 'purge-that-counts-for-one-command',
    breaks: 'purges of many messages each share one entry, which takes as long as all of them',
    file: 'packages/state/src/primitives/command-work.ts',
    find: 'return Math.min(count, from?.size ?? 0);',
    put: 'return Math.min(1, from?.size ?? 0);',
    test: 'packages/engine/test/unit/entry-work.test.ts',
  },
  {
    name: 'waiters-that-are-passed-counted-as-nothing',
    breaks:
      'an entry of 256 urgent requests looks 2.5 million times at those who wait, on every node, in one turn',
    file: 'packages/state/src/primitives/holds/queue.ts',
    find: '  return passesSome ? length : 0;',
    put: '  return passesSome ? Math.min(length, 1) : 0;',
    test: 'packages/engine/test/unit/entry-work.test.ts',
  },
  {
    name: 'role-changes-that-count-for-one-command',
    breaks: 'changes of many roles share one entry, and each of them looks at every identity',
    file: 'packages/state/src/primitives/command-work.ts',
    find: 'Math.ceil(access.bindings.size / bindingsPerUnit)',
    put: 'Math.min(1, access.bindings.size / bindingsPerUnit)',
    test: 'packages/engine/test/unit/entry-work.test.ts',
  },
  {
    name: 'proof-of-a-stopped-node-never-answered',
    breaks: 'a read that is asked of a node that has stopped waits for ever',
    file: 'packages/engine/src/proofs.ts',
    find: `if (this.#isOver) {`,
    put: `if (this.#isOver && this.#nextReadId < 0) {`,
    test: 'packages/engine/test/unit/replica.test.ts',
  },
  {
    name: 'room-for-a-batch-kept-with-it',
    breaks: 'an entry of the log keeps three times its bytes of memory',
    file: 'packages/engine/src/batch.ts',
    find: `  return 4 * end >= 3 * bytes.byteLength ? batch : batch.slice();`,
    put: `  return batch;`,
    hiddenFromRuns: 'it costs memory alone',
    test: 'packages/engine/test/unit/batch.test.ts',
  },
];
