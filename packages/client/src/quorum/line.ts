/**
 * Waiting without polling: stands in the line of each voter that said another lease stands there, until
 * one of them tells that it is free. Places are kept between attempts; they end with `close`.
 */
import type { QuorumSettings } from './lease.ts';
import type { Voter } from './voter.ts';

/** A voter that is silent for longer is asked anew. */
const longestWaitMs = 20_000;

export class Line {
  readonly #settings: QuorumSettings;
  readonly #resource: string;
  readonly #waiterId: string;
  readonly #closing = new AbortController();
  readonly #places = new Set<Voter>();
  #free = false;
  #wake: (() => void) | undefined;
  /** Nobody is left who could tell. */
  #alone: (() => void) | undefined;

  constructor(settings: QuorumSettings, resource: string, waiterId: string) {
    this.#settings = settings;
    this.#resource = resource;
    this.#waiterId = waiterId;
  }

  /**
   * Resolves when a voter says that it is free, or after a pause where none can tell.
   *
   * @param busy Voters that said that another lease stands.
   * @param pauseMs How long to pause where there is nobody to tell.
   * @param leftMs How long the caller waits in all.
   */
  async next(
    busy: readonly Voter[],
    pauseMs: number,
    leftMs: number,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (const voter of busy) this.#stand(voter);
    if (this.#free || signal?.aborted === true) {
      this.#free = false;
      return;
    }
    const { clock } = this.#settings;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#wake = undefined;
        this.#alone = undefined;
        cancel();
        signal?.removeEventListener('abort', wake);
        resolve();
      };
      // A minority that tells is not enough to rely on: look again now and then in any case.
      const longestMs = this.#places.size > 0 ? Math.min(leftMs, longestWaitMs) : pauseMs;
      let cancel = clock.after(longestMs, wake);
      signal?.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
      this.#alone = () => {
        cancel();
        cancel = clock.after(pauseMs, wake);
      };
    });
    this.#free = false;
  }

  #stand(voter: Voter): void {
    if (voter.wait === undefined || this.#places.has(voter)) return;
    this.#places.add(voter);
    const { signal } = this.#closing;
    new Promise<void>((told) => {
      told(voter.wait?.(this.#resource, this.#waiterId, longestWaitMs, signal));
    }).then(
      () => {
        this.#places.delete(voter);
        this.#free = true;
        this.#wake?.();
      },
      () => {
        this.#places.delete(voter);
        if (this.#places.size === 0) this.#alone?.();
      },
    );
  }

  /** Gives up all places. */
  close(): void {
    this.#closing.abort();
  }
}
