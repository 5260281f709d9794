/** Faults in what becomes of requests whose outcome their callers were not told. */
import type { Fault } from './fault.ts';

export const outcomeFaults: readonly Fault[] = [
  {
    name: 'removal-without-outcome',
    breaks: 'who removes the leader is not told that it was removed',
    file: 'packages/engine/src/administration.ts',
    find: `        if (call.repeated === true) return undefined; // MEMBERS-1`,
    put: ``,
    test: 'packages/engine/test/unit/administration.test.ts',
  },
  {
    name: 'removal-seen-in-the-log',
    breaks: 'a removal that is in the log alone, and may be undone, is told as done',
    file: 'packages/engine/src/administration.ts',
    find: `      if (membershipIndex <= applied) return membership;`,
    put: `      if (membershipIndex > 0) return membership;`,
    test: 'packages/engine/test/unit/administration.test.ts',
  },
  {
    name: 'acquire-not-cancelled',
    breaks: 'an acquire whose outcome is unknown becomes a hold that nobody has',
    file: 'packages/client/src/numbered-calls.ts',
    find: `if (wish === undefined || this.#isOver) {`,
    put: `if (wish !== undefined || this.#isOver) {`,
    test: 'packages/client/test/unit/outcome.test.ts',
  },
  {
    name: 'acquire-cancelled-once',
    breaks:
      'an acquire is cancelled once: where nobody hears that, it becomes a hold that nobody has',
    file: 'packages/client/src/until-answered.ts',
    find: `    if (isOver()) break; // UNTIL-ANSWERED-2`,
    put: `    if (isOver() || pauseMs > 0) break; // UNTIL-ANSWERED-2`,
  },
  {
    name: 'number-done-with-while-cancelled',
    breaks: 'the cluster may forget the answer of a request that is still being cancelled',
    file: 'packages/client/src/numbered-calls.ts',
    find: `    number.keep();
    const { connection, clock, timeoutMs } = this.#parts;`,
    put: `    number.close();
    const { connection, clock, timeoutMs } = this.#parts;`,
  },
  {
    name: 'hold-counts-compared-under-way',
    breaks:
      'the counts of a lock are compared while a release is under way, and differ for no reason',
    file: 'packages/client/src/hold-counts.ts',
    find: `return request !== undefined && request === this.quiet;`,
    put: `return request === request;`,
  },
  {
    name: 'hold-counts-of-several-not-compared',
    breaks: 'a hold that no caller has is not noticed where several locks are acquired together',
    file: 'packages/client/src/multi-lock.ts',
    find: `counts.compare(hold, answer.holds[at]?.hold_count);`,
    put: `void [hold, answer.holds[at]?.hold_count];`,
  },
  {
    name: 'hold-counts-not-compared',
    breaks: 'a hold that no caller has is not noticed by its count',
    file: 'packages/client/src/holdings.ts',
    find: `size < holdCount : size !== holdCount;`,
    put: `size < holdCount : size > holdCount;`,
  },
  {
    name: 'campaign-counts-not-compared',
    breaks: 'a leadership that no caller has is not noticed by its count',
    file: 'packages/client/src/election.ts',
    find: `if (mayCompare) counts.compare(leadership, answer.hold_count);`,
    put: `void mayCompare;`,
  },
  {
    name: 'later-leadership-ended-with-an-earlier',
    breaks:
      'a resignation that is answered late ends the next leadership of the session for its client alone: nobody leads',
    file: 'packages/client/src/session-holds.ts',
    find: `if (twin.fenceToken !== held.fenceToken) continue; // A later one, which stands.`,
    put: ``,
  },
  {
    name: 'resigned-twins-counted-on',
    breaks:
      'a leadership that was told twice and resigned once is counted on, as one that still stands',
    file: 'packages/client/src/session-holds.ts',
    find: `this.holdings.delete(twin);`,
    put: ``,
  },
  {
    name: 'releases-wait-behind-acquires',
    breaks: 'a session that waits for much cannot give back what it holds',
    file: 'packages/client/src/numbered-requests.ts',
    find: `const leave = givesBack ? 0 : forGivingBack;`,
    put: `const leave = givesBack ? forGivingBack : forGivingBack;`,
    test: 'packages/client/test/unit/outcome.test.ts',
  },
  {
    name: 'release-repeated-as-another',
    breaks: 'a release that is repeated is another one: what was entered twice is given back twice',
    file: 'packages/client/src/giving-back.ts',
    find: `if (this.#number !== undefined) return this.#number;`,
    put: `if (this.#number?.id === -1) return this.#number;`,
  },
  {
    name: 'release-forgotten-for-a-refusal',
    breaks:
      'a release that may have been executed is forgotten for what a node refuses later, and the next one gives back a second hold',
    file: 'packages/client/src/giving-back.ts',
    find: `isHopeless(error) && !this.#goesOn`,
    put: `isHopeless(error)`,
    test: 'packages/client/test/unit/outcome.test.ts',
    hiddenFromRuns: 'runs have no access rules that change',
  },
  {
    name: 'refusal-taken-for-all-copies',
    breaks: 'what one node refuses is taken for what became of copies that were lost before',
    file: 'packages/client/src/connection.ts',
    find: `      pending.uncertain = true;
      if (pending.repeatable) {`,
    put: `      pending.uncertain = false;
      if (pending.repeatable) {`,
  },
  {
    name: 'nothing-done-after-a-lost-attempt',
    breaks: 'a caller is told that nothing was done though a leader that was lost may have done it',
    file: 'packages/engine/src/leader-route.ts',
    find: `if (begun && isRefusedHere(error)) throw outcomeUnknown();`,
    put: `if (!begun && isRefusedHere(error)) throw outcomeUnknown();`,
    test: 'packages/engine/test/unit/leader-route.test.ts',
  },
  {
    name: 'unnumbered-acquire-left-to-nobody',
    breaks: 'an acquire without a number whose outcome is unknown becomes a hold that nobody has',
    file: 'packages/engine/src/cancellations.ts',
    find: `if (!isUncertain || cancel === undefined || typeof cancel.requestId === 'number') return;`,
    put: `if (!isUncertain || cancel === undefined || cancel.requestId !== undefined) return;`,
    test: 'packages/engine/test/unit/cancellations.test.ts',
  },
  {
    name: 'numbered-wait-cancelled-by-node',
    breaks: 'a hold that a numbered repetition was told of is given back by the node of the first',
    file: 'packages/engine/src/caller-signal.ts',
    find: `  signal.aborted && (!canReturn || signal.reason === cancelReasons.cancelled);`,
    put: `  signal.aborted && (!canReturn || signal.reason !== undefined);`,
  },
  {
    name: 'cancelled-before-the-cluster-knows',
    breaks: 'a caller is told that it holds nothing while its acquire may still be granted',
    file: 'packages/engine/src/caller-signal.ts',
    find: `      cancel(cancelCommand).then(() => resolve(waitCancelled(nameOf(command))), reject); // CANCEL-2`,
    put: `      cancel(cancelCommand).catch(() => undefined);
      resolve(waitCancelled(nameOf(command)));`,
  },
  {
    name: 'grant-on-its-way-is-kept',
    breaks:
      'a grant whose caller has left before its answer arrived is held until its session ends',
    file: 'packages/engine/src/caller-signal.ts',
    find: `        if (!result.ok) signal.removeEventListener('abort', onAbort); // Nothing is held.`,
    put: `        signal.removeEventListener('abort', onAbort);`,
  },
  {
    name: 'hang-up-of-http-not-told',
    breaks: 'who hangs up over HTTP goes on waiting in the cluster',
    file: 'packages/api/src/http/application.ts',
    find: `    if (!isAnswered) cancellation.abort(cancelReasons.hungUp);`,
    put: `    if (!isAnswered && reply.sent) cancellation.abort(cancelReasons.hungUp);`,
    test: 'packages/api/test/unit/cancelling.test.ts',
  },
  {
    name: 'hang-up-of-stream-not-told',
    breaks: 'who closes its stream goes on waiting in the cluster',
    file: 'packages/api/src/stream/waits.ts',
    find: `    for (const waiting of this.#waiting.values()) waiting.abort(cancelReasons.hungUp);
`,
    put: ``,
    test: 'packages/api/test/unit/cancelling.test.ts',
  },
  {
    name: 'cancelled-call-of-grpc-not-told',
    breaks: 'who cancels a call of gRPC goes on waiting in the cluster',
    file: 'packages/api/src/grpc/unary.ts',
    find: `cancellation?.abort(cancelReasons.hungUp));`,
    put: `(cancellation = undefined));`,
    test: 'packages/api/test/unit/cancelling.test.ts',
  },
  {
    name: 'cancelled-behind-others',
    breaks: 'an acquire whose caller has hung up stands until others are answered',
    file: 'packages/engine/src/cancellations.ts',
    find: `    if (this.#kept.has(key)) return;`,
    put: `    if (this.#kept.has(key) || this.#kept.size >= atOnce) return;`,
    test: 'packages/engine/test/unit/submissions.test.ts',
  },
  {
    name: 'cancelled-campaign-ends-leadership',
    breaks: 'cancelling one campaign ends a leadership that another request was told of',
    file: 'packages/state/src/primitives/election/elections.ts',
    find: `if (led?.fenceToken === grant.fenceToken && led.holdCount > 1) {`,
    put: `if (led?.fenceToken === grant.fenceToken && led.holdCount > 1000) {`,
  },
  {
    name: 'cancelled-barrier-leaves-for-all',
    breaks: 'cancelling one entering takes a session out of a barrier that another request entered',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `    if (entered > 1) {`,
    put: `    if (entered > 1000) {`,
  },
  {
    name: 'forgotten-grant-told-cancelled',
    breaks:
      'a command says that nothing is held by its acquire, which holds the lock until the session ends',
    file: 'packages/state/src/kernel/cancel.ts',
    find: `if (requests.mayHaveForgotten(requestId))`,
    put: `if (session.living === undefined)`,
    test: 'packages/state/test/unit/forgotten-names.test.ts',
    hiddenFromRuns: 'no run asks so much in one session after an acquire without a number',
  },
  {
    name: 'late-copy-of-a-forgotten-id-executed',
    breaks:
      'a copy that comes long after its request was cancelled or released is granted to nobody',
    file: 'packages/state/src/kernel/forgotten-names.ts',
    find: `return (askedAt ?? -1) < (this.#unorderedThrough ?? -1);`,
    put: `return (askedAt ?? -1) < -1;`,
    test: 'packages/state/test/unit/forgotten-names.test.ts',
    hiddenFromRuns: 'no run asks so much in one session after a request without a number',
  },
  {
    name: 'answer-of-unordered-id-without-its-index-in-snapshots',
    breaks: 'a node that came by a snapshot executes a late copy that the others refuse',
    file: 'packages/state/src/kernel/snapshot/answer-records.ts',
    find: `answeredAt === undefined || result === undefined ? told`,
    put: `answeredAt === undefined || result !== null ? told`,
    test: 'packages/state/test/unit/forgotten-names.test.ts',
    hiddenFromRuns: 'no run asks so much in one session after a request without a number',
  },
  {
    name: 'asked-at-told-anew-by-each-copy',
    breaks:
      'a copy that is sent to a new leader counts as a request that was asked later, and is executed a second time',
    file: 'packages/engine/src/submissions.ts',
    find: `const envelope = envelopeOf(timely, options, repeated);`,
    put: `const latest = this.#options.stamps.askedAt(command);
      const envelope = envelopeOf(timely, latest === undefined ? options : { ...options, askedAt: latest }, repeated);`,
    test: 'packages/engine/test/unit/stamps.test.ts',
    hiddenFromRuns: 'no run asks so much in one session after a request without a number',
  },
  {
    name: 'asked-at-lost-in-the-log',
    breaks:
      'followers apply a request without a number as one of an unknown time, and their state differs from that of the leader',
    file: 'packages/engine/src/batch.ts',
    find: `    ...(askedAt === undefined ? {} : { askedAt }),`,
    put: `    ...(askedAt === undefined || level > 0 ? {} : { askedAt }),`,
    test: 'packages/engine/test/unit/batch.test.ts',
    hiddenFromRuns: 'runs ask with numbers',
  },
  {
    name: 'changed-rights-told-to-the-caller',
    breaks:
      'a request that is under way while a key or role changes fails, though it need only be asked again',
    file: 'packages/client/src/request.ts',
    find: `code === 'not_leader' || code === 'shutting_down' || code === 'access_changed';`,
    put: `code === 'not_leader' || code === 'shutting_down';`,
    test: 'packages/client/test/unit/session.test.ts',
    hiddenFromRuns: 'runs have no access rules that change',
  },
  {
    name: 'cancelled-wait-answered-by-the-client-itself',
    breaks:
      'over plain HTTP a call whose time is over is told as one that the cluster has cancelled',
    file: 'packages/client/src/http-socket.ts',
    find: `    waiting?.abort();`,
    put: `    waiting?.abort();
    if (waiting !== undefined) this.#tell([request, 1, { code: 'wait_cancelled', detail: 'The wait was cancelled.' }]);`,
    test: 'packages/client/test/unit/http-socket.test.ts',
    hiddenFromRuns: 'runs have no HTTP',
  },
  {
    name: 'acquire-by-its-id-not-cancelled-after-its-time',
    breaks:
      'what an acquire with a cancel_id got after its deadline is held by nobody until its session ends',
    file: 'packages/client/src/client.ts',
    find: `const isOver = signal?.aborted === true || wish.cancel_id !== undefined;`,
    put: `const isOver = signal?.aborted === true;`,
    test: 'packages/client/test/unit/cancellations.test.ts',
    hiddenFromRuns: 'runs ask with numbers',
  },
  {
    name: 'wait-not-added-to-the-time-of-a-call',
    breaks: 'a call that waits at the cluster ends before its wait is over',
    file: 'packages/client/src/client.ts',
    find: `timeoutMs: this.#timeoutMs + waitMsIn(body),`,
    put: `timeoutMs: this.#timeoutMs,`,
    test: 'packages/client/test/unit/deadlines.test.ts',
    hiddenFromRuns: 'runs ask through sessions, which add it themselves',
  },
  {
    name: 'any-duration-taken',
    breaks:
      'a timeout from the environment, which is a text, makes all calls fail at once, told as perhaps executed',
    file: 'packages/client/src/durations.ts',
    find: `if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return undefined;`,
    put: `if (value !== undefined) return undefined;`,
    test: 'packages/client/test/unit/durations.test.ts',
    hiddenFromRuns: 'runs give durations that are some',
  },
  {
    name: 'changed-rights-not-looked-at-before-authentication',
    breaks: 'a copy of the request that turns authentication on is refused, though it was executed',
    file: 'packages/api/src/pipeline/access.ts',
    find: `    admission.authorizedAt !== undefined || context.service.control?.isOn === true;`,
    put: `    admission.authorizedAt !== undefined;`,
    test: 'packages/api/test/unit/access-changed.test.ts',
    hiddenFromRuns: 'runs have no access rules that change',
  },
  {
    name: 'late-copy-after-cancel-granted',
    breaks: 'a copy that comes after its request was cancelled is granted',
    file: 'packages/state/src/kernel/cancel.ts',
    find: `      requests.remember(requestId, answer, tables); // STATE-RELEASE-1
      return { ok: true, type: 'abandoned' };`,
    put: `      return { ok: true, type: 'abandoned' };`,
  },
  {
    name: 'repetitions-counted-in-old-logs',
    breaks:
      'nodes that came by an old snapshot and by its log differ in who leads after a cancellation',
    file: 'packages/state/src/primitives/holds/grants.ts',
    find: `if (!remembersByTime(tables.limits))`,
    put: `if (ask.units === 0)`,
    test: 'packages/state/test/unit/upgrade.test.ts',
  },
  {
    name: 'barriers-entered-again-counted-in-old-logs',
    breaks: 'nodes that came by an old snapshot and by its log differ in who is inside a barrier',
    file: 'packages/state/src/primitives/barrier/barriers.ts',
    find: `if (remembersByTime(tables.limits)) {`,
    put: `if (entered > 0) {`,
    test: 'packages/state/test/unit/upgrade.test.ts',
  },
  {
    name: 'uncounted-campaign-ends-leadership',
    breaks: 'cancelling a campaign of before an upgrade ends a leadership that another was told of',
    file: 'packages/state/src/primitives/election/elections.ts',
    find: `grant.holdCount > led.exclusiveCount) return undefined;`,
    put: `grant.holdCount > 1000) return undefined;`,
    test: 'packages/state/test/unit/upgrade.test.ts',
  },
  {
    name: 'leader-has-all-the-time',
    breaks:
      'what is asked of the leader itself waits for ever while a majority answers and does not write',
    file: 'packages/engine/src/submissions.ts',
    find: `const call = this.#deadlines.add(deadlineMs,`,
    put: `const call = this.#deadlines.add(deadlineMs + 1e9,`,
    test: 'packages/engine/test/unit/submissions.test.ts',
  },
  {
    name: 'committed-pop-cut-off',
    breaks:
      'a pop that was committed in time is told that it was not, while its payload comes from another member',
    file: 'packages/engine/src/submissions.ts',
    find: `if (!this.#deadlines.end(call)) return; // SUBMISSION-3`,
    put: `if (!call.slot.calls.has(call)) return;`,
    test: 'packages/engine/test/unit/submissions.test.ts',
  },
  {
    name: 'reads-of-the-leader-wait-for-ever',
    breaks: 'LEADER-CALL-2: a read hangs while what is committed is not applied',
    file: 'packages/engine/src/leader-calls.ts',
    find: `? this.#deadlines.within(deadlineMs, here(deadlineMs), late)`,
    put: `? here(deadlineMs)`,
    hiddenFromRuns: 'in runs whatever is committed is applied soon',
    test: 'packages/engine/test/unit/leader-calls.test.ts',
  },
  {
    name: 'deadline-told-early',
    breaks: 'a call is told that its time is over before it is',
    file: 'packages/engine/src/call-deadlines.ts',
    find: `Math.ceil(deadlineMs / grainMs)`,
    put: `Math.floor(deadlineMs / grainMs)`,
    test: 'packages/engine/test/unit/call-deadlines.test.ts',
  },
  {
    name: 'taken-and-told-as-refused',
    breaks:
      'what is in the log of a node that stops by it is said not to be executed, and is submitted again elsewhere',
    file: 'packages/engine/src/replica.ts',
    find: `      this.#fail(error); // REPLICA-8`,
    put: `      this.#fail(error);
      return stoppedAnswer as T;`,
    hiddenFromRuns: 'no part of a node throws in a run',
    test: 'packages/engine/test/unit/replica.test.ts',
  },
];
