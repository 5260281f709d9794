/**
 * What peers ask of this node: it is answered here or nowhere, and not passed on again.
 *
 * PEER-REQUEST-1: each is answered in the time that its caller has given it (DEADLINE-1), whatever it waits for here: a proof, an entry
 *     that is not applied, a disk, a client. A command has its own deadline (SUBMISSION-2), and so has a change of the members once it is
 *     begun.
 */
import { HoldfastError, traceContextOf } from '@holdfast/protocol';
import type { TraceParent, Tracing } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import { administersStill } from './administration.ts';
import type { Administration } from './administration.ts';
import type { CacheCoherence } from './cache/coherence.ts';
import { failureAnswer, isCall } from './calls.ts';
import type { Call, CallAnswer } from './calls.ts';
import { turnInTime } from './cache/filling.ts';
import { CallDeadlines } from './call-deadlines.ts';
import type { Clock } from './clock.ts';
import type { ConsistencyCheck } from './consistency-check.ts';
import { notCommitted, notRead, outcomeUnknown, turnNotTold } from './failures.ts';
import type { LeaderRoute } from './leader-route.ts';
import type { LeaderDuties } from './leadership.ts';
import type { MemberAsks } from './member-asks.ts';
import { fromWire } from './payloads/wire-payloads.ts';
import type { Payloads } from './payloads/payloads.ts';
import { envelopeOf } from './submission.ts';
import type { Submissions } from './submissions.ts';

type Timed = Exclude<Call, { readonly type: 'state_digest' }>;

/** What is told of a call whose time is over; of others this is told where they wait. */
const lateAnswers: Readonly<Partial<Record<Call['type'], () => Error>>> = {
  keep_alive: notCommitted,
  query: notRead,
  cache_read: notRead,
  cache_fill: turnNotTold,
  payloads: notRead,
  ask: outcomeUnknown,
  cache_invalidate: outcomeUnknown,
  cache_drop_earlier: outcomeUnknown,
};

export interface PeerRequestsParts {
  readonly clock: Clock;
  /** The highest feature level that this program supports. */
  readonly supportedLevel: () => number;
  readonly consistency: ConsistencyCheck;
  readonly asks: MemberAsks;
  readonly coherence: CacheCoherence;
  readonly route: LeaderRoute;
  readonly submissions: Submissions;
  readonly leadership: LeaderDuties;
  readonly administration: Administration;
  readonly payloads: Payloads;
  readonly tracing: Tracing | undefined;
}

export class PeerRequests {
  readonly #parts: PeerRequestsParts;
  readonly #deadlines: CallDeadlines;

  constructor(parts: PeerRequestsParts) {
    this.#parts = parts;
    this.#deadlines = new CallDeadlines(parts.clock);
  }

  async answer(from: MemberId, request: unknown, signal: AbortSignal): Promise<CallAnswer> {
    const { clock, supportedLevel, consistency } = this.#parts;
    try {
      if (!isCall(request, supportedLevel())) {
        throw new HoldfastError(
          'invalid_request',
          'A peer sent a request that this version does not know. Upgrade this node.',
        );
      }
      if (request.type === 'state_digest') {
        consistency.note(from, request);
        return { type: 'ok', value: null };
      }
      const deadlineMs = clock.now() + request.timeoutMs;
      const work = this.#work(from, request, deadlineMs, signal);
      const late = lateAnswers[request.type];
      const value = await (late === undefined
        ? work
        : this.#deadlines.within(deadlineMs, work, late)); // PEER-REQUEST-1
      return { type: 'ok', value };
    } catch (error) {
      return failureAnswer(error);
    }
  }

  async #work(
    from: MemberId,
    call: Timed,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { asks, coherence, payloads, route } = this.#parts;
    // oxlint-disable-next-line typescript/switch-exhaustiveness-check -- the leader answers the rest.
    switch (call.type) {
      case 'ask':
        return asks.answer(call.body);
      case 'payloads':
        return payloads.given(call.wanted.map(fromWire));
      case 'cache_invalidate':
        return coherence.onInvalidation(call);
      case 'cache_drop_earlier':
        return coherence.onNewLeader(call.term);
      default:
        await route.whenReadyHere(deadlineMs);
        return this.#asLeader(from, call, deadlineMs, signal);
    }
  }

  #traceOf({ trace }: Extract<Call, { type: 'submit' }>): TraceParent | undefined {
    if (trace === undefined) return undefined;
    const context = traceContextOf(trace);
    return context === undefined ? undefined : this.#parts.tracing?.from(context);
  }

  async #asLeader(
    from: MemberId,
    call: Exclude<
      Call,
      { type: 'state_digest' | 'cache_invalidate' | 'cache_drop_earlier' | 'ask' | 'payloads' }
    >,
    deadlineMs: number,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { clock, submissions, leadership, coherence, administration, payloads } = this.#parts;
    switch (call.type) {
      case 'submit':
        return submissions.submitHere(
          envelopeOf(call.command, call, call.repeated === true),
          signal,
          { deadlineMs, trace: this.#traceOf(call) },
        );
      case 'keep_alive':
        return leadership.keepAlive(call.sessionId, call);
      case 'query':
        return payloads.answer(await leadership.query(call.query, call), deadlineMs);
      case 'cache_read': {
        const read = await coherence.readHere(from, call.key, call.memoryId);
        leadership.assertAdmitted(call); // LEADERSHIP-7
        return read;
      }
      case 'cache_fill': {
        const { key, token, waitMs, fillMs } = call;
        const asked = { token, waitMs, fillMs, signal };
        const assertAdmitted = (): void => leadership.assertAdmitted(call); // LEADERSHIP-7
        return turnInTime(coherence, clock, key, asked, { endsMs: deadlineMs, assertAdmitted });
      }
      case 'cache_fill_end':
        return coherence.endFillHere(call.key, call.token) ?? null;
      case 'add_member':
      case 'promote_member':
      case 'remove_member':
      case 'transfer':
        await this.#deadlines.within(deadlineMs, administersStill(leadership, call), notRead);
        return administration.execute(call, deadlineMs);
    }
  }
}
