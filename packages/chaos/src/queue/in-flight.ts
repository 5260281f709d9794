/** Deliveries that are in flight for certain: told, not settled, and within their visibility whatever the clocks of others say. */

/** Clocks of two machines may run so much apart, as a part of what they measure. */
const drift = 0.01;

export interface HeldDelivery {
  /** Before the pop that took it was asked for: its visibility began later. */
  readonly askedMs: number;
  readonly visibilityMs: number;
}

export class DeliveriesInFlight {
  readonly #held = new Set<HeldDelivery>();

  take(delivery: HeldDelivery): void {
    this.#held.add(delivery);
  }

  /** From now on it may be settled: it is about to be asked for. */
  settle(delivery: HeldDelivery): void {
    this.#held.delete(delivery);
  }

  countAt(nowMs: number): number {
    return [...this.#held].filter(
      ({ askedMs, visibilityMs }) => nowMs < askedMs + visibilityMs * (1 - drift),
    ).length;
  }
}
