/**
 * The longest leases of a file, over all starts of its node: which it tells others (TTL-1 of host.ts), and which it may
 * grant at once (TTL-2 there).
 *
 * No clock goes on over a restart, so what is left of a wait is not written down, only that it is over: whoever starts
 * before that waits for the whole time again.
 */
import type { Contents } from '../store/read.ts';
import type { HostClock, HostOptions } from './host-options.ts';

/** Ttl and drift buffer. */
export interface LeaseLengths {
  /** The longest that was ever in force with the file. */
  readonly longestMs: number;
  /** The longest that may be granted at once. */
  readonly allowedMs: number;
}

export interface LongestLeaseOptions {
  readonly store: { markLeases(lengths: LeaseLengths): void };
  readonly clock: Pick<HostClock, 'now' | 'after'>;
  readonly opened: Pick<Contents, 'restored' | 'hasVoted' | 'longestLeaseMs' | 'allowedLeaseMs'>;
  /** As the node is set to now. */
  readonly longestTtlMs: number;
  readonly driftBufferMs: number;
  readonly startedAtMs: number;
  /** The disk refuses: it is tried again. */
  readonly onMarkFailed: (error: unknown) => void;
}

const retryMs = 10_000;
/** Timers of Node take no more. */
const longestTimerMs = 2 ** 31 - 1;

export class LongestLease {
  readonly longestMs: number;
  readonly raised: HostOptions['raised'];
  readonly #options: LongestLeaseOptions;
  #cancel: () => void = () => undefined;

  /** @throws Error where the disk refuses. */
  constructor(options: LongestLeaseOptions) {
    this.#options = options;
    const { store, opened, driftBufferMs, startedAtMs } = options;
    this.longestMs = longestOf(options);
    // Where it has not voted with this file it has granted nothing. A former file does not tell what was in force.
    const isTold = opened.hasVoted && opened.longestLeaseMs > 0;
    const allowedMs = isTold ? opened.allowedLeaseMs : this.longestMs;
    if (this.longestMs !== opened.longestLeaseMs || allowedMs !== opened.allowedLeaseMs)
      store.markLeases({ longestMs: this.longestMs, allowedMs });
    if (allowedMs >= this.longestMs) return;
    const atMs = startedAtMs + this.longestMs;
    this.raised = { fromTtlMs: allowedMs - driftBufferMs, atMs };
    this.#planMark(atMs);
  }

  stop(): void {
    this.#cancel();
  }

  #planMark(atMs: number): void {
    const { clock } = this.#options;
    const leftMs = Math.max(1, Math.ceil(atMs - clock.now()));
    this.#cancel = clock.after(Math.min(leftMs, longestTimerMs), () => {
      // A timer may fire too early by a fraction of a ms.
      if (clock.now() < atMs) this.#planMark(atMs);
      else this.#mark();
    });
  }

  /** TTL-2: the wait is over, also for every start from now on. */
  #mark(): void {
    const { store, clock, onMarkFailed } = this.#options;
    try {
      store.markLeases({ longestMs: this.longestMs, allowedMs: this.longestMs });
    } catch (error) {
      onMarkFailed(error);
      this.#cancel = clock.after(retryMs, () => this.#mark());
    }
  }
}

/** TTL-1. A former file does not tell what was in force; what stands in it was granted. */
function longestOf({ opened, longestTtlMs, driftBufferMs }: LongestLeaseOptions): number {
  const { longestLeaseMs: storedMs, restored } = opened;
  let longestMs = Math.max(storedMs, Math.ceil(longestTtlMs + driftBufferMs));
  if (storedMs === 0)
    for (const { lease } of restored.rows)
      longestMs = Math.max(longestMs, Math.ceil((lease?.ttlMs ?? 0) + driftBufferMs));
  return longestMs;
}
