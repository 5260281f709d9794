/** A Holdfast lease node as a voter, over HTTP. */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { LeaseAsk, LeaseRef, Vote, Voter } from './voter.ts';

export interface HttpVoterOptions {
  /** The number of the configuration. */
  readonly epoch: number;
  readonly apiKey: string | undefined;
  /** `http://host:port` of all other nodes: told to one that is new. */
  readonly others: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

export class HttpVoter implements Voter {
  readonly name: string;
  readonly #url: string;
  readonly #options: HttpVoterOptions;

  /** @param url `http://host:port`. */
  constructor(url: string, options: HttpVoterOptions) {
    this.name = withoutSlash(url);
    this.#url = this.name;
    this.#options = options;
  }

  async acquire(ask: LeaseAsk, signal: AbortSignal): Promise<Vote> {
    const body = {
      ...bodyOf(ask),
      client_id: ask.clientId,
      ttl_ms: ask.ttlMs,
      waiter_id: ask.waiterId,
    };
    const { status, token, remaining_ms: remainingMs } = await this.#vote('/acquire', body, signal);
    if (status === 'GRANTED' && Number.isSafeInteger(token) && Number(token) > 0)
      return { type: 'granted', token: Number(token) };
    if (status === 'DENIED' && typeof remainingMs === 'number')
      return { type: 'denied', remainingMs };
    if (status === 'RELEASED') return { type: 'denied', remainingMs: 0 };
    throw this.#unreadable();
  }

  confirm(lease: LeaseRef, token: number, signal: AbortSignal): Promise<boolean> {
    return this.#stands('/confirm', { ...bodyOf(lease), token }, signal);
  }

  renew(lease: LeaseRef, ttlMs: number, signal: AbortSignal): Promise<boolean> {
    return this.#stands('/renew', { ...bodyOf(lease), ttl_ms: ttlMs }, signal);
  }

  async release(lease: LeaseRef, signal: AbortSignal): Promise<void> {
    await this.#post('/release', bodyOf(lease), signal);
  }

  async wait(
    resource: string,
    waiterId: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { resource, waiter_id: waiterId, timeout_ms: timeoutMs };
    await this.#post('/wait', body, signal);
  }

  async #stands(path: string, body: object, signal: AbortSignal): Promise<boolean> {
    const { status } = await this.#post(path, body, signal);
    if (status !== 'DONE' && status !== 'REFUSED') throw this.#unreadable();
    return status === 'DONE';
  }

  /** A node that is new, or has lost its file, is told of the others; if that was all, it is asked again. */
  async #vote(path: string, body: object, signal: AbortSignal): Promise<Fields> {
    try {
      return await this.#post(path, body, signal);
    } catch (error) {
      if (!(error instanceof HoldfastError) || error.code !== 'not_voting') throw error;
      const others = this.#options.others.map(withoutSlash);
      const { voting } = await this.#post('/introduce', { others }, signal);
      if (voting !== true) throw error;
      return this.#post(path, body, signal);
    }
  }

  async #post(path: string, body: object, signal: AbortSignal): Promise<Fields> {
    const { apiKey, epoch } = this.#options;
    const response = await fetch(this.#url + path, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      },
      body: JSON.stringify({ ...body, epoch }),
      signal,
    });
    const answer: unknown = await response.json();
    if (typeof answer !== 'object' || answer === null) throw this.#unreadable();
    const fields = answer as Fields;
    if (response.ok) return fields;
    throw new HoldfastError(
      codeIn(fields['code']),
      `${this.name} answered ${String(response.status)}.`,
    );
  }

  #unreadable(): HoldfastError {
    return new HoldfastError('internal', `${this.name} answered as no lease node does.`);
  }
}

const withoutSlash = (url: string): string => url.replace(/\/$/, '');
const bodyOf = ({ resource, leaseId }: LeaseRef): object => ({ resource, lease_id: leaseId });
const codeIn = (code: unknown): ErrorCode =>
  typeof code === 'string' && code in errorDefinitions ? (code as ErrorCode) : 'internal';
