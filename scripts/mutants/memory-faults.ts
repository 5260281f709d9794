/** Planted faults in what is remembered, so that nothing is executed twice, and in how much of it there may be. */
import type { Fault } from './fault.ts';

export const memoryFaults: readonly Fault[] = [
  {
    name: 'ended-sessions-forgotten-by-number',
    breaks: 'a late copy of an acquire by client id is granted again once enough others have ended',
    file: 'packages/state/src/kernel/sessions/ended-sessions.ts',
    find: `    if (first === undefined || first.dueMs >= timeMs) return false;`,
    put: `    if (first === undefined || timeMs < 0) return false;`,
    hiddenFromRuns:
      'the latest 10,000 are remembered in any case: it takes more ended sessions than a run has',
  },
  {
    name: 'age-of-requests-not-looked-at',
    breaks: 'a copy that comes after its session was forgotten is executed',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: `if (stamp.madeAtMs + stamp.liveMs < timeMs)`,
    put: `if (stamp.madeAtMs + stamp.liveMs < 0)`,
  },
  {
    name: 'later-stamp-not-remembered',
    breaks:
      'a session is forgotten while copies of a later submission of the same request may come',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: `    if (tombstone !== undefined) memory.extend(tombstone, copiesUntil(tables, stamp, 0));`,
    put: `    if (tombstone !== undefined) memory.extend(tombstone, 0);`,
  },
  {
    name: 'oldest-forgotten-where-memory-is-full',
    breaks: 'where there is no room the oldest is forgotten though a copy may come',
    file: 'packages/state/src/kernel/sessions/ended-sessions.ts',
    find: `      if (!this.#forgetFirst(timeMs)) break;`,
    put: `      if (!this.#forgetFirst(Number.MAX_SAFE_INTEGER)) break;`,
    hiddenFromRuns: 'it takes more ended sessions than a run has',
  },
  {
    name: 'refused-for-memory-and-carried-out-later',
    breaks: 'a copy of what was refused for lack of memory is executed when there is room again',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: `    memory.refusedThroughMs = Math.max(memory.refusedThroughMs, stamp.madeAtMs); // MEM-4`,
    put: `    memory.refusedThroughMs = Math.max(memory.refusedThroughMs, 0);`,
  },
  {
    name: 'refused-through-not-in-snapshots',
    breaks: 'a restored node executes what the others refuse',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `memory.refusedThroughMs = fields.number();`,
    put: `memory.refusedThroughMs = Math.min(-1, fields.number());`,
  },
  {
    name: 'each-copy-stamped-anew',
    breaks: 'a copy that was lost on its way comes with a stamp of its own and is never too old',
    file: 'packages/engine/src/submissions.ts',
    find: `    let result = await this.#submit(stamps.stamped(command), options, startedMs);`,
    put: `    let result = await this.#submit(command, options, startedMs);`,
  },
  {
    name: 'old-stamp-not-made-anew',
    breaks: 'the first acquire by client id after a quiet hour is refused for its age',
    file: 'packages/engine/src/stamps.ts',
    find: `    this.#learntMs = Math.max(this.#learntMs, timeMs);
    return true;`,
    put: `    this.#learntMs = Math.max(this.#learntMs, timeMs);
    return false;`,
  },
  {
    name: 'cancelled-before-it-came-forgotten',
    breaks: 'an acquire that was cancelled before it came is granted to nobody',
    file: 'packages/engine/src/waits.ts',
    find: `liveMs: command.waitMs + copiesLiveMs`,
    put: `liveMs: Math.min(0, command.waitMs)`,
    test: 'packages/engine/test/unit/submissions.test.ts',
  },
  {
    name: 'sessions-of-a-caller-not-counted-down',
    breaks: 'a caller that ends its sessions may make no more',
    file: 'packages/state/src/kernel/sessions/lifetimes.ts',
    find: `    tables.closeSession(session);`,
    put: `    tables.callers.begin(session.use);`,
  },
  {
    name: 'callers-not-in-snapshots',
    breaks: 'behind a restore a caller may have as many sessions again',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `        tables.callers.begin(session.use);
`,
    put: ``,
  },
  {
    name: 'own-sessions-of-a-caller-not-limited',
    breaks: 'a caller at its limit goes on by client id',
    file: 'packages/state/src/primitives/holds/acquire.ts',
    find: `tooManySessions(tables, use)`,
    put: `tooManySessions(tables, tables.callers.of(undefined))`,
    hiddenFromRuns: 'in runs a caller has no limits',
  },
  {
    name: 'waits-of-several-count-as-one',
    breaks: 'a session has more places in queues than it may',
    file: 'packages/state/src/primitives/holds/multi-acquire.ts',
    find: `tooManyWaits(tables, session, wanted.length)`,
    put: `tooManyWaits(tables, session)`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'metadata-of-waits-not-counted',
    breaks: 'a session keeps more metadata than it may',
    file: 'packages/state/src/kernel/sessions/sessions.ts',
    find: `    this.#weigh(valueBytes(waiter.terms?.metadata));
`,
    put: `    this.#weigh(valueBytes(undefined));
`,
  },
  {
    name: 'told-values-not-limited',
    breaks: 'a leader tells ever larger values',
    file: 'packages/state/src/primitives/election/elections.ts',
    find: `    if (tooMuch !== undefined) return tooMuch;
`,
    put: `    if (tooMuch !== undefined && tooMuch.ok) return tooMuch;
`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'changed-answers-not-weighed',
    breaks: 'a node that was restored forgets other answers than the rest',
    file: 'packages/state/src/kernel/requests.ts',
    find: `    this.#weigh(id, answerBytes(changed) - answerBytes(answer));`,
    put: `    this.#weigh(id, answerBytes(answer) - answerBytes(answer));`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'remembered-answer-changed-in-place',
    breaks:
      'a snapshot has what a request was answered after it was asked for: nodes differ in their bytes',
    file: 'packages/state/src/kernel/requests.ts',
    find: `    const changed: AnswerOf<Waiter> = { ...answer, result };
    this.#weigh(id, answerBytes(changed) - answerBytes(answer));`,
    put: `    this.#weigh(id, -answerBytes(answer));
    const changed: AnswerOf<Waiter> = Object.assign(answer, { result });
    this.#weigh(id, answerBytes(changed));`,
    test: 'packages/state/test/unit/captured-answers.test.ts',
  },
  {
    name: 'names-forgotten-and-carried-out-again',
    breaks: 'a late copy of a request without a number is executed again in a busy session',
    file: 'packages/state/src/kernel/forgotten-names.ts',
    find: `    return through !== undefined && made.counter <= through;`,
    put: `    return through !== undefined && made.counter < 0;`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'forgotten-names-not-in-snapshots',
    breaks: 'a restored node executes what the others refuse',
    file: 'packages/state/src/kernel/snapshot/session-records.ts',
    find: `      forgotten.names?.through ?? [],`,
    put: `      [],`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'share-given-back-twice',
    breaks: 'a caller has more streams than its share',
    file: 'packages/api/src/callers.ts',
    find: `      if (!isTaken) return;
`,
    put: ``,
    test: 'packages/api/test/unit/callers.test.ts',
  },
  {
    name: 'each-address-of-a-network-a-caller',
    breaks: 'whoever has a network of IPv6 has no limits',
    file: 'packages/tls/src/network.ts',
    find: `all.slice(0, 4)`,
    put: `all.slice(0, 8)`,
    test: 'packages/api/test/unit/callers.test.ts',
  },
  {
    name: 'times-of-old-copies-counted',
    breaks: 'nodes that came by an old snapshot and by its log differ, and one of them is stopped',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: `if (stamp === undefined && !remembersByTime(tables.limits)) return;`,
    put: ``,
    test: 'packages/state/test/unit/ended-sessions-memory.test.ts',
  },
  {
    name: 'ended-sessions-numbered-from-the-first',
    breaks: 'nodes that came by old snapshots of different entries differ, and one is stopped',
    file: 'packages/state/src/kernel/snapshot/session-records.ts',
    find: `dueMs, sequence - latest,`,
    put: `dueMs, sequence,`,
  },
  {
    name: 'place-of-a-stream-kept',
    breaks: 'a caller that connects again and again is refused for good',
    file: 'packages/api/src/stream/server.ts',
    find: `    socket.once('close', giveBack);
`,
    put: ``,
    test: 'packages/api/test/unit/quotas.test.ts',
  },
  {
    name: 'place-of-a-watch-kept',
    breaks: 'a caller that watches again and again is refused for good',
    file: 'packages/api/src/http/server-sent-events.ts',
    find: `      this.#giveBack();
`,
    put: ``,
    test: 'packages/api/test/unit/quotas.test.ts',
  },
  {
    name: 'place-of-a-backup-kept',
    breaks: 'a caller gets no more backups',
    file: 'packages/api/src/http/backups.ts',
    find: `      giveBack();
      cancel();`,
    put: `      cancel();`,
    test: 'packages/api/test/unit/backups.test.ts',
  },
  {
    name: 'needed-answers-forgotten-for-bytes',
    breaks: 'what a request got that was not answered cannot be cancelled in a busy session',
    file: 'packages/state/src/kernel/requests.ts',
    find: `    if (this.#ackedBelow === undefined)
      while (`,
    put: `    if (this.#ackedBelow !== 0)
      while (`,
  },
  {
    name: 'told-numbers-not-in-snapshots',
    breaks: 'a restored node forgets answers that the others keep',
    file: 'packages/state/src/kernel/snapshot/session-records.ts',
    find: `      forgotten.ackedBelow ?? null,`,
    put: `      null,`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'full-answers-take-more',
    breaks: 'the answers of a session take ever more memory',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `typeof requestId === 'number' ? requests.fullBy(limits) : undefined`,
    put: `typeof requestId === 'string' ? requests.fullBy(limits) : undefined`,
    test: 'packages/state/test/unit/quotas.test.ts',
  },
  {
    name: 'cancelled-remembered-for-copies-alone',
    breaks: 'an acquire that a node held up is granted to nobody long after it was cancelled',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: `return timeMs + Math.max(liveMs, longestRepetitionMs);`,
    put: `return timeMs + liveMs;`,
    test: 'packages/state/test/unit/ended-sessions.test.ts',
  },
  {
    name: 'holds-of-a-caller-not-limited',
    breaks: 'a caller has as many holds as it has sessions to hold them in',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `use.load + more <= maxHoldsPerCaller`,
    put: `use.load <= maxHoldsPerCaller + more`,
    hiddenFromRuns: 'in runs a caller has no limits',
  },
  {
    name: 'holds-of-a-caller-not-given-back',
    breaks: 'a caller that releases what it holds may acquire no more',
    file: 'packages/state/src/kernel/sessions/sessions.ts',
    find: `    this.#digest.remove(firstToken);
    this.use.load -= 1;`,
    put: `    this.#digest.remove(firstToken);
    this.use.load -= 0;`,
  },
  {
    name: 'barriers-of-a-session-not-limited',
    breaks:
      'the end of a session holds up the cluster for as long as it takes to leave any number of barriers',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `joined.size < maxBarriersPerSession`,
    put: `joined.size < 10 * maxBarriersPerSession`,
    hiddenFromRuns: 'in runs a session is inside few barriers',
    test: 'packages/state/test/unit/many-barriers.test.ts',
  },
  {
    name: 'barriers-limited-below-their-level',
    breaks:
      'a member of this release refuses an entering that an older one grants: their states differ',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `featureLevel < barriersBoundedLevel || joined`,
    put: `featureLevel < 1 || joined`,
    hiddenFromRuns: 'in runs a session is inside few barriers',
    test: 'packages/state/test/unit/many-barriers.test.ts',
  },
  {
    name: 'waits-of-a-caller-not-limited',
    breaks: 'a caller fills queues from many sessions',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `use.waits + more <= maxWaitsPerCaller`,
    put: `use.waits <= maxWaitsPerCaller + more`,
    hiddenFromRuns: 'in runs a caller has no limits',
  },
  {
    name: 'metadata-of-a-caller-not-limited',
    breaks: 'a caller keeps metadata without a bound in many sessions',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `use.metadataBytes + added <= maxMetadataBytesPerCaller`,
    put: `use.metadataBytes - added <= maxMetadataBytesPerCaller`,
    hiddenFromRuns: 'in runs a caller has no limits',
  },
  {
    name: 'answers-of-a-caller-not-limited',
    breaks: 'answers to one caller take memory without a bound in many sessions',
    file: 'packages/state/src/kernel/requests.ts',
    find: `use.answerBytes >= maxResultBytesPerCaller`,
    put: `use.answerBytes < 0 && use.answerBytes >= maxResultBytesPerCaller`,
    hiddenFromRuns: 'in runs a caller has no limits',
  },
  {
    name: 'answers-of-ended-sessions-count-for-their-caller',
    breaks: 'a caller whose sessions come and go is refused in the end',
    file: 'packages/state/src/kernel/requests.ts',
    find: `this.#use.answerBytes -= this.#numberedBytes + this.#namedBytes;`,
    put: `this.#use.answerBytes -= this.#namedBytes;`,
  },
  {
    name: 'limits-of-callers-not-in-snapshots',
    breaks: 'a restored node grants what the others refuse',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `if (!fields.atEnd) limits[name] = fields.number();`,
    put: `if (!fields.atEnd) fields.number();`,
  },
  {
    name: 'sessions-without-a-caller-limited',
    breaks: 'sessions of before callers were told are refused what they were granted then',
    file: 'packages/state/src/kernel/at-capacity.ts',
    find: `if (use.caller === undefined || use.load + more`,
    put: `if (use.load + more`,
  },
  {
    name: 'gone-connections-are-many-callers',
    breaks: 'who hangs up at once makes sessions without a limit',
    file: 'packages/api/src/callers.ts',
    find: `'a closed connection'`,
    put: `String(Math.random())`,
  },
  {
    name: 'ended-sessions-of-a-caller-without-a-share',
    breaks: 'one caller fills the memory of ended sessions, and all others are refused',
    file: 'packages/state/src/kernel/sessions/ended-shares.ts',
    find: `share.count >= maxRememberedSessionsPerCaller ||`,
    put: `share.count < 0 ||`,
    test: 'packages/state/test/unit/ended-shares.test.ts',
  },
  {
    name: 'refused-for-its-share-and-carried-out-later',
    breaks:
      'a copy of what was refused for the share of its caller is executed when there is room again',
    file: 'packages/state/src/kernel/sessions/ended-shares.ts',
    find: `return refused !== undefined && madeAtMs <= refused.throughMs;`,
    put: `return refused !== undefined && madeAtMs < 0;`,
    test: 'packages/state/test/unit/ended-shares.test.ts',
  },
  {
    name: 'shares-not-in-snapshots',
    breaks: 'a restored node makes sessions that the others refuse',
    file: 'packages/state/src/kernel/snapshot/session-records.ts',
    find: `  return { id, reason, last, dueMs, sequence, caller, owner };`,
    put: `  return { id, reason, last, dueMs, sequence, caller: caller === '' ? caller : undefined, owner };`,
  },
  {
    name: 'refused-of-a-caller-not-in-snapshots',
    breaks: 'a restored node executes what the others refuse',
    file: 'packages/state/src/kernel/snapshot/restore.ts',
    find: `memory.shares.restore({ caller, throughMs: refused.number(), untilMs: refused.number() });`,
    put: `memory.shares.restore({ caller, throughMs: refused.number() - 1000, untilMs: refused.number() });`,
    test: 'packages/state/test/unit/ended-shares.test.ts',
  },
  {
    name: 'cancelled-without-room-and-left',
    breaks:
      'an acquire that is executed after its cancellation was refused for room is held by nobody',
    file: 'packages/engine/src/cancellations.ts',
    find: `!answer.ok && answer.code === 'limit_exceeded';`,
    put: `answer.ok && answer.type === 'advanced';`,
    test: 'packages/engine/test/unit/cancellations.test.ts',
  },
  {
    name: 'cancelled-without-room-told-as-answered',
    breaks: 'a client takes a refusal for room for the end of its cancellation',
    file: 'packages/api/src/operations/sessions.ts',
    find: `  if (result.code === 'limit_exceeded')
    return new RequestError('overloaded', requestErrorOf(result).message);
`,
    put: ``,
    test: 'packages/api/test/unit/cancel-request.test.ts',
  },
  {
    name: 'repetitions-remembered-for-ten-minutes',
    breaks: 'a repetition of a request with a long ttl is executed again after 10 minutes',
    file: 'packages/state/src/kernel/sessions/making.ts',
    find: `return Math.max(copiesUntilMs, timeMs) + timeoutMs;`,
    put: `return Math.max(copiesUntilMs, timeMs + Math.min(timeoutMs, longestRepetitionMs));`,
    test: 'packages/state/test/unit/ended-shares.test.ts',
  },
];
