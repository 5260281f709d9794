/**
 * For how long Redis has not answered this node.
 *
 * SILENT-1: Redis is silent from the first question on that it has not answered. A node that was paused has not asked meanwhile:
 *     that is no silence.
 */
const everyMs = 1000;

export class RedisSilence {
  readonly #ask: () => Promise<unknown>;
  readonly #nowMs: () => number;
  /** Undefined: it has answered the last question. */
  #silentSinceMs: number | undefined = Number.NEGATIVE_INFINITY;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #isAsking = false;

  constructor(ask: () => Promise<unknown>, nowMs: () => number) {
    this.#ask = ask;
    this.#nowMs = nowMs;
  }

  /** For how long Redis has been silent; infinite where it has never answered. Asks again where it is time to. */
  get ms(): number {
    const now = this.#nowMs();
    const silentMs = this.#silentSinceMs === undefined ? 0 : now - this.#silentSinceMs;
    if (!this.#isAsking && now - this.#askedAtMs >= everyMs) void this.#askAt(now);
    return silentMs;
  }

  async #askAt(now: number): Promise<void> {
    this.#isAsking = true;
    this.#askedAtMs = now;
    this.#silentSinceMs ??= now;
    try {
      await this.#ask();
      this.#silentSinceMs = undefined;
    } catch {
      // It is silent: asked again later.
    } finally {
      this.#isAsking = false;
    }
  }
}
