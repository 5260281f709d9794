/**
 * The server's side of `Fence-Token`.
 *
 * GUARD-HTTP-1. Of one resource, one write runs at a time, and its token is compared when its turn has come. Comparing alone
 *     would not do: a write that was let in could be paused, and land after the write of a later holder.
 * GUARD-HTTP-2. A write whose token is smaller than one let in before does not run.
 */
import { HoldfastError, toProblem } from '@holdfast/protocol';
import type { Problem } from '@holdfast/protocol';
import { readFenceToken } from './fence-header.ts';
import type { ReadToken, RequestHeaders } from './fence-header.ts';
import type { FenceStore } from './fence-store.ts';
import { assertResource, staleFenceToken } from './fence-token.ts';

/** The write was executed. */
export interface FenceAcceptance<Result> {
  /** The token was not behind. */
  readonly accepted: true;
  /** What the write returned. */
  readonly result: Result;
}

/** A write that did not run, as an answer: send `problem` as `application/problem+json` (RFC 9457). */
export interface FenceRefusal {
  /** Nothing was written. */
  readonly accepted: false;
  /** 400: malformed. 409: stale. 428: no token (RFC 6585). 503: too many writes are unfinished; repeat later. */
  readonly status: 400 | 409 | 428 | 503;
  /** The problem document to answer with. */
  readonly problem: Problem;
}

/** What became of a write. */
export type FenceOutcome<Result> = FenceAcceptance<Result> | FenceRefusal;

/** Bounds of a guard. */
export interface HttpFenceGuardOptions {
  /** How many writes may be under way or wait for their turn, over all resources; 1,000 by default. */
  readonly maxUnfinished?: number;
}

/**
 * Lets a write run if the request's fence token is not stale.
 *
 * Whoever can send a token can send the largest there is and so shut all others out: let in only callers that you know.
 *
 * @example
 * const guard = new HttpFenceGuard(new MemoryFenceStore());
 * const outcome = await guard.write(request.headers, 'report', () => save(body));
 * if (!outcome.accepted) response.writeHead(outcome.status).end(JSON.stringify(outcome.problem));
 */
export class HttpFenceGuard {
  readonly #store: FenceStore;
  readonly #maxUnfinished: number;
  /** The end of the last write of each resource that has one unfinished. */
  readonly #lastOf = new Map<string, Promise<void>>();
  #unfinished = 0;

  /**
   * @param store Where the tokens are remembered. One that several processes share refuses what is stale, and cannot
   *   keep GUARD-HTTP-1 between them: there, guard the write in the transaction that makes it (`guards/postgres`).
   */
  constructor(store: FenceStore, { maxUnfinished = 1000 }: HttpFenceGuardOptions = {}) {
    this.#store = store;
    this.#maxUnfinished = maxUnfinished;
  }

  /**
   * @param headers Those of the request.
   * @param resource What is written to; 1 to 256 characters. Always guard it with the same lock.
   * @param write Does the writing, in its turn. Limit how long it takes: the next one of this resource waits for it.
   * @returns The result of `write`, or the answer that refuses the request.
   * @throws What `write` or the store throws; the token counts as seen all the same. HoldfastError `invalid_request`
   *   or `name_too_long` for a resource that cannot be.
   */
  async write<Result>(
    headers: RequestHeaders,
    resource: string,
    write: () => Result | Promise<Result>,
  ): Promise<FenceOutcome<Result>> {
    assertResource(resource);
    const fenceToken = readFenceToken(headers);
    if (typeof fenceToken !== 'number') return refusalOf(fenceToken);
    if (this.#unfinished >= this.#maxUnfinished) return overloaded(this.#maxUnfinished);
    return await this.#inTurn(resource, async () => {
      const largest = await this.#store.raise(resource, fenceToken);
      if (largest > fenceToken) return refusal(409, staleFenceToken(resource, fenceToken, largest));
      return { accepted: true, result: await write() };
    });
  }

  async #inTurn<Result>(resource: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.#lastOf.get(resource);
    let finish = (): void => undefined;
    const end = new Promise<void>((resolve) => (finish = resolve));
    this.#lastOf.set(resource, end);
    this.#unfinished++;
    try {
      await before;
      return await task();
    } finally {
      this.#unfinished--;
      if (this.#lastOf.get(resource) === end) this.#lastOf.delete(resource);
      finish();
    }
  }
}

function refusal(status: FenceRefusal['status'], error: HoldfastError): FenceRefusal {
  return { accepted: false, status, problem: { ...toProblem(error), status } };
}

function refusalOf(reason: Exclude<ReadToken, number>): FenceRefusal {
  if (reason === 'missing')
    return refusal(
      428,
      new HoldfastError(
        'invalid_request',
        'The header Fence-Token is missing. Acquire the lock of this resource and send the fence token of the hold.',
      ),
    );
  return refusal(
    400,
    new HoldfastError(
      'invalid_request',
      'The header Fence-Token is not one whole number from 1 to 2^53 - 1 in decimal digits.',
    ),
  );
}

function overloaded(maxUnfinished: number): FenceRefusal {
  return refusal(
    503,
    new HoldfastError(
      'overloaded',
      `${String(maxUnfinished)} guarded writes are in progress, which is the limit. Nothing was written; retry later.`,
    ),
  );
}
