/** What peers ask of this node: it is answered here or nowhere, and not passed on again. */
import { HoldfastError, traceContextOf } from '@holdfast/protocol';
import type { TraceParent, Tracing } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import { administersStill } from './administration.ts';
import type { Administration } from './administration.ts';
import type { CacheCoherence } from './cache/coherence.ts';
import { failureAnswer, isCall } from './calls.ts';
import type { Call, CallAnswer } from './calls.ts';
import type { Clock } from './clock.ts';
import type { ConsistencyCheck } from './consistency-check.ts';
import type { LeaderRoute } from './leader-route.ts';
import type { LeaderDuties } from './leadership.ts';
import type { MemberAsks } from './member-asks.ts';
import { fromWire } from './payloads/wire-payloads.ts';
import type { Payloads } from './payloads/payloads.ts';
import { envelopeOf } from './submission.ts';
import type { Submissions } from './submissions.ts';

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

  constructor(parts: PeerRequestsParts) {
    this.#parts = parts;
  }

  async answer(from: MemberId, request: unknown, signal: AbortSignal): Promise<CallAnswer> {
    const { clock, supportedLevel, consistency, asks, coherence, route, payloads } = this.#parts;
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
      if (request.type === 'ask') return { type: 'ok', value: await asks.answer(request.body) };
      if (request.type === 'payloads')
        return { type: 'ok', value: await payloads.given(request.wanted.map(fromWire)) };
      if (request.type === 'cache_invalidate')
        return { type: 'ok', value: await coherence.onInvalidation(request) };
      if (request.type === 'cache_drop_earlier')
        return { type: 'ok', value: await coherence.onNewLeader(request.term) };
      const deadlineMs = clock.now() + request.timeoutMs;
      await route.whenReadyHere(deadlineMs);
      return { type: 'ok', value: await this.#asLeader(from, request, deadlineMs, signal) };
    } catch (error) {
      return failureAnswer(error);
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
    const { submissions, leadership, coherence, administration, payloads } = this.#parts;
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
        const read = await coherence.fillHere(key, { token, waitMs, fillMs });
        leadership.assertAdmitted(call); // LEADERSHIP-7
        return read;
      }
      case 'cache_fill_end':
        return coherence.endFillHere(call.key, call.token) ?? null;
      case 'add_member':
      case 'promote_member':
      case 'remove_member':
      case 'transfer':
        await administersStill(leadership, call);
        return administration.execute(call, deadlineMs);
    }
  }
}
