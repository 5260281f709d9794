/**
 * The release of one hold, from its first attempt that failed on.
 *
 * GIVE-BACK-1: it has one number, however often it is asked for, so that a hold that was entered twice is never given
 *      back twice by it.
 * GIVE-BACK-2: a release that failed goes on in the background until the cluster has answered it (UNTIL-ANSWERED-1, UNTIL-ANSWERED-2): a hold
 *      that nobody wants does not stand as long as its session.
 * GIVE-BACK-3: once answered, it is not asked for again: the cluster may have forgotten the number.
 * GIVE-BACK-4: a number that goes on in the background stays that of the release until the cluster itself has answered, or the
 *      session ends: what a node refuses later tells nothing of the copies before. Only what a node refused before anything
 *      could be done is forgotten.
 * GIVE-BACK-5: a release that is given no number in time goes on in the background as well: it waits for one there.
 */
import type { NumberedRequest } from './numbered-requests.ts';
import { isDecided, isHopeless, untilAnswered } from './until-answered.ts';
import type { Settled } from './until-answered.ts';
import type { ClientClock } from './clock.ts';

export interface GivingBackParts {
  readonly clock: ClientClock;
  /** Gives it its number. */
  readonly open: () => NumberedRequest | Promise<NumberedRequest>;
  /** Asks the cluster once. */
  readonly ask: (number: NumberedRequest) => Promise<unknown>;
  readonly isOver: () => boolean;
  /** It is given back, told in the background. */
  readonly onReleased: () => void;
}

export class GivingBack {
  readonly #parts: GivingBackParts;
  #number: NumberedRequest | undefined;
  /** While it waits for its number: it is given one alone, whoever asks for it (GIVE-BACK-1). */
  #opening: Promise<NumberedRequest> | undefined;
  #goesOn = false;
  #settled: Settled<unknown> | undefined;

  /** @param number That of the first attempt, which has failed and is told to `failed`; undefined: it was given none. */
  constructor(parts: GivingBackParts, number: NumberedRequest | undefined) {
    this.#parts = parts;
    this.#number = number;
  }

  /** @throws HoldfastError as the cluster, or the way to it, says; it may be called again then. */
  async attempt(): Promise<void> {
    const settled = this.#settled;
    if (settled !== undefined) {
      if ('refused' in settled) throw settled.refused; // GIVE-BACK-3
      return;
    }
    let number: NumberedRequest | undefined;
    try {
      number = await this.#opened();
      const answer = await this.#parts.ask(number);
      this.#settle({ answer });
    } catch (error) {
      this.failed(number, error);
      if (this.#isAnswered) return; // In the background, meanwhile.
      throw error;
    }
  }

  get #isAnswered(): boolean {
    return this.#settled !== undefined && 'answer' in this.#settled;
  }

  /** GIVE-BACK-1. */
  async #opened(): Promise<NumberedRequest> {
    if (this.#number !== undefined) return this.#number;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<NumberedRequest> {
    const number = await this.#parts.open();
    this.#number = number;
    if (this.#goesOn) number.keep();
    return number;
  }

  /**
   * What follows from it.
   *
   * @param number Undefined: it was given none (GIVE-BACK-5).
   */
  failed(number: NumberedRequest | undefined, error: unknown): void {
    if (number === undefined) this.#goOn();
    else if (isDecided(error)) this.#settle({ refused: error });
    else if (isHopeless(error) && !this.#goesOn)
      this.#forget(number); // GIVE-BACK-4
    else this.#goOn();
  }

  /** GIVE-BACK-2. */
  #goOn(): void {
    if (this.#goesOn || this.#settled !== undefined) return;
    this.#goesOn = true;
    this.#number?.keep();
    const { clock, ask, isOver, onReleased } = this.#parts;
    const again = async (): Promise<unknown> => ask(await this.#opened());
    const isDone = (): boolean => isOver() || this.#settled !== undefined; // GIVE-BACK-3
    void untilAnswered(clock, again, isDone).then((settled) => {
      if (settled === undefined) this.#number?.close();
      else this.#settle(settled);
      if (settled !== undefined && 'answer' in settled) onReleased();
    });
  }

  /** Nothing was done, and asking again would be refused again: the next attempt is another request. */
  #forget(number: NumberedRequest): void {
    number.close();
    this.#number = undefined;
  }

  #settle(settled: Settled<unknown>): void {
    this.#settled ??= settled;
    this.#number?.close();
  }
}
