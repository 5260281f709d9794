/**
 * How much may be unanswered.
 *
 * ROOM-1: it is bounded in number and in size; what is too much is refused with `overloaded`, and never sent.
 * ROOM-2: what keeps, cancels or gives back has room above what all others fill: however much is wanted, a session
 *     is kept alive, and what it holds can be given back.
 */
import { HoldfastError } from '@holdfast/protocol';

const mostRequests = 50_000;
/** Of UTF-16. */
const mostUnits = 64 * 1024 * 1024;
/** What holders have beside it, of both (ROOM-2). */
const shareOfHolders = 0.25;

export class Room {
  readonly #mostRequests: number;
  readonly #mostUnits: number;
  #requests = 0;
  #units = 0;

  constructor(requests: number = mostRequests, units: number = mostUnits) {
    this.#mostRequests = requests;
    this.#mostUnits = units;
  }

  /** Of UTF-16, of all that is unanswered. */
  get units(): number {
    return this.#units;
  }

  /** @param isOfHolders See request.ts. @throws HoldfastError `overloaded`: nothing was done. */
  take(text: string, isOfHolders: boolean): void {
    const share = isOfHolders ? 1 + shareOfHolders : 1; // ROOM-2
    if (this.#requests >= this.#mostRequests * share)
      throw full(`${String(this.#requests)} requests`);
    if (this.#units + text.length > this.#mostUnits * share)
      throw full(`requests of ${String(this.#units)} characters`);
    this.#requests += 1;
    this.#units += text.length;
  }

  /** It is answered, or nobody waits for it any more. */
  leave(text: string): void {
    this.#requests -= 1;
    this.#units -= text.length;
  }
}

const full = (what: string): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The client has ${what} in flight, which is its limit. The request was not sent. Wait for answers first.`,
  );
