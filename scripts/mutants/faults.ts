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
  readonly lives?: 'cluster' | 'quorum';
}

export const faults: readonly Fault[] = [
  {
    name: 'vote-not-persisted',
    breaks: 'a vote leaves before it is on disk: a node that restarts votes twice in a term',
    file: 'packages/raft/src/raft.ts',
    find: `        votedFor: this.votedFor,
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
    file: 'packages/raft/src/raft.ts',
    find: `      lastTerm > this.log.lastTerm ||
      (lastTerm === this.log.lastTerm && lastIndex >= this.log.lastIndex)`,
    put: `      lastTerm >= 0 || lastIndex >= this.log.lastIndex`,
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
    find: `      await expiry; // L3
    }
    await this.#prove();`,
    put: `      await expiry; // L3
    }`,
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
    find: `this.#pending[0].round <= round`,
    put: `this.#pending[0].round <= round + 1`,
  },
  {
    name: 'leases-kept-across-leaderships',
    breaks: 'a new leader expires sessions by deadlines of an earlier leadership',
    file: 'packages/engine/src/leases.ts',
    find: `    if (known !== undefined) {
      this.touch(sessionId, nowMs, wallMs);
      return;
    }
    const deadlineMs = nowMs + timeoutMs;`,
    put: `    if (known !== undefined) return;
    const deadlineMs = nowMs + timeoutMs / 2;`,
  },
  {
    name: 'expiry-not-guarded',
    breaks: 'a session that was renewed meanwhile is ended by an expiry proposed before',
    file: 'packages/state/src/lifetimes.ts',
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
    file: 'packages/state/src/snapshot.ts',
    find: `  tables.fenceCounter = fields.number();`,
    put: `  tables.fenceCounter = Math.min(0, fields.number());`,
  },
  {
    name: 'queue-order-lost-on-restore',
    breaks: 'waiters change places after a restore',
    file: 'packages/state/src/records.ts',
    find: `pool.queue.append(decodeWaiter(tables, pool, waiter.list())));`,
    put: `pool.queue.insertAfter(undefined, decodeWaiter(tables, pool, waiter.list())));`,
  },
  {
    name: 'first-answers-not-in-snapshot',
    breaks: 'a retry after a restore is carried out a second time',
    file: 'packages/state/src/records.ts',
    find: `    const [id, answer] = decodeAnswer(answers.list());
    requests.remember(id, answer, Number.POSITIVE_INFINITY);`,
    put: `    const [id, answer] = decodeAnswer(answers.list());
    if (answer.kind === 'acquire' && answer.result === undefined)
      requests.remember(id, answer, Number.POSITIVE_INFINITY);`,
  },
  {
    name: 'first-answer-not-remembered',
    breaks: 'a retried acquire is carried out a second time',
    file: 'packages/state/src/acquire.ts',
    find: `  if (known !== undefined) return repeatAcquire(command, known);`,
    put: `  if (known?.kind === 'release') return repeatAcquire(command, known);`,
  },
  {
    name: 'queue-is-passed',
    breaks: 'whoever comes when something is free passes those that wait',
    file: 'packages/state/src/acquire.ts',
    find: `if (isNext(pool, held, command.terms) && pool.fits(units, held)) return 'give'; // P2, A3`,
    put: `if (pool.fits(units, held)) return 'give';`,
  },
  {
    name: 'waits-outlive-their-session',
    breaks: 'a lock is given to a session that has ended',
    file: 'packages/state/src/lifetimes.ts',
    find: `    endWait(tables, waiter, sessionEnded(session.id, reason)); // E1
    for (const pool`,
    put: `    for (const pool`,
  },
  {
    name: 'token-not-renewed-by-grant',
    breaks: 'two holders one after the other have the same token',
    file: 'packages/state/src/tables.ts',
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
    name: 'entries-applied-during-a-restore',
    breaks: 'entries are applied to the state that a snapshot is about to replace',
    file: 'packages/engine/src/replica.ts',
    find: `      if (this.#restoring !== undefined) this.#delayedEntries.push(...output.committed);
      else this.#applyAll(output.committed);`,
    put: `      this.#applyAll(output.committed);`,
  },
  {
    name: 'late-ticks-ignored',
    breaks: 'a leader that stood still goes on as if nothing had happened',
    file: 'packages/engine/src/replica.ts',
    find: `    if (lateMs <= 3 * this.#options.heartbeatMs) return;`,
    put: `    if (lateMs <= 3000 * this.#options.heartbeatMs) return;`,
  },
  {
    name: 'older-snapshot-replaces-newer',
    breaks: "a node's own snapshot that is done late takes the place of a newer one of the leader",
    file: 'packages/storage/src/log-file.ts',
    find: `if (message.meta.index <= this.#currentSnapshot) {`,
    put: `if (message.meta.index < 0) {`,
  },
  {
    name: 'clearing-up-takes-newer-chunks',
    breaks: 'what is deleted behind one snapshot includes chunks of the next, which is being saved',
    file: 'packages/storage/src/log-file.ts',
    find: `FROM chunks WHERE snapshot < ? LIMIT`,
    put: `FROM chunks WHERE snapshot <> ? LIMIT`,
  },
  {
    name: 'replaced-snapshot-stops-the-node',
    breaks: 'a snapshot that is replaced while the state is read from it is taken for damage',
    file: 'packages/engine/src/replica.ts',
    find: `if (data === undefined) return undefined;`,
    put: `if (data === undefined) throw new Error('a chunk is missing');`,
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
    find: `if (outgoing === undefined) this.#writeBack(to, () => encodeMessageFrame(message));
    else outgoing`,
    put: `if (outgoing !== undefined) outgoing`,
  },
  {
    name: 'learner-keeps-a-dead-leader',
    breaks: 'a learner believes in a leader that is gone, and so do its callers',
    file: 'packages/raft/src/raft.ts',
    find: `else if (this.leader !== null) this.becomeFollower(this.term, null);`,
    put: ``,
  },
  {
    name: 'unreachable-leader-tried-for-ever',
    breaks: 'a client goes to and fro between a node and a leader that it cannot reach',
    file: 'packages/client/src/route.ts',
    find: `if (url === this.#unreachableLeader) return false; // F4`,
    put: ``,
  },
  {
    name: 'removed-voter-does-not-campaign',
    breaks: 'a voter whose removal only it has, uncommitted, stays silent: nobody can be elected',
    file: 'packages/raft/src/raft.ts',
    find: `if (this.#mayCampaign && this.receiving === undefined)`,
    put: `if (this.isVoter(this.config.id) && this.receiving === undefined)`,
  },
  {
    name: 'permits-passed-in-the-queue',
    breaks: 'who needs few permits passes who needs many, for ever',
    file: 'packages/state/src/take.ts',
    find: `if (isNext(pool, undefined, terms) && pool.fits(permits, undefined)) return 'give'; // N4, O1`,
    put: `if (pool.fits(permits, undefined)) return 'give';`,
  },
  {
    name: 'permits-beyond-the-limit',
    breaks: 'a semaphore gives more permits than there are',
    file: 'packages/state/src/pool.ts',
    find: `if (held === undefined) return this.opening === undefined && this.free >= units; // P3`,
    put: `if (held === undefined)
      return (this.opening === undefined && this.free >= units) || this.kind === 'semaphore';`,
  },
  {
    name: 'permits-not-in-the-sessions-end',
    breaks: 'permits of a session that ended are never given back',
    file: 'packages/state/src/lifetimes.ts',
    find: `for (const hold of session.permits.values()) {`,
    put: `for (const hold of session.own ? session.permits.values() : []) {`,
  },
  {
    name: 'two-leaders',
    breaks: 'an election has room for two',
    file: 'packages/state/src/take.ts',
    find: `tables.openPool(kind, name, taking.limit ?? permits);`,
    put: `tables.openPool(kind, name, taking.limit ?? permits + (kind === 'election' ? 1 : 0));`,
  },
  {
    name: 'election-not-in-the-sessions-end',
    breaks: 'a leader whose session ended leads for ever',
    file: 'packages/state/src/lifetimes.ts',
    find: `for (const hold of [...session.holds.values(), ...session.leads.values()]) {`,
    put: `for (const hold of [...session.holds.values()]) {`,
  },
  {
    name: 'several-out-of-turn',
    breaks: 'several together are given though somebody is ahead in one of the queues',
    file: 'packages/state/src/grants.ts',
    find: `return waiters.every((one) => one.pool.queue.first === one && one.pool.isServable(one));`,
    put: `return waiters.every((one) => one.pool.isServable(one));`,
  },
  {
    name: 'several-left-behind',
    breaks: 'of several waits together the others stay when one ends',
    file: 'packages/state/src/grants.ts',
    find: `for (const one of together?.waiters ?? [waiter]) {`,
    put: `for (const one of together?.waiters.slice(0, 1) ?? [waiter]) {`,
  },
  {
    name: 'barrier-opens-early',
    breaks: 'a barrier opens before all have come',
    file: 'packages/state/src/barriers.ts',
    find: `if (barrier.members.size === barrier.parties) {`,
    put: `if (barrier.members.size >= barrier.parties - 1) {`,
  },
  {
    name: 'barrier-over-early',
    breaks: 'a round is over when the first has left',
    file: 'packages/state/src/barriers.ts',
    find: `if (barrier.members.size > 0) return false;`,
    put: `if (barrier.members.size > 0 && !barrier.open) return false;`,
  },
  {
    name: 'latch-counted-twice',
    breaks: 'a count that is sent again is counted again',
    file: 'packages/state/src/latches.ts',
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
    file: 'packages/state/src/records.ts',
    find: `hold.ending === undefined ? null : [hold.ending.dueMs, hold.ending.sequence],`,
    put: `hold.ending === undefined || hold.units > 0 ? null : [hold.ending.dueMs, hold.ending.sequence],`,
  },
  {
    name: 'longest-time-starts-anew',
    breaks: 'entering a hold gives it another longest time: it never ends',
    file: 'packages/state/src/lifetimes.ts',
    find: `endHold(tables, hold, 'max_hold');`,
    put: `if (hold.holdCount < 0) endHold(tables, hold, 'max_hold');
  else if (hold.ending !== undefined) tables.due.remove(hold.ending);
  hold.ending = undefined;`,
  },
  {
    name: 'urgent-passes-for-ever',
    breaks: 'a stream of urgent requests starves the others',
    file: 'packages/state/src/queue.ts',
    find: `if (priorityOf(ahead) >= priority || ahead.passed >= maxPasses) return false; // L1, L2`,
    put: `if (priorityOf(ahead) >= priority) return false; // L1`,
  },
  {
    name: 'circle-not-seen',
    breaks: 'two who wait for each other are not told',
    file: 'packages/state/src/deadlock.ts',
    find: `pool.size - units < mostOfOthers) return waiter;`,
    put: `pool.size - units < mostOfOthers) continue;`,
  },
  {
    name: 'circle-through-a-try-not-seen',
    breaks: 'a request that passes others at once closes a circle',
    file: 'packages/state/src/grants.ts',
    find: `  return circle === undefined ? undefined : deadlock(circle);
}`,
    put: `  return circle === undefined || circle.length > 0 ? undefined : deadlock(circle);
}`,
  },
  {
    name: 'late-downgrade-lowers-a-raise',
    breaks: 'a downgrade that comes late lowers what was raised since',
    file: 'packages/state/src/release.ts',
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
];
