import { HoldfastError } from '@holdfast/protocol';
import type { Session } from './session.ts';

/** `unknown`: a release was sent and its outcome is not known. */
export type HoldState = 'held' | 'released' | 'lost' | 'unknown';

/** What a session holds, whatever it is: it is certain as long as the session's lease is. */
export abstract class Held {
  readonly name: string;
  /** Present it to every resource that it protects: one that has seen a larger token refuses it. */
  readonly fenceToken: number;
  readonly #session: Session;
  readonly #release: () => Promise<void>;
  #state: HoldState = 'held';
  #why = '';
  #controller: AbortController | undefined;

  constructor(session: Session, name: string, fenceToken: number, release: () => Promise<void>) {
    this.#session = session;
    this.name = name;
    this.fenceToken = fenceToken;
    this.#release = release;
  }

  get state(): HoldState {
    if (this.#state === 'held') this.#session.isValid();
    return this.#state;
  }

  /** Aborted when the hold is lost or released; always before the lease can have ended. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state !== 'held') this.#controller.abort(this.#error());
    }
    return this.#controller.signal;
  }

  /** Whether the lock is certainly held at this moment, by comparing clocks. */
  isHeld(): boolean {
    return this.#state === 'held' && this.#session.isValid();
  }

  /** @throws HoldfastError `hold_lost` unless the lock is certainly held at this moment. */
  assertHeld(): void {
    if (!this.isHeld()) throw this.#error();
  }

  /** Gives the lock back. Repeating it does nothing. */
  async release(): Promise<void> {
    if (this.#state !== 'held') return;
    this.#state = 'unknown';
    try {
      await this.#release();
      this.#state = 'released';
    } catch (error) {
      // What has ended needs no release.
      if (!(error instanceof HoldfastError) || !endedCodes.has(error.code)) throw error;
      this.#state = 'lost';
    } finally {
      this.#controller?.abort(this.#error());
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** Called by the session. */
  lose(state: 'lost' | 'released', why = ''): void {
    if (this.#state !== 'held') return;
    this.#state = state;
    this.#why = why;
    this.#controller?.abort(this.#error());
  }

  #error(): HoldfastError {
    return new HoldfastError(
      'hold_lost',
      `The hold of "${this.name}" is ${this.#state === 'held' ? 'not certain at the moment' : this.#state}${this.#why === '' ? '' : `: ${this.#why}`}. Stop the work it guards.`,
      {
        fence_token: this.fenceToken,
      },
    );
  }
}

const endedCodes: ReadonlySet<string> = new Set([
  'session_expired',
  'session_not_found',
  'hold_lost',
  'lock_not_found',
  'not_holder',
  'stale_fence_token',
]);
