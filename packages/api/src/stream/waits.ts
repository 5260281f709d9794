/** The requests of one stream that wait in the cluster, and what cancels them. */
import { cancelReasons } from '@holdfast/engine/parts';
import { RenewedMap } from '@holdfast/protocol';
import type { CancelWaitAnswer } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError } from '../request-error.ts';
import { readCancel } from './own-frames.ts';

/** Answers that a cancel may still cross. */
const maxAnsweredKept = 256;

export class StreamWaits {
  /** What cancels the requests that wait. */
  readonly #waiting = new RenewedMap<number, AbortController>();
  /** The latest acquires that were answered after a wait: a cancel may cross the answer. */
  readonly #answered = new RenewedMap<number, AbortController>();
  #ended = false;

  /** That of a request which may wait. */
  contextOf(id: number, context: OperationContext): OperationContext {
    const onWait = (cancellation: AbortController): void => {
      if (this.#ended) cancellation.abort(cancelReasons.hungUp);
      else this.#waiting.set(id, cancellation);
    };
    return { ...context, onWait };
  }

  /** What "cancel" asks for. */
  cancel(body: unknown): Outcome<CancelWaitAnswer> {
    const asked = readCancel(body);
    if (asked instanceof RequestError) return asked;
    const { request } = asked;
    const waiting = this.#waiting.get(request) ?? this.#answered.get(request);
    waiting?.abort(cancelReasons.cancelled);
    return { cancelled: waiting !== undefined };
  }

  noLongerWaits(id: number): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#answered.set(id, waiting);
    if (this.#answered.size > maxAnsweredKept) this.#answered.deleteOldest();
  }

  /** The stream is gone: waits of acquires that nobody can resume are cancelled, those that begin later as well. */
  end(): void {
    this.#ended = true;
    for (const waiting of this.#waiting.values()) waiting.abort(cancelReasons.hungUp);
    this.#waiting.clear();
    this.#answered.clear();
  }
}
