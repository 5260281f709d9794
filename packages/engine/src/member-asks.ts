/**
 * What members ask each other for beside the log: not of the leader, but of the one that owns something.
 *
 * ASK-1: who asks is told whether the other one was asked: what was not sent was not done.
 * ASK-2: a question that names what it is `about` goes to who answers about that, and to nobody else; one that names nothing goes
 *     to who answers those. A member that answers no such question says so: it may be of an older release.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import { unwrapAnswer } from './calls.ts';
import { tooLargeForPeers } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import { CallFailed, CallTooLarge } from './transport/types.ts';
import type { Transport } from './transport/types.ts';
import { callerIn } from './types.ts';
import type { CallOptions } from './types.ts';

const defaultTimeoutMs = 10_000;

export class MemberAsks {
  readonly #nodeId: string;
  readonly #transport: Pick<Transport, 'call'>;
  readonly #answers = new Map<string | undefined, (body: unknown) => Promise<unknown>>();

  constructor(nodeId: string, transport: Pick<Transport, 'call'>) {
    this.#nodeId = nodeId;
    this.#transport = transport;
  }

  onAsked(answer: (body: unknown) => Promise<unknown>, about?: string): void {
    this.#answers.set(about, answer);
  }

  /** ASK-2. */
  answer(body: unknown): Promise<unknown> {
    const { about } = Object(body) as { readonly about?: unknown };
    const known = about === undefined || typeof about === 'string';
    const answer = known ? this.#answers.get(about) : undefined;
    if (answer === undefined) throw notAsked(this.#nodeId, 'it answers no such question');
    return answer(body);
  }

  async ask(id: string, body: object, options: CallOptions): Promise<unknown> {
    if (id === this.#nodeId) return this.answer(body);
    const { signal, timeoutMs = defaultTimeoutMs } = options;
    const call = { type: 'ask', body, timeoutMs, ...callerIn(options) };
    try {
      return unwrapAnswer(await this.#transport.call(id as MemberId, call, signal, timeoutMs));
    } catch (error) {
      if (error instanceof CallTooLarge) throw tooLargeForPeers(error);
      if (error instanceof CallFailed) throw failed(id, error.message, error.sent);
      if (error instanceof Interrupted) throw failed(id, error.message, error.begun);
      throw error;
    }
  }
}

/** ASK-1. */
function failed(id: string, why: string, mayBeDone: boolean): HoldfastError {
  if (!mayBeDone) return notAsked(id, why);
  return new HoldfastError(
    'outcome_unknown',
    `Member "${id}" was asked and did not answer (${why}). The request may have been executed. Read the state first.`,
  );
}

const notAsked = (id: string, why: string): HoldfastError =>
  new HoldfastError(
    'store_unavailable',
    `Member "${id}" could not be asked: ${why}. The request was not executed. Try again.`,
  );
