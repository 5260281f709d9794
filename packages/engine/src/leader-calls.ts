/**
 * What this node asks of the leader beside commands (submissions.ts): here where it leads, else by a call.
 *
 * LEADER-CALL-1: a call that may wait there has its own time beside that wait, so that the answer to a wait that came to nothing arrives; one
 *     that is asked again waits for what is left.
 * LEADER-CALL-2: what this node answers itself, as the leader, ends in its time, too (LEADER-ROUTE-3). A read waits until what was
 *     committed before it is applied, and that may be held up by a disk or an audit.
 */
import type { SessionId } from '@holdfast/state';
import { administersStill } from './administration.ts';
import type { Administration, AdministrativeCall } from './administration.ts';
import { cacheAnswer, fillAnswer, keepAliveAnswer, queryAnswer } from './answers.ts';
import type { CacheCoherence } from './cache/coherence.ts';
import { turnInTime } from './cache/filling.ts';
import type { FillAnswer, FillRequest, LeaderAnswer } from './cache/statistics.ts';
import { CallDeadlines } from './call-deadlines.ts';
import type { Clock } from './clock.ts';
import { notCommitted, notRead, turnNotTold } from './failures.ts';
import type { LeaderRoute } from './leader-route.ts';
import type { LeaderDuties } from './leadership.ts';
import type { Payloads } from './payloads/payloads.ts';
import { defaultTimeoutMs } from './submissions.ts';
import { callerIn } from './types.ts';
import type { CallOptions, KeepAliveResult, Query, QueryAnswer } from './types.ts';

/** From this feature level on a leader knows reads of the cache. */
const cacheLevel = 2;

type AskedCall = Parameters<LeaderRoute['ask']>[2];

export interface LeaderCallsParts {
  readonly nodeId: string;
  readonly clock: Clock;
  /** The feature level in force. */
  readonly level: () => number;
  readonly route: LeaderRoute;
  readonly leadership: LeaderDuties;
  readonly coherence: CacheCoherence;
  readonly administration: Administration;
  readonly payloads: Payloads;
}

export class LeaderCalls {
  readonly #parts: LeaderCallsParts;
  readonly #deadlines: CallDeadlines;

  constructor(parts: LeaderCallsParts) {
    this.#parts = parts;
    this.#deadlines = new CallDeadlines(parts.clock);
  }

  async keepAlive(sessionId: SessionId, options: CallOptions): Promise<KeepAliveResult> {
    const call = { type: 'keep_alive', sessionId, ...callerIn(options) } as const;
    return this.#anywhere(
      options,
      call,
      () => this.#parts.leadership.keepAlive(sessionId, options),
      (answer) => keepAliveAnswer(answer),
      notCommitted, // One that is logged may take as long as any command (SUBMISSION-2).
    );
  }

  async query<Q extends Query>(query: Q, options: CallOptions): Promise<QueryAnswer<Q>> {
    const { leadership, payloads } = this.#parts;
    const found = await this.#anywhere(
      options,
      { type: 'query', query, ...callerIn(options) },
      async (endsMs) => payloads.answer(await leadership.query(query, options), endsMs),
      (answer) => queryAnswer(query, answer),
    );
    return found as QueryAnswer<Q>;
  }

  /** @param memory id Of the lines of this node. */
  async readCache(key: string, memoryId: string, options: CallOptions): Promise<LeaderAnswer> {
    const { nodeId, level, coherence, leadership } = this.#parts;
    if (level() < cacheLevel) {
      const { view, revision } = await this.query({ type: 'cache', name: key }, options);
      return { term: 0, view, revision, grant: { seq: 0, leaseMs: 0, line: 'none' } };
    }
    return this.#anywhere(
      options,
      { type: 'cache_read', key, memoryId, ...callerIn(options) },
      async () => {
        const read = await coherence.readHere(nodeId, key, memoryId);
        leadership.assertAdmitted(options); // LEADERSHIP-7
        return read;
      },
      cacheAnswer,
    );
  }

  async fillCache(key: string, asked: FillRequest, options: CallOptions): Promise<FillAnswer> {
    const { clock, coherence, leadership } = this.#parts;
    const { token, fillMs } = asked;
    const waitUntilMs = clock.now() + asked.waitMs;
    const waitMs = (): number => Math.max(0, waitUntilMs - clock.now());
    const timeoutMs = (options.timeoutMs ?? defaultTimeoutMs) + asked.waitMs; // LEADER-CALL-1
    const told = token === undefined ? {} : { token };
    return this.#anywhere(
      { ...options, timeoutMs },
      () => {
        const times = { waitMs: waitMs(), fillMs };
        return { type: 'cache_fill', key, ...times, ...told, ...callerIn(options) };
      },
      (endsMs) => {
        const request = { token, waitMs: waitMs(), fillMs, signal: options.signal };
        const assertAdmitted = (): void => leadership.assertAdmitted(options); // LEADERSHIP-7
        return turnInTime(coherence, clock, key, request, { endsMs, assertAdmitted });
      },
      fillAnswer,
      turnNotTold,
    );
  }

  async endCacheFill(key: string, token: string, options: CallOptions): Promise<void> {
    return this.#anywhere(
      options,
      { type: 'cache_fill_end', key, token, ...callerIn(options) },
      async () => this.#parts.coherence.endFillHere(key, token),
      () => undefined,
    );
  }

  /**
   * Something that may be repeated: here where this node leads, else by the leader.
   *
   * @param late What is told where this node does not come to it in time (LEADER-CALL-2).
   */
  #anywhere<T>(
    options: CallOptions,
    call: AskedCall | (() => AskedCall),
    here: (endsMs: number) => Promise<T>,
    received: (answer: unknown) => T,
    late: () => Error = notRead,
  ): Promise<T> {
    const { clock, route } = this.#parts;
    route.assertOpen();
    const { signal } = options;
    const deadlineMs = clock.now() + (options.timeoutMs ?? defaultTimeoutMs);
    const bounds = { deadlineMs, signal };
    return route.follow(bounds, true, async (leader) =>
      leader === 'self'
        ? this.#deadlines.within(deadlineMs, here(deadlineMs), late)
        : received(await route.ask(leader, bounds, typeof call === 'function' ? call() : call)),
    );
  }

  async administer(
    call: AdministrativeCall,
    timeoutMs: number = defaultTimeoutMs,
  ): Promise<unknown> {
    const { clock, route, administration, leadership } = this.#parts;
    route.assertOpen();
    const deadlineMs = clock.now() + timeoutMs;
    const bounds = { deadlineMs, signal: undefined };
    const isRepeatable = call.type !== 'transfer'; // MEMBERS-1
    return route.follow<unknown>(bounds, isRepeatable, async (leader, repeated) => {
      const asked = isRepeatable && repeated ? { ...call, repeated } : call;
      if (leader !== 'self') return route.ask(leader, bounds, asked);
      await this.#deadlines.within(deadlineMs, administersStill(leadership, asked), notRead);
      return administration.execute(asked, deadlineMs);
    });
  }
}
