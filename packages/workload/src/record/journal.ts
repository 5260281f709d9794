/**
 * What the workers of a run saw, written down by themselves in the order in which it happened.
 *
 * All workers of a run live in one process, so the order of entries is a real order: a grant that
 * stands before a release in the journal was known before that release was asked for. The check needs
 * no clock; times are kept for people and for the length of outages.
 */

/** What a worker saw, without the time. */
export type Observation =
  /** The cluster acknowledged a session. */
  | { readonly type: 'session_opened'; readonly worker: string; readonly sessionId: string }
  /** The client says the session is gone, although nobody ended it. */
  | {
      readonly type: 'session_lost';
      readonly worker: string;
      readonly sessionId: string;
      readonly code: string;
    }
  | { readonly type: 'acquire_begun'; readonly worker: string; readonly resource: string }
  /** The cluster acknowledged a hold. From here the worker counts on being alone. */
  | {
      readonly type: 'granted';
      readonly worker: string;
      readonly sessionId: string;
      readonly resource: string;
      readonly fenceToken: number;
    }
  /** The acquire was certainly not granted (held by another, the wait ran out). */
  | {
      readonly type: 'refused';
      readonly worker: string;
      readonly resource: string;
      readonly code: string;
    }
  /** The acquire ended without an answer: it may have been granted. */
  | {
      readonly type: 'unanswered';
      readonly worker: string;
      readonly resource: string;
      readonly code: string;
    }
  /** The worker is about to ask for the release: it no longer counts on being alone. */
  | {
      readonly type: 'release_begun';
      readonly worker: string;
      readonly resource: string;
      readonly fenceToken: number;
    }
  | {
      readonly type: 'released';
      readonly worker: string;
      readonly resource: string;
      readonly fenceToken: number;
    }
  /** The release was refused or not answered. */
  | {
      readonly type: 'release_failed';
      readonly worker: string;
      readonly resource: string;
      readonly fenceToken: number;
      readonly code: string;
    }
  /** The client told the worker that it no longer holds. */
  | {
      readonly type: 'hold_lost';
      readonly worker: string;
      readonly resource: string;
      readonly fenceToken: number;
    };

export type JournalEntry = Observation & {
  /** Milliseconds on the process's monotonic clock. */
  readonly atMs: number;
};

/** Far more than a run of a minute writes; past it the run is at fault. */
const maxEntries = 5_000_000;

export class Journal {
  readonly #entries: JournalEntry[] = [];
  readonly #now: () => number;
  readonly #grantListeners = new Set<(atMs: number) => void>();

  /** @param now monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  get entries(): readonly JournalEntry[] {
    return this.#entries;
  }

  /** @throws Error when the journal is full. */
  write(observation: Observation): void {
    if (this.#entries.length >= maxEntries) {
      throw new Error(
        `The journal is full: ${String(maxEntries)} entries. Run for a shorter time.`,
      );
    }
    const atMs = this.#now();
    this.#entries.push({ ...observation, atMs });
    if (observation.type === 'granted') {
      for (const listener of this.#grantListeners) listener(atMs);
    }
  }

  /** Called with the time of every grant. Returns the unsubscribe. */
  onGrant(listener: (atMs: number) => void): () => void {
    this.#grantListeners.add(listener);
    return () => this.#grantListeners.delete(listener);
  }
}
