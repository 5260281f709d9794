/**
 * The requests of a session that have a number: each is done once, however often it has to be sent, and what
 * became of each is known in the end.
 *
 * NUMBERED-CALL-1: an acquire that failed with its outcome unknown is cancelled until that is answered: the session never
 *      goes on holding what none of its callers has. Until then its number is not done with (NUMBERED-1).
 * NUMBERED-CALL-2: a release that failed goes on as well, under its own number, also where it waited for one in vain (giving-back.ts).
 * NUMBERED-CALL-3: what a request waited for its turn is part of the time that it may take.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { OperationName, Operations } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { Connection } from './connection.ts';
import { GivingBack } from './giving-back.ts';
import type { Held } from './held.ts';
import { NumberedRequests } from './numbered-requests.ts';
import type { NumberedRequest, TurnSettings } from './numbered-requests.ts';
import { cancelRequestOf } from './request.ts';
import { isGone } from './session-requests.ts';
import { isUncertain, untilAnswered } from './until-answered.ts';

export interface NumberedCallsParts {
  readonly connection: Connection;
  readonly clock: ClientClock;
  readonly sessionId: string;
  /** How long what goes on in the background waits for one answer. */
  readonly timeoutMs: number;
  /** Of the session. */
  readonly state: () => string;
  /** The cluster says that there is no such session. */
  readonly onGone: () => void;
}

export type GivingBackOperation = 'release' | 'release_permits' | 'resign';

export class NumberedCalls {
  readonly #parts: NumberedCallsParts;
  readonly #numbers: NumberedRequests;
  /** Releases that have failed, and may have to be asked for again. */
  readonly #givingBack = new WeakMap<Held, GivingBack>();

  readonly #assertActive = (): void => {
    const { state, sessionId } = this.#parts;
    if (state() !== 'active')
      throw new HoldfastError('hold_lost', `Session "${sessionId}" is ${state()}.`);
  };

  constructor(parts: NumberedCallsParts) {
    this.#parts = parts;
    this.#numbers = new NumberedRequests(parts.clock);
  }

  /** Nothing is under way. */
  get isQuiet(): boolean {
    return this.#numbers.isQuiet;
  }

  /** The session is over: nobody waits for a turn any more. */
  wakeAll(): void {
    this.#numbers.wakeAll();
  }

  /** @param body Without the session and the number, which are added. */
  async call<N extends OperationName>(
    operation: N,
    body: Omit<Operations[N]['body'], 'session_id' | 'request_id'>,
    settings: TurnSettings,
  ): Promise<Operations[N]['answer']> {
    const begunAtMs = this.#parts.clock.now();
    const opened = this.#open(settings);
    const isLater = opened instanceof Promise;
    const number = isLater ? await opened : opened;
    const left = isLater ? this.#leftOf(settings, begunAtMs) : settings;
    const more = { session_id: this.#parts.sessionId, request_id: number.id };
    const whole: Operations[N]['body'] = { ...body, ...more };
    try {
      const answer = await this.#ask(operation, whole, number, left);
      number.close();
      return answer;
    } catch (error) {
      this.#isGoneFor(error);
      this.#cancel(number, operation, whole, error);
      throw error;
    }
  }

  /**
   * May be repeated as long as it fails, one attempt at a time.
   *
   * @param onReleased Told where that becomes known in the background.
   */
  async giveBack(
    operation: GivingBackOperation,
    held: Held,
    onReleased: () => void,
  ): Promise<void> {
    const begun = this.#givingBack.get(held);
    if (begun !== undefined) return begun.attempt(); // NUMBERED-CALL-2
    const { timeoutMs } = this.#parts;
    const settings = { timeoutMs, givesBack: true };
    const begunAtMs = this.#parts.clock.now();
    let number: NumberedRequest | undefined;
    try {
      const opened = this.#open(settings);
      const isLater = opened instanceof Promise;
      number = isLater ? await opened : opened;
      await this.#release(
        operation,
        held,
        number,
        isLater ? this.#leftOf(settings, begunAtMs) : settings,
      );
      number.close();
    } catch (error) {
      const giving = this.#newGivingBack(operation, held, number, onReleased);
      this.#givingBack.set(held, giving);
      giving.failed(number, error); // NUMBERED-CALL-2
      throw error;
    }
  }

  /** NUMBERED-CALL-3. */
  #leftOf(settings: TurnSettings, begunAtMs: number): TurnSettings {
    const passedMs = this.#parts.clock.now() - begunAtMs;
    return { ...settings, timeoutMs: Math.max(0, settings.timeoutMs - passedMs) };
  }

  #newGivingBack(
    operation: GivingBackOperation,
    held: Held,
    first: NumberedRequest | undefined,
    onReleased: () => void,
  ): GivingBack {
    const { timeoutMs, clock } = this.#parts;
    const parts = {
      clock,
      open: () => this.#open({ timeoutMs, givesBack: true }),
      ask: (number: NumberedRequest) => this.#release(operation, held, number, { timeoutMs }),
      isOver: () => this.#isOver,
      onReleased,
    };
    return new GivingBack(parts, first);
  }

  async #release(
    operation: GivingBackOperation,
    { name, fenceToken: fence_token }: Held,
    number: NumberedRequest,
    settings: TurnSettings,
  ): Promise<void> {
    const { sessionId: session_id } = this.#parts;
    const body = { session_id, request_id: number.id, name, fence_token };
    try {
      await this.#ask(operation, body, number, settings);
    } catch (error) {
      this.#isGoneFor(error);
      throw error;
    }
  }

  #open(turn: TurnSettings): NumberedRequest | Promise<NumberedRequest> {
    return this.#numbers.open(this.#assertActive, turn);
  }

  #ask<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    { ackedBelow }: NumberedRequest,
    { timeoutMs, signal }: TurnSettings,
  ): Promise<Operations[N]['answer']> {
    return this.#parts.connection.call(operation, body, { timeoutMs, signal, ackedBelow });
  }

  /** Whether the session is known any more shows in the outcome. */
  #isGoneFor(error: unknown): void {
    if (isGone(error)) this.#parts.onGone();
  }

  /** NUMBERED-CALL-1. */
  #cancel(number: NumberedRequest, operation: OperationName, body: unknown, error: unknown): void {
    const wish = isUncertain(error) ? cancelRequestOf(operation, body) : undefined;
    if (wish === undefined || this.#isOver) {
      number.close();
      return;
    }
    number.keep();
    const { connection, clock, timeoutMs } = this.#parts;
    const ask = (): Promise<unknown> => connection.call('cancel_request', wish, { timeoutMs });
    void untilAnswered(clock, ask, () => this.#isOver).then(() => number.close());
  }

  /** Nothing has to be settled any more: the cluster ends with the session whatever it has. */
  get #isOver(): boolean {
    return this.#parts.state() !== 'active' || this.#parts.connection.isClosed;
  }
}
