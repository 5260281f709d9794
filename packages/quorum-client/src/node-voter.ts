/** A Holdfast lease node as a voter. */
import { HoldfastError } from '@holdfast/protocol';
import type { Identities } from './identities.ts';
import type { AnswerFields, NodeTransport } from './node-transport.ts';
import type { LeaseAsk, LeaseRef, Vote, Voter, WaitAsk } from './voter.ts';

export interface NodeVoterOptions {
  readonly transport: NodeTransport;
  /** The number of the configuration. */
  readonly epoch: number;
  /** The id of the set (SET-1 of protocol/src/quorum-set.ts): no node of another one counts. */
  readonly set: string;
  /** Shared by all voters of a set. */
  readonly identities: Identities;
}

export class NodeVoter implements Voter {
  readonly name: string;
  readonly #options: NodeVoterOptions;

  /** @param url `http://host:port`. */
  constructor(url: string, options: NodeVoterOptions) {
    this.name = url;
    this.#options = options;
  }

  async acquire(ask: LeaseAsk, signal: AbortSignal): Promise<Vote> {
    const body = {
      ...bodyOf(ask),
      client_id: ask.clientId,
      ttl_ms: ask.ttlMs,
      waiter_id: ask.waiterId,
      ...(ask.isNext ? { is_next: true } : {}),
    };
    const answer = await this.#ask('acquire', body, signal);
    const { status, token, remaining_ms: remainingMs, waiters } = answer;
    if (status === 'GRANTED' && Number.isSafeInteger(token) && Number(token) > 0) {
      const file = this.#countOnce(answer);
      return { type: 'granted', token: Number(token), file };
    }
    if (status === 'DENIED' && typeof remainingMs === 'number')
      return { type: 'denied', remainingMs, ...(typeof waiters === 'number' ? { waiters } : {}) };
    if (status === 'RELEASED') return { type: 'denied', remainingMs: 0 };
    throw this.#unreadable();
  }

  confirm(lease: LeaseRef, token: number, signal: AbortSignal): Promise<boolean> {
    return this.#stands('confirm', { ...bodyOf(lease), token }, signal);
  }

  renew(lease: LeaseRef, ttlMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#stands('renew', { ...bodyOf(lease), ttl_ms: ttlMs }, signal);
  }

  async release(lease: LeaseRef, signal: AbortSignal): Promise<void> {
    await this.#ask('release', bodyOf(lease), signal);
  }

  async wait(
    { resource, waiterId, waitedMs, beganMs, timeoutMs }: WaitAsk,
    signal: AbortSignal,
  ): Promise<boolean> {
    const waiter = {
      waiter_id: waiterId,
      waited_ms: waitedMs,
      began_ms: beganMs,
      timeout_ms: timeoutMs,
    };
    const { status } = await this.#ask('wait', { resource, ...waiter }, signal);
    if (status !== 'FREE' && status !== 'TIMEOUT') throw this.#unreadable();
    return status === 'FREE';
  }

  async #stands(operation: string, body: object, signal: AbortSignal): Promise<boolean> {
    const answer = await this.#ask(operation, body, signal);
    const { status } = answer;
    if (status !== 'DONE' && status !== 'REFUSED') throw this.#unreadable();
    this.#countOnce(answer);
    return status === 'DONE';
  }

  #ask(operation: string, body: object, signal: AbortSignal): Promise<AnswerFields> {
    const { transport, epoch, set } = this.#options;
    return transport.ask(operation, { ...body, epoch, set }, signal);
  }

  /** ONCE-1. */
  #countOnce({ file_id: file }: AnswerFields): number {
    if (typeof file !== 'number') throw this.#unreadable();
    const known = this.#options.identities.claim(file, this.name);
    if (known !== this.name)
      throw new HoldfastError(
        'invalid_request',
        `${this.name} and ${known} are the same node, which has one vote. Name each node once.`,
      );
    return file;
  }

  #unreadable(): HoldfastError {
    return new HoldfastError('internal', `${this.name} did not respond as a lease node.`);
  }
}

const bodyOf = ({ resource, leaseId }: LeaseRef): object => ({ resource, lease_id: leaseId });
