/** The numbers of a session's requests: at most so many are unanswered that the cluster remembers them all. */
const maxInFlight = 512;

export class NumberedRequests {
  readonly #unanswered = new Set<number>();
  readonly #queue: (() => void)[] = [];
  #next = 1;

  /** Nothing is under way. */
  get isQuiet(): boolean {
    return this.#unanswered.size === 0;
  }

  /**
   * Gives a request its number.
   *
   * @param assertActive Throws when the session is over, also while the request waited for its turn.
   */
  async run<T>(
    assertActive: () => void,
    request: (requestId: number, answeredBelow: number) => Promise<T>,
  ): Promise<T> {
    while (this.#unanswered.size >= maxInFlight)
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    assertActive();
    const requestId = this.#next++;
    const [oldest = requestId] = this.#unanswered;
    this.#unanswered.add(requestId);
    try {
      return await request(requestId, oldest);
    } finally {
      this.#unanswered.delete(requestId);
      this.#queue.shift()?.();
    }
  }

  /** The session is over: nobody waits for a turn any more. */
  wakeAll(): void {
    for (const wake of this.#queue.splice(0)) wake();
  }
}
