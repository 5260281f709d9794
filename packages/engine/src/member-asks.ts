/**
 * What members ask each other for beside the log: not of the leader, but of the one that owns something.
 *
 * ASK-1: who asks is told whether the other one was asked: what was not sent was not done.
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
  #answer: ((body: unknown) => Promise<unknown>) | undefined;

  constructor(nodeId: string, transport: Pick<Transport, 'call'>) {
    this.#nodeId = nodeId;
    this.#transport = transport;
  }

  set onAsked(answer: (body: unknown) => Promise<unknown>) {
    this.#answer = answer;
  }

  answer(body: unknown): Promise<unknown> {
    if (this.#answer === undefined) throw notAsked(this.#nodeId, 'it answers no such question');
    return this.#answer(body);
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
