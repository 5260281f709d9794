/**
 * The requests of a session that have a number: each is done once, however often it has to be sent, and what
 * became of each is known in the end.
 *
 * NC1: an acquire that failed with its outcome unknown is given up until that is answered: the session never
 *      goes on holding what none of its callers has. Until then its number is not done with (NR1).
 * NC2: a release that failed goes on as well, under its own number (giving-back.ts).
 */
import { HoldfastError } from '@holdfast/protocol';
import type { OperationName, Operations } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { Connection } from './connection.ts';
import { GivingBack } from './giving-back.ts';
import type { Held } from './held.ts';
import { NumberedRequests } from './numbered-requests.ts';
import type { NumberedRequest, TurnSettings } from './numbered-requests.ts';
import { givingUp } from './request.ts';
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
  /** Releases that were asked for and may have to be asked for again. */
  readonly #givingBack = new WeakMap<Held, GivingBack>();

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

  /** @param whole The body with the session and the number. */
  async call<N extends OperationName>(
    operation: N,
    whole: (more: {
      readonly session_id: string;
      readonly request_id: number;
    }) => Operations[N]['body'],
    settings: TurnSettings,
  ): Promise<Operations[N]['answer']> {
    const number = await this.#open(settings);
    const body = whole({ session_id: this.#parts.sessionId, request_id: number.id });
    try {
      const answer = await this.#ask(operation, body, number, settings);
      number.close();
      return answer;
    } catch (error) {
      this.#giveUp(number, operation, body, error);
      throw error;
    }
  }

  /**
   * May be repeated as long as it fails.
   *
   * @param onReleased Told where that becomes known in the background.
   */
  giveBack(operation: GivingBackOperation, held: Held, onReleased: () => void): Promise<void> {
    let giving = this.#givingBack.get(held);
    if (giving === undefined) {
      const { timeoutMs, sessionId: session_id, clock } = this.#parts;
      const { name, fenceToken: fence_token } = held;
      giving = new GivingBack({
        clock,
        open: () => this.#open({ timeoutMs }),
        ask: (number) => {
          const body = { session_id, request_id: number.id, name, fence_token };
          return this.#ask(operation, body, number, { timeoutMs });
        },
        isOver: () => this.#isOver,
        onReleased,
      });
      this.#givingBack.set(held, giving);
    }
    return giving.attempt(); // NC2
  }

  #open(turn: TurnSettings): Promise<NumberedRequest> {
    return this.#numbers.open(() => {
      const { state, sessionId } = this.#parts;
      if (state() !== 'active')
        throw new HoldfastError('hold_lost', `Session "${sessionId}" is ${state()}.`);
    }, turn);
  }

  /** Whether the session is known any more shows in the outcome. */
  async #ask<N extends OperationName>(
    operation: N,
    body: Operations[N]['body'],
    { answeredBelow }: NumberedRequest,
    settings: TurnSettings,
  ): Promise<Operations[N]['answer']> {
    try {
      return await this.#parts.connection.call(operation, body, { ...settings, answeredBelow });
    } catch (error) {
      if (isGone(error)) this.#parts.onGone();
      throw error;
    }
  }

  /** NC1. */
  #giveUp(number: NumberedRequest, operation: OperationName, body: unknown, error: unknown): void {
    const wish = isUncertain(error) ? givingUp(operation, body) : undefined;
    if (wish === undefined || this.#isOver) {
      number.close();
      return;
    }
    number.keep();
    const { connection, clock, timeoutMs } = this.#parts;
    const ask = (): Promise<unknown> => connection.call('give_up', wish, { timeoutMs });
    void untilAnswered(clock, ask, () => this.#isOver).then(() => number.close());
  }

  /** Nothing has to be settled any more: the cluster ends with the session whatever it has. */
  get #isOver(): boolean {
    return this.#parts.state() !== 'active' || this.#parts.connection.isClosed;
  }
}
