/**
 * Faults that are planted on purpose, one at a time, to see that the checks find them. Each is a piece of
 * source text and what takes its place; the text must stand in its file exactly once, so that a fault whose
 * place has changed is noticed. Every bug that was found in this project's safety leaves one behind.
 */
export interface Fault {
  readonly name: string;
  /** What it breaks. */
  readonly breaks: string;
  readonly file: string;
  readonly find: string;
  readonly put: string;
  /** In whose lives it is looked for. Default: of clusters. */
  readonly lives?: 'cluster' | 'leaders' | 'quorum';
}

export const faults: readonly Fault[] = [
  {
    name: 'vote-not-persisted',
    breaks: 'a vote leaves before it is on disk: a node that restarts votes twice in a term',
    file: 'packages/raft/src/outputs.ts',
    find: `        votedFor: core.votedFor,
        commit: Math.min`,
    put: `        votedFor: null,
        commit: Math.min`,
  },
  {
    name: 'old-term-committed-by-counting',
    breaks: 'an entry of an older term is committed by counting copies (Raft paper, figure 8)',
    file: 'packages/raft/src/leader.ts',
    find: `if (index <= core.commit || log.termAt(index) !== core.term) return;`,
    put: `if (index <= core.commit) return;`,
  },
  {
    name: 'own-disk-not-waited-for',
    breaks: 'the leader counts its own copy before its disk has it',
    file: 'packages/raft/src/leader.ts',
    find: `id === config.id ? core.stableIndex : (this.#peers.get(id)?.matchIndex ?? 0),`,
    put: `id === config.id ? log.lastIndex : (this.#peers.get(id)?.matchIndex ?? 0),`,
  },
  {
    name: 'acknowledged-before-durable',
    breaks: 'answers leave before what they promise is on disk',
    file: 'packages/raft/src/outbox.ts',
    find: `if (this.isDurable(writeId)) this.#ready.push(outbound);`,
    put: `if (this.isDurable(writeId) || writeId > 0) this.#ready.push(outbound);`,
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
    name: 'stale-append-truncates',
    breaks: 'a late append cuts off what came after it',
    file: 'packages/raft/src/follower.ts',
    find: `const firstNew = entries.findIndex((entry) => core.log.termAt(entry.index) !== entry.term);
  if (firstNew < 0) return;`,
    put: `const firstNew = entries.length === 0 ? -1 : 0;
  if (firstNew < 0) return;`,
  },
  {
    name: 'log-not-compared-in-votes',
    breaks: 'a candidate without all committed entries is elected',
    file: 'packages/raft/src/elections.ts',
    find: `lastTerm > log.lastTerm || (lastTerm === log.lastTerm && lastIndex >= log.lastIndex);`,
    put: `lastTerm >= 0 || lastIndex >= log.lastIndex;`,
  },
  {
    name: 'membership-not-one-at-a-time',
    breaks:
      'two changes of the membership are under way at once, or before an entry of the own term',
    file: 'packages/raft/src/leader.ts',
    find: `    if (commit < this.#firstIndex) return { ok: false, reason: 'not_ready' };
    if (memberships.currentIndex > commit) return { ok: false, reason: 'change_in_progress' };`,
    put: `    if (commit < 0 || memberships.currentIndex < 0) return { ok: false, reason: 'not_ready' };`,
  },
  {
    name: 'keepalive-without-proof',
    breaks: 'a deposed leader tells a client that its lease was extended',
    file: 'packages/engine/src/leadership.ts',
    find: `      await this.#prove();
      // Meanwhile`,
    put: `      // Meanwhile`,
  },
  {
    name: 'read-without-proof',
    breaks: 'a deposed leader answers reads',
    file: 'packages/engine/src/leadership.ts',
    find: `    await this.#prove();
    return answerQuery(this.#parts.replica.state, this.leases, query);`,
    put: `    return answerQuery(this.#parts.replica.state, this.leases, query);`,
  },
  {
    name: 'read-proof-counts-older-rounds',
    breaks: 'answers to messages sent before a read was asked prove it',
    file: 'packages/raft/src/reads.ts',
    find: `if (pending.round > round) break;`,
    put: `if (pending.round > round + 1) break;`,
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
    name: 'expiry-not-guarded',
    breaks: 'a session that was renewed meanwhile is ended by an expiry proposed before',
    file: 'packages/state/src/kernel/sessions/lifetimes.ts',
    find: `if (session === undefined || session.renewal !== renewal) return { ok: true, type: 'unchanged' };`,
    put: `if (session === undefined || renewal < 0) return { ok: true, type: 'unchanged' };`,
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
    name: 'fence-counter-not-in-snapshot',
    breaks: 'tokens repeat after a restore',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `    tables.fenceCounter = fields.number();`,
    put: `    tables.fenceCounter = Math.min(0, fields.number());`,
  },
  {
    name: 'queue-order-lost-on-restore',
    breaks: 'waiters change places after a restore',
    file: 'packages/state/src/kernel/snapshot/place-records.ts',
    find: `    pool.queue.append(waiter);`,
    put: `    pool.queue.insertAfter(undefined, waiter);`,
  },
  {
    name: 'first-answers-not-in-snapshot',
    breaks: 'a retry after a restore is carried out a second time',
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
  },
  {
    name: 'copy-on-write-of-a-session-left-out',
    breaks:
      'a hold that others end while a snapshot is taken is missing in the order of its session',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `    return kept ?? copySession(session);`,
    put: `    return copySession(kept?.session ?? session);`,
  },
  {
    name: 'restored-order-of-a-session-differs',
    breaks: 'a restored node ends the holds of a session in another order: tokens go to others',
    file: 'packages/state/src/kernel/snapshot/ties.ts',
    find: `  if (holds.every(areInFileOrder) && areWaitsInFileOrder(waits)) return undefined;`,
    put: `  if (holds.length > 0 && areWaitsInFileOrder(waits)) return undefined;`,
  },
  {
    name: 'holds-spread-into-a-call',
    breaks:
      'a snapshot with 120,000 holds of one resource cannot be taken or read: the stack is full',
    file: 'packages/state/src/kernel/snapshot/place-records.ts',
    find: `    const holds = Array.from(pool.holds, (hold) => ({ ...hold }));`,
    put: `    const holds: Hold[] = [];
    holds.push(...Array.from(pool.holds, (hold) => ({ ...hold })));`,
  },
  {
    name: 'members-of-a-barrier-in-one-line',
    breaks:
      'a command that changes a large barrier while a snapshot is taken encodes all its members',
    file: 'packages/state/src/kernel/snapshot/place-records.ts',
    find: `  if (members.size > maxMembersPerLine)`,
    put: `  if (members.size < 0)`,
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
    name: 'first-answer-not-remembered',
    breaks: 'a retried acquire is carried out a second time',
    file: 'packages/state/src/primitives/lock/acquire.ts',
    find: `  if (known !== undefined) return repeatAcquire(command, known);`,
    put: `  if (known?.kind === 'release') return repeatAcquire(command, known);`,
  },
  {
    name: 'queue-is-passed',
    breaks: 'whoever comes when something is free passes those that wait',
    file: 'packages/state/src/primitives/lock/acquire.ts',
    find: `if (pool.fits(units, held) && isNext(pool, held, command.terms)) {`,
    put: `if (pool.fits(units, held)) {`,
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
  },
  {
    name: 'lease-counted-from-the-answer',
    breaks:
      'a client believes in its lease for as long as the answer took, longer than the cluster',
    file: 'packages/client/src/session.ts',
    find: `if (sentAt.monotonicMs >= this.#provenAt.monotonicMs) this.#provenAt = sentAt; // V1`,
    put: `this.#provenAt = momentOf(this.#clock);`,
  },
  {
    name: 'client-trusts-its-timers',
    breaks: 'a client that stood still believes in a hold until its timers have fired',
    file: 'packages/client/src/session.ts',
    find: `    if (this.#clock.now() >= this.#endsAtMs) {
      this.#lose("its lease has run out by this machine's clock");
      return false;
    }
    return passedMs(this.#clock, this.#provenAt) < this.#leaseMs;`,
    put: `    return true;`,
  },
  {
    name: 'snapshot-without-members',
    breaks: 'a member that joined sends, when it leads, a snapshot that no other node takes',
    file: 'packages/engine/src/replica.ts',
    find: `    if (!membership.members.some(({ role }) => role === 'voter')) return undefined;
`,
    put: ``,
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
    breaks: 'a leader that stood still goes on as if nothing had happened',
    file: 'packages/engine/src/ticks.ts',
    find: `const maxLateHeartbeats = 3;`,
    put: `const maxLateHeartbeats = 3000;`,
  },
  {
    name: 'older-snapshot-replaces-newer',
    breaks: "a node's own snapshot that is done late takes the place of a newer one of the leader",
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if ((this.#current?.index ?? 0) >= meta.index) return false;`,
    put: `if (meta.index < 0) return false;`,
  },
  {
    name: 'clearing-up-takes-newer-snapshots',
    breaks: 'what is cleared up behind one snapshot includes a newer one',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (meta.index >= than.index || !this`,
    put: `if (meta.index === than.index || !this`,
  },
  {
    name: 'broken-frame-taken-for-the-end',
    breaks: 'damage in the middle of a segment is taken for a write that was cut short',
    file: 'packages/storage/src/scan.ts',
    find: `if (behind !== undefined)`,
    put: `if (behind !== undefined && behind < 0)`,
  },
  {
    name: 'changed-frame-taken-for-torn',
    breaks: 'a last write that was whole and acknowledged is dropped when a bit of its marks turns',
    file: 'packages/storage/src/scan.ts',
    find: `if (wasWhole(bytes, end, next))`,
    put: `if (bytes.byteLength < 0 && wasWhole(bytes, end, next))`,
  },
  {
    name: 'old-frame-of-recycled-segment-passes',
    breaks: 'frames of an earlier use of a segment are read as if they were written now',
    file: 'packages/storage/src/frame.ts',
    find: `  if (take(bytes, offset + 32) !== place.segment) return undefined;`,
    put: ``,
  },
  {
    name: 'missing-end-not-noticed',
    breaks: 'a log whose last segments are gone starts as if nothing was',
    file: 'packages/storage/src/recover.ts',
    find: `if (before.isSealed && prepared === undefined)`,
    put: `if (before.isSealed && prepared === undefined && before.end < 0)`,
  },
  {
    name: 'segment-sealed-before-the-next-is-there',
    breaks: 'the segment behind a sealed one is prepared twice, and the log cannot be read again',
    file: 'packages/storage/src/segment-log.ts',
    find: `    this.#next = Promise.resolve(next);
`,
    put: ``,
  },
  {
    name: 'seal-says-what-is-not-written-yet',
    breaks:
      'a seal tells of an install whose own frame follows it: a crash between them stops the node for ever',
    file: 'packages/storage/src/segment-log.ts',
    find: `if (byteLength > room && this.#offset > 0) await this.#roll();`,
    put: `if (byteLength > room && this.#offset > 0) {
      this.#state = { hardState: change.hardState, lastIndex: change.lastIndex };
      await this.#roll();
    }`,
  },
  {
    name: 'needed-segment-given-up',
    breaks: 'a segment goes though an entry in it is needed',
    file: 'packages/storage/src/live-segments.ts',
    find: `first.lastLiveIndex < keepFrom`,
    put: `first.lastLiveIndex <= keepFrom`,
  },
  {
    name: 'written-after-a-failed-write',
    breaks:
      'a later write succeeds behind one that failed: there is a hole in what was acknowledged',
    file: 'packages/storage/src/log-storage.ts',
    find: `    if (this.#failed) return;
    this.#failed = true;`,
    put: `    this.#inFlight = 0;`,
  },
  {
    name: 'received-snapshot-installed-unverified',
    breaks: 'chunks of two different snapshots become the current one',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if ((await hashOf(file, meta.byteLength)) !== meta.hash) return false;`,
    put: ``,
  },
  {
    name: 'snapshot-not-verified-on-start',
    breaks: 'a node starts from a snapshot with a turned bit',
    file: 'packages/storage/src/snapshot-recovery.ts',
    find: `if ((await hashOf(file, byteLength)) !== hash)`,
    put: `if ((await hashOf(file, byteLength)) === '')`,
  },
  {
    name: 'uninstalled-snapshot-counts',
    breaks:
      'a received snapshot whose install was cut short counts, and the log and the votes do not fit it',
    file: 'packages/storage/src/snapshot-recovery.ts',
    find: `received?.index === installedIndex ? received`,
    put: `received !== undefined ? received`,
  },
  {
    name: 'received-snapshot-named-before-its-frame',
    breaks: 'a crash before the frame of an install stops the node for ever: its snapshot is ahead',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `await this.#name(received, meta, true)`,
    put: `await this.#name(received, meta, false)`,
  },
  {
    name: 'snapshot-ahead-of-the-log-passes',
    breaks: 'a log that lost its end, and votes with it, opens with what an own snapshot says',
    file: 'packages/storage/src/replay.ts',
    find: `snapshot.index > this.#lastIndex || snapshot.term > this.#hardState.term`,
    put: `snapshot.index < 0`,
  },
  {
    name: 'fewer-frames-than-a-snapshot-saw-pass',
    breaks: 'a log that lost its end behind a snapshot opens with an older vote',
    file: 'packages/storage/src/open.ts',
    find: `named !== undefined && named.frames > frames`,
    put: `named !== undefined && named.frames < 0`,
  },
  {
    name: 'snapshot-named-before-the-log-covers-it',
    breaks:
      'a leader that applies before its own disk has the entries cannot start again after a crash',
    file: 'packages/storage/src/snapshot-files.ts',
    find: `if (!(await covered())) return undefined;`,
    put: ``,
  },
  {
    name: 'snapshot-named-though-the-log-failed',
    breaks: 'a node whose disk refused a write while a snapshot was saved can never start again',
    file: 'packages/storage/src/log-storage.ts',
    find: `if (this.#failed || this.#closed) return false;`,
    put: `if (this.#failed || this.#closed) return true;`,
  },
  {
    name: 'merged-truncation-forgotten',
    breaks: 'of two merged writes that both truncate only the later one counts',
    file: 'packages/storage/src/merge.ts',
    find: `Math.min(truncateFrom ?? from, from)`,
    put: `from`,
  },
  {
    name: 'log-not-missed',
    breaks: 'a member whose log is gone starts with an empty one and votes',
    file: 'packages/storage/src/open.ts',
    find: `  const found = options.log.made
`,
    put: `  const found = options.log.made && logFiles.some(({ name }) => name.endsWith('.segment'))
`,
  },
  {
    name: 'log-not-recorded',
    breaks: 'the identity never says that the log was made',
    file: 'packages/engine/src/identity.ts',
    find: `      made: true,
      starts,`,
    put: `      made: false,
      starts,`,
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
  },
  {
    name: 'learners-count-for-digests',
    breaks: 'learners with a wrong state stop a member whose state is right',
    file: 'packages/engine/src/state-digests.ts',
    find: `if (hash === own || !voters.includes(member)) continue;`,
    put: `if (hash === own) continue;`,
  },
  {
    name: 'everything-applied-in-one-turn',
    breaks: 'however much was committed at once is applied in one turn of the event loop',
    file: 'packages/engine/src/apply-queue.ts',
    find: `        this.#entriesThisTurn >= this.#maxEntriesPerTurn ||`,
    put: `        this.#entriesThisTurn >= Number.MAX_SAFE_INTEGER ||`,
  },
  {
    name: 'replaced-change-told-as-done',
    breaks: "a change of the members is told as done when another leader's entry took its place",
    file: 'packages/engine/src/administration.ts',
    find: `if (found !== term)`,
    put: `if (found !== term && found === 0)`,
  },
  {
    name: 'change-without-majority',
    breaks: 'a change of the members is begun that those who answer cannot commit',
    file: 'packages/raft/src/leader.ts',
    find: `change.type !== 'add_learner' && heard.length <= voters.length / 2`,
    put: `change.type !== 'add_learner' && heard.length < 0`,
  },
  {
    name: 'strangers-not-answered',
    breaks: 'a member that a lagging node does not know yet never gets its vote',
    file: 'packages/engine/src/transport/tcp.ts',
    find: `if (outgoing === undefined)
      this.#incomingOf.get(to)?.write(() => encodeMessageFrame(message, to)); // T4
    else outgoing`,
    put: `if (outgoing !== undefined) outgoing`,
  },
  {
    name: 'learner-keeps-a-dead-leader',
    breaks: 'a learner believes in a leader that is gone, and so do its callers',
    file: 'packages/raft/src/elections.ts',
    find: `else if (core.leader !== null) core.becomeFollower(core.term, null);`,
    put: ``,
  },
  {
    name: 'unreachable-leader-tried-for-ever',
    breaks: 'a client tries a leader that it cannot reach again and again',
    file: 'packages/client/src/route.ts',
    find: `nowMs < (this.#avoided?.untilMs ?? 0); // F4`,
    put: `nowMs < 0;`,
  },
  {
    name: 'removed-voter-does-not-campaign',
    breaks: 'a voter whose removal only it has, uncommitted, stays silent: nobody can be elected',
    file: 'packages/raft/src/elections.ts',
    find: `if (core.mayCampaign && !core.receiver.keepsFromCampaigning)`,
    put: `if (core.isVoter(core.config.id) && !core.receiver.keepsFromCampaigning)`,
  },
  {
    name: 'permits-passed-in-the-queue',
    breaks: 'who needs few permits passes who needs many, for ever',
    file: 'packages/state/src/primitives/holds/take.ts',
    find: `if (pool.fits(permits, undefined) && isNext(pool, undefined, terms)) {`,
    put: `if (pool.fits(permits, undefined)) {`,
  },
  {
    name: 'permits-beyond-the-limit',
    breaks: 'a semaphore gives more permits than there are',
    file: 'packages/state/src/primitives/holds/pool.ts',
    find: `if (held === undefined) return this.opening === undefined && this.free >= units; // P3`,
    put: `if (held === undefined)
      return (this.opening === undefined && this.free >= units) || this.kind === 'semaphore';`,
  },
  {
    name: 'permits-not-in-the-sessions-end',
    breaks: 'permits of a session that ended are never given back',
    file: 'packages/state/src/kernel/sessions/endings.ts',
    find: `for (const holds of [session.permits, session.holds, session.leads])`,
    put: `for (const holds of [session.holds, session.leads])`,
  },
  {
    name: 'two-leaders',
    breaks: 'an election has room for two',
    file: 'packages/state/src/primitives/holds/take.ts',
    find: `tables.openPool(kind, name, taking.limit ?? permits);`,
    put: `tables.openPool(kind, name, taking.limit ?? permits + (kind === 'election' ? 1 : 0));`,
  },
  {
    name: 'election-not-in-the-sessions-end',
    breaks: 'a leader whose session ended leads for ever',
    file: 'packages/state/src/kernel/sessions/endings.ts',
    find: `for (const holds of [session.permits, session.holds, session.leads])`,
    put: `for (const holds of [session.permits, session.holds])`,
  },
  {
    name: 'several-out-of-turn',
    breaks: 'several together are given though somebody is ahead in one of the queues',
    file: 'packages/state/src/primitives/holds/settle.ts',
    find: `return waiters.every((one) => one.pool.nextTurn() === one && mayHave(tables, one));`,
    put: `return waiters.every((one) => one.pool.isServable(one) && mayHave(tables, one));`,
  },
  {
    name: 'several-left-behind',
    breaks: 'of several waits together the others stay when one ends',
    file: 'packages/state/src/primitives/holds/waits.ts',
    find: `for (const one of together?.waiters ?? [waiter]) {`,
    put: `for (const one of together?.waiters.slice(0, 1) ?? [waiter]) {`,
  },
  {
    name: 'ending-holds-given-early',
    breaks:
      'what a session that is over still holds is granted to somebody else before it is released',
    file: 'packages/state/src/primitives/holds/pool.ts',
    find: `if (held === undefined) return this.opening === undefined && this.free >= units; // P3`,
    put: `if (held === undefined) {
      const last = this.holds.last;
      if (last !== undefined && !last.session.living) {
        this.remove(last);
        last.session.holds.delete(this.name);
        last.session.leadNoMore(this.name);
        last.session.permits.delete(last.fenceToken);
      }
      return this.opening === undefined && this.free >= units;
    }`,
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
    find: `sessions: [sessions.capture(), Array.from(tables.ending.values())],`,
    put: `sessions: [sessions.capture(), [...tables.ending.values()].reverse()],`,
  },
  {
    name: 'captured-shard-not-kept',
    breaks: 'a lock that is released while a snapshot is taken is missing in it',
    file: 'packages/state/src/kernel/collections/sharded-map.ts',
    find: `    this.#captured?.keep(index); // SHARD-2
    const shard = this.#shards[index];
    if (shard?.delete`,
    put: `    const shard = this.#shards[index];
    if (shard?.delete`,
  },
  {
    name: 'captured-shard-not-kept-on-adding',
    breaks: 'a lock that came to be after a snapshot began is in it: nodes differ in their bytes',
    file: 'packages/state/src/kernel/collections/sharded-map.ts',
    find: `    this.#captured?.keep(index); // SHARD-2
    const shard = this.#shards[index];
    if (shard === undefined)`,
    put: `    const shard = this.#shards[index];
    if (shard === undefined)`,
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
    find: `        tables.unsettled.add(pool);`,
    put: `        if (pool.queue.length > 1_000_000) tables.unsettled.add(pool);`,
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
    find: `return this.unsettled.size > 0 || this.ending.size > 0;`,
    put: `return false;`,
  },
  {
    name: 'barriers-in-the-order-of-entering',
    breaks: 'a restored session leaves its barriers in another order than on the other nodes',
    file: 'packages/state/src/kernel/sessions/sessions.ts',
    find: `    barriers.splice(indexOfRound(barriers, barrier.round), 0, barrier);`,
    put: `    barriers.push(barrier);`,
  },
  {
    name: 'barrier-opens-early',
    breaks: 'a barrier opens before all have come',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `if (barrier.members.size === barrier.parties) {`,
    put: `if (barrier.members.size >= barrier.parties - 1) {`,
  },
  {
    name: 'barrier-over-early',
    breaks: 'a round is over when the first has left',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `if (barrier.members.size > 0) return false;`,
    put: `if (barrier.members.size > 0 && !barrier.open) return false;`,
  },
  {
    name: 'latch-counted-twice',
    breaks: 'a count that is sent again is counted again',
    file: 'packages/state/src/primitives/latch/latches.ts',
    find: `return onceOnly(tables, counted, String(by), answeredBelow, () => count(tables, name, by));`,
    put: `return answeredBelow === -1
    ? onceOnly(tables, counted, String(by), answeredBelow, () => count(tables, name, by))
    : count(tables, name, by);`,
  },
  {
    name: 'latch-open-at-one',
    breaks: 'those who wait for a latch go on when one count is left',
    file: 'packages/api/src/operations/latches.ts',
    find: `open: count === 0,`,
    put: `open: count <= 1,`,
  },
  {
    name: 'longest-time-not-in-snapshots',
    breaks: 'a node that took a snapshot forgets when holds are over',
    file: 'packages/state/src/kernel/snapshot/place-records.ts',
    find: `hold.ending === undefined ? null : [hold.ending.dueMs, hold.ending.sequence],`,
    put: `hold.ending === undefined || hold.units > 0 ? null : [hold.ending.dueMs, hold.ending.sequence],`,
  },
  {
    name: 'longest-time-starts-anew',
    breaks: 'entering a hold gives it another longest time: it never ends',
    file: 'packages/state/src/kernel/sessions/lifetimes.ts',
    find: `  if (session.living) endHold(tables, hold, 'max_hold');
  else`,
    put: `  if (session.living) {
    if (hold.ending !== undefined) tables.due.remove(hold.ending);
    hold.ending = undefined;
  } else`,
  },
  {
    name: 'urgent-passes-for-ever',
    breaks: 'a stream of urgent requests starves the others',
    file: 'packages/state/src/primitives/holds/queue.ts',
    find: `if (priorityOf(ahead) >= priority || ahead.passed >= maxPasses) return false; // L1, L2`,
    put: `if (priorityOf(ahead) >= priority) return false; // L1`,
  },
  {
    name: 'places-counted-through-the-queue',
    breaks: 'a request that is repeated while it waits costs as many steps as its queue is long',
    file: 'packages/state/src/primitives/holds/queue.ts',
    find: `  for (let count = 0; count < maxCounted; count++) {`,
    put: `  for (let count = 0; count >= 0; count++) {`,
  },
  {
    name: 'circle-not-seen',
    breaks: 'two who wait for each other are not told',
    file: 'packages/state/src/primitives/holds/deadlock.ts',
    find: `pool.size - units < mostOfOthers) return waiter;`,
    put: `pool.size - units < mostOfOthers) continue;`,
  },
  {
    name: 'search-for-circles-without-a-bound',
    breaks: 'one entry looks through the same queue and holders for more than a second',
    file: 'packages/state/src/primitives/holds/deadlock.ts',
    find: `      if (!this.#searches.step()) return undefined; // C3
      if (!ahead.session.living) continue; // C4`,
    put: `      this.#searches.step();
      if (!ahead.session.living) continue; // C4`,
  },
  {
    name: 'holders-looked-at-for-every-search',
    breaks: 'each request of an entry adds up the holds of a semaphore again',
    file: 'packages/state/src/primitives/holds/deadlock.ts',
    find: `if (known?.version === pool.holdsVersion) return known.shares;`,
    put: `if (known?.version === pool.holdsVersion && this.#stepsLeft < 0) return known.shares;`,
  },
  {
    name: 'circle-through-a-hold-that-has-ended',
    breaks: 'a request is refused because of a circle through a hold that was given back',
    file: 'packages/state/src/primitives/holds/deadlock.ts',
    find: `if (known?.version === pool.holdsVersion) return known.shares;`,
    put: `if (known !== undefined) return known.shares;`,
  },
  {
    name: 'circle-through-a-try-not-seen',
    breaks: 'a request that passes others at once closes a circle',
    file: 'packages/state/src/primitives/holds/waits.ts',
    find: `  return circle === undefined ? undefined : deadlock(circle);
}`,
    put: `  return circle === undefined || circle.length > 0 ? undefined : deadlock(circle);
}`,
  },
  {
    name: 'late-downgrade-lowers-a-raise',
    breaks: 'a downgrade that comes late lowers what was raised since',
    file: 'packages/state/src/primitives/lock/release.ts',
    find: `if (hold.fenceToken !== fenceToken) return staleFenceToken(hold, fenceToken);
  if (hold.units`,
    put: `if (!isOf(hold, fenceToken)) return staleFenceToken(hold, fenceToken);
  if (hold.units`,
  },
  {
    name: 'downgrade-believed-late',
    breaks: 'a holder believes to be alone until a downgrade is answered',
    file: 'packages/client/src/hold.ts',
    find: `    this.#mode = 'shared';
    this.session.lowered(this);
    await this.session.request('downgrade', { name: this.name, fence_token: this.fenceToken });`,
    put: `    await this.session.request('downgrade', { name: this.name, fence_token: this.fenceToken });
    this.#mode = 'shared';
    this.session.lowered(this);`,
  },
  {
    name: 'watch-goes-on-at-the-end',
    breaks: 'a watch that resumes begins at the end instead of where it was',
    file: 'packages/client/src/watch.ts',
    find: `after = event.position;`,
    put: `after = event.position === '' ? after : from;`,
  },
  {
    name: 'watch-loses-the-rest-of-an-entry',
    breaks: 'what else happened in the same entry is not told to one who resumes',
    file: 'packages/api/src/watch/feed.ts',
    find: `if (entry.revision === after.revision && numberOf(event) <= after.number) continue;`,
    put: `if (entry.revision === after.revision && after.number > 0) continue;`,
  },
  {
    name: 'gap-not-told-to-watchers',
    breaks: 'a node that took a snapshot goes on telling events as if none were missing',
    file: 'packages/engine/src/raft-engine.ts',
    find: `for (const listener of this.#gapListeners) listener(index);`,
    put: `for (const listener of this.#gapListeners) if (index < 0) listener(index);`,
  },
  {
    name: 'connecting-side-does-not-look',
    breaks: 'a member whose folder was lost answers on the connection that is made to it',
    file: 'packages/engine/src/transport/hello.ts',
    find: `this.#mismatch(hello, wanted) ?? this.#otherMembers(hello) ?? this.#otherFolder(hello);`,
    put: `this.#mismatch(hello, wanted) ??
      this.#otherMembers(hello) ??
      (wanted === undefined ? this.#otherFolder(hello) : undefined);`,
  },
  {
    name: 'frames-count-before-the-hello',
    breaks: 'what comes before both sides have shown who they are is taken',
    file: 'packages/engine/src/transport/incoming.ts',
    find: `if (!this.#reader.isEmpty)
      throw`,
    put: `if (this.#reader.isEmpty && !this.#reader.isEmpty)
      throw`,
  },
  {
    name: 'answers-count-before-the-hello',
    breaks: 'a peer that has not shown who it is answers',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `else if (this.#connected) frames.push(frame);`,
    put: `else if (this.#connected || frame.kind === frameKinds.raft) frames.push(frame);`,
  },
  {
    name: 'lost-folder-not-passed-on',
    breaks: 'a member that joined later takes the new folder of a lost one for its first',
    file: 'packages/engine/src/transport/hello.ts',
    find: `this.#knownPeers.learn(peer, hello['knownPeers']);`,
    put: ``,
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
    name: 'large-frame-sent-all-the-same',
    breaks: 'a frame too large is sent, refused and sent again, for ever',
    file: 'packages/engine/src/transport/frames.ts',
    find: `if (5 + bodyBytes > maxFrameBytes)`,
    put: `if (5 + bodyBytes > 2 ** 31)`,
  },
  {
    name: 'refused-and-tried-at-once',
    breaks: 'a peer that broke the protocol is connected to again without a pause',
    file: 'packages/engine/src/transport/outgoing.ts',
    find: `this.#connected = false;
    this.#retryMs = maxRetryMs; // T5`,
    put: `this.#connected = false;`,
  },
  {
    name: 'part-beyond-the-end-taken',
    breaks: 'a part of a snapshot that lies beyond its end is written',
    file: 'packages/engine/src/transport/messages.ts',
    find: `if (offset + byteLength > meta.byteLength)`,
    put: `if (offset + byteLength > meta.byteLength + meta.index)`,
  },
  {
    name: 'hold-acquired-after-its-page-is-lost',
    breaks: 'the client takes a hold for lost that it acquired after its page was read',
    file: 'packages/client/src/holds-check.ts',
    find: `for (const held of known)
      if (this.#holdings`,
    put: `for (const held of [...this.#holdings.all])
      if (this.#holdings`,
  },
  {
    name: 'lost-hold-is-kept-after-a-page',
    breaks: 'the client keeps a hold of a lock whose later token is of another hold',
    file: 'packages/client/src/holds-check.ts',
    find: `if (held.fenceToken >= firstToken && held.fenceToken <= fence_token)`,
    put: `if (held.fenceToken <= fence_token)`,
  },
  {
    name: 'check-of-holds-not-repeated',
    breaks: 'a check of holds that began before a reconnection stands for the one after it',
    file: 'packages/client/src/holds-check.ts',
    find: `    this.#isWanted = true;
    if (this.#isRunning) return; // HC4`,
    put: `    if (this.#isRunning) return; // HC4
    this.#isWanted = true;`,
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
    name: 'all-callers-in-one-turn',
    breaks:
      'a leader that steps down tells all who wait in one turn, which lasts as long as they are many',
    file: 'packages/engine/src/turn-slices.ts',
    find: `this.#leftThisTurn -= 1;`,
    put: `this.#leftThisTurn -= 0;`,
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
    name: 'called-after-unsubscribing',
    breaks: 'who no longer waits for an event is called about it, in the middle of something else',
    file: 'packages/api/src/watch/feed.ts',
    find: `if (listeners.has(listener)) yield`,
    put: `if (listeners.size > 0) yield`,
  },
  {
    name: 'first-page-of-waits',
    breaks: 'a session that waits at more places than a page has is told of the first ones alone',
    file: 'packages/client/src/session-requests.ts',
    find: `after = page.next_after;`,
    put: `after = page.next_after === null ? page.next_after : null;`,
  },
  {
    name: 'backup-keeps-its-place',
    breaks: 'a backup whose reader has hung up counts for ever',
    file: 'packages/api/src/http/backups.ts',
    find: `this.#open -= 1; // BK2
      giveBack();
      cancel();`,
    put: `giveBack();
      cancel();`,
  },
  {
    name: 'backup-keeps-its-file',
    breaks: 'a backup whose reader has hung up keeps its descriptor and its file',
    file: 'packages/api/src/http/backups.ts',
    find: `      cancel();
      backup.close();`,
    put: `      cancel();`,
  },
  {
    name: 'backup-without-its-end',
    breaks: 'a backup lacks bytes: it is not what its hash names',
    file: 'packages/engine/src/backup.ts',
    find: `chunkBytes, byteLength - offset)`,
    put: `chunkBytes, byteLength - offset - 1)`,
  },
  {
    name: 'signal-ends-the-wrapper',
    breaks: 'SIGQUIT and SIGUSR1 end whoever runs a command, not the command',
    file: 'packages/cli/src/run/signals.ts',
    find: `  'SIGQUIT',
  'SIGUSR1',
  'SIGUSR2',`,
    put: `  'SIGUSR2',`,
  },
  {
    name: 'real-time-signal-is-a-success',
    breaks: 'a command that a real-time signal ended is told as one that went well',
    file: 'packages/cli/src/run/launcher.ts',
    find: `(\${becomeCommand(restore)})
echo "status $?" >&3`,
    put: `(\${becomeCommand(restore)})
status=$?
[ $status -lt 160 ] || status=0
echo "status $status" >&3`,
  },
  {
    name: 'command-without-its-terminal',
    breaks: 'a command in the foreground of a terminal cannot ask there',
    file: 'packages/cli/src/run/launcher.ts',
    find: `isInForeground() ? openTerminal() : undefined`,
    put: `isInForeground() ? undefined : openTerminal()`,
  },
  {
    name: 'stopped-command-renewed',
    breaks: 'Ctrl-Z stops a command, and its lock is held for as long as nobody continues it',
    file: 'packages/cli/src/run/guarded-command.ts',
    find: `    process.kill(0, 'SIGTSTP');
    process.kill(process.pid, 'SIGSTOP');`,
    put: `    this.#isStopping = process.pid > 0;`,
  },
  {
    name: 'wall-clock-taken-for-sleep',
    breaks: 'a step of the wall clock ends what is held, though contact is good',
    file: 'packages/client/src/boot-clock.ts',
    find: `      const leadMs = this.#readLeadMs();
      if`,
    put: `      const leadMs = Math.max(this.#readLeadMs(), wallLeadMs);
      if`,
  },
  {
    name: 'sleep-not-counted',
    breaks: 'what the machine slept is not counted: a lease that is over is believed in',
    file: 'packages/client/src/boot-clock.ts',
    find: `if (leadMs > this.#leadMs + resolutionMs) this.#leadMs = leadMs; // BOOT-1`,
    put: `if (leadMs < 0) this.#leadMs = leadMs;`,
  },
  {
    name: 'old-log-under-new-bounds',
    breaks: 'what an old version logged is applied under bounds that it did not know',
    file: 'packages/state/src/kernel/limits.ts',
    find: `  maxWorkPerEntry: unbounded,`,
    put: `  maxWorkPerEntry: 1000,`,
  },
  {
    name: 'bounds-not-put-in-force-first',
    breaks: 'a new leader carries out commands before its limits are in force',
    file: 'packages/engine/src/leadership.ts',
    find: `this.#putLimitsInForce(); // LIMIT-2`,
    put: `// LIMIT-2`,
  },
  {
    name: 'old-order-taken-for-known',
    breaks: 'the bytes of a state that came by a snapshot of an earlier format are compared',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `tables.isComparable = version > oldestVersion && fields.number() === 1; // SNAP-7`,
    put: `tables.isComparable = version === oldestVersion || fields.number() === 1;`,
  },
  {
    name: 'old-order-forgotten-in-snapshots',
    breaks: 'a restart makes a state comparable that is not',
    file: 'packages/state/src/kernel/snapshot/snapshot.ts',
    find: `    tables.isComparable ? 1 : 0, // SNAP-7`,
    put: `    tables.index >= 0 ? 1 : 0,`,
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
    name: 'old-holds-in-another-order',
    breaks: 'a node that came by an old snapshot ends the holds of a session in another order',
    file: 'packages/state/src/kernel/snapshot/ties.ts',
    find: `sort((a, b) => a.fenceToken - b.fenceToken))`,
    put: `sort((a, b) => b.fenceToken - a.fenceToken))`,
  },
  {
    name: 'snapshot-of-no-bytes-taken',
    breaks: 'one message of a peer stops the node: it offers a snapshot without any bytes',
    file: 'packages/engine/src/transport/messages.ts',
    find: `    isCount(meta['byteLength']) &&
    meta['byteLength'] > 0 &&`,
    put: `    isCount(meta['byteLength']) &&`,
  },
  {
    name: 'any-term-taken',
    breaks: 'one message carries the term so far that nobody can count on: no leader ever again',
    file: 'packages/engine/src/transport/messages.ts',
    find: `const maxTerm = Math.min(ownTerm + maxTermStep, largestTerm);`,
    put: `const maxTerm = Math.max(ownTerm + maxTermStep, Number.MAX_SAFE_INTEGER);`,
  },
  {
    name: 'members-in-an-unknown-form-taken',
    breaks:
      'a node takes an entry of the members into its log that it cannot read, and stops for good',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `if (kind === 'membership' && !isMembershipEntry(data))`,
    put: `if (kind === 'membership' && data.byteLength === 0)`,
  },
  {
    name: 'what-came-and-went-stays',
    breaks:
      'small collections copy all that ever was in a map, and stop the node for many ms each time',
    file: 'packages/protocol/src/renewed-map.ts',
    find: `this.#map = new Map(this.#map); // RENEW-1`,
    put: ``,
  },
  {
    name: 'shards-are-not-made-anew',
    breaks:
      'the tables of all names that came and went stay until a full collection, and are copied',
    file: 'packages/state/src/kernel/collections/sharded-map.ts',
    find: `return times % renewedEvery === 0;`,
    put: `return times > renewedEvery * 256;`,
  },
  {
    name: 'numbers-of-appends-not-checked',
    breaks: 'an index or a term that is no whole number reaches the core, which stops the node',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `if (!isCount(value)) throw`,
    put: `if (Number.isNaN(value)) throw`,
  },
  {
    name: 'term-of-an-append-not-checked',
    breaks: 'one append carries the term so far that nobody can count on: no leader ever again',
    file: 'packages/engine/src/transport/append-frames.ts',
    find: `  checkTerm(type, term);
  const previousIndex`,
    put: `  const previousIndex`,
  },
  {
    name: 'impossible-answers-believed',
    breaks:
      'an answer for entries that the leader never had stops it, or proves what nobody confirmed',
    file: 'packages/raft/src/leader.ts',
    find: `    if (index <= lastIndex) return undefined;`,
    put: `    if (index <= lastIndex || peer.id !== '') return undefined;`,
  },
  {
    name: 'campaigns-while-it-receives',
    breaks:
      'a node that receives a snapshot campaigns when a message says so, and stops as a leader',
    file: 'packages/raft/src/raft.ts',
    find: `          this.leadership === undefined &&
          !this.receiver.keepsFromCampaigning`,
    put: `          this.leadership === undefined`,
  },
  {
    name: 'stranger-leads',
    breaks: 'a node follows whoever knows its name: one message takes the leader away',
    file: 'packages/engine/src/transport/strangers.ts',
    find: `        return this.mayLead(from) ? message : undefined;`,
    put: `        return message;`,
  },
  {
    name: 'stranger-deposes',
    breaks: 'whoever knows a name unseats the leader with a campaign that nobody asked for',
    file: 'packages/engine/src/transport/strangers.ts',
    find: `        return { ...message, transfer: false };`,
    put: `        return message;`,
  },
  {
    name: 'stranger-remembered',
    breaks: 'who is no member is written down for good, and keeps out a later member of its name',
    file: 'packages/engine/src/known-peers.ts',
    find: `    if (this.#knowledge.isKnownMember(id)) this.#remember`,
    put: `    this.#remember`,
  },
  {
    name: 'strangers-word-taken',
    breaks: 'who is no member tells in which folders the members are, and keeps them out',
    file: 'packages/engine/src/known-peers.ts',
    find: `if (!isKnownMember(from) || !isRecordOfTexts(told)) return;`,
    put: `if (!isRecordOfTexts(told)) return;`,
  },
  {
    name: 'hello-too-large-to-be-taken',
    breaks: 'a node that knows many says a hello that every peer refuses',
    file: 'packages/engine/src/known-peers.ts',
    find: `      if (bytes > maxToldBytes) break;
`,
    put: ``,
  },
  {
    name: 'silent-connections-unbounded',
    breaks: 'who says nothing holds as many connections as there are',
    file: 'packages/engine/src/transport/incoming-connections.ts',
    find: `if (ofAddress.length > maxUnmetPerAddress) ofAddress[0]?.[0].destroy();
    else if`,
    put: `if`,
  },
  {
    name: 'crowd-keeps-members-out',
    breaks: 'where there are too many strangers, the newcomer goes, which is the member',
    file: 'packages/engine/src/transport/incoming-connections.ts',
    find: `ofAddress[0]?.[0].destroy();`,
    put: `ofAddress.at(-1)?.[0].destroy();`,
  },
];
