/** Batches in the log and not yet applied, by the turns in which they were proposed. */

/**
 * So many turns may have some. What arrives meanwhile is in the next batches: with few in flight they grow with the load, and the cost of a sync, a
 * message and a wake-up is shared by more commands (measured: docs/performance.md).
 */
const maxFlights = 2;

/** What one turn proposes. */
export interface Flight {
  /** In the log and not yet applied; one more while it is proposed. */
  batches: number;
}

export class Flights {
  #count = 0;

  get isFull(): boolean {
    return this.#count >= maxFlights;
  }

  /** `leave` is to be called when it is all proposed. */
  begin(): Flight {
    this.#count += 1;
    return { batches: 1 };
  }

  enter(flight: Flight): void {
    flight.batches += 1;
  }

  leave(flight: Flight): void {
    flight.batches -= 1;
    if (flight.batches === 0) this.#count -= 1;
  }
}
