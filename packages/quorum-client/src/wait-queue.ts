/**
 * Waiting without polling: stands in the wait queue of every voter until a majority of them tells that the
 * resource is free and this waiter is next. A minority is not enough to be granted anything: it is only
 * believed after a while, when the others may have nothing to tell. Places are kept between attempts; they
 * end with `close`.
 */
import { onAbort } from './abort-listeners.ts';
import { majorityOf } from './lease.ts';
import type { QuorumSettings } from './lease.ts';
import { isBusy } from './round.ts';
import type { Voter } from './voter.ts';

/** A voter that is silent for longer is asked anew. */
const longestWaitMs = 20_000;
/** A place that has not ended so long after that is none: whatever carried it has gone. */
const placeSlackMs = 2000;
/** How long others have to tell the same after the first one did, at least. */
const shortestGraceMs = 50;

export interface Pause {
  /** How long where no majority can tell, in ms. */
  readonly pauseMs: number;
  /** How long the caller waits in all, in ms. */
  readonly leftMs: number;
  readonly signal: AbortSignal | undefined;
}

export interface WaitQueueSettings extends QuorumSettings {
  /** The wall clock, in ms: it says in which order voters place those that wait, nothing else. */
  readonly wallNow: () => number;
}

export class WaitQueue {
  readonly #settings: WaitQueueSettings;
  readonly #resource: string;
  readonly waiterId: string;
  readonly #startedMs: number;
  readonly #beganMs: number;
  readonly #places = new Map<Voter, AbortController>();
  /** Since the last attempt. */
  readonly #told = new Set<Voter>();
  /** Voters that had no place for it when they were asked last. */
  readonly #full = new Map<Voter, string>();
  /** It was next, and was not granted anything: whatever is the matter, it does not hurry. */
  #wasNext = false;
  #look: () => void = () => undefined;

  constructor(settings: WaitQueueSettings, resource: string, waiterId: string) {
    this.#settings = settings;
    this.#resource = resource;
    this.waiterId = waiterId;
    this.#startedMs = settings.clock.now();
    this.#beganMs = Math.max(0, settings.wallNow());
  }

  /** Resolves when it is time to try again, with whether a majority told that this waiter is next. */
  async next({ pauseMs, leftMs, signal }: Pause): Promise<boolean> {
    const { clock, voters } = this.#settings;
    const isNext = (): boolean => this.#told.size >= majorityOf(voters);
    const startedMs = clock.now();
    const earliestMs = startedMs + (this.#wasNext ? Math.min(pauseMs, leftMs) : 0);
    for (const voter of voters) this.#stand(voter);
    await new Promise<void>((resolve) => {
      let dueMs = startedMs + leftMs;
      let cancel: () => void = () => undefined;
      const wake = (): void => {
        this.#look = () => undefined;
        cancel();
        ignore();
        resolve();
      };
      this.#look = () => {
        const now = clock.now();
        dueMs = Math.min(dueMs, isNext() ? earliestMs : now + this.#patienceMs(pauseMs));
        if (dueMs <= now || signal?.aborted === true) {
          wake();
          return;
        }
        cancel();
        cancel = clock.after(dueMs - now, wake);
      };
      const ignore = onAbort(signal, wake);
      this.#look();
    });
    this.#wasNext = isNext();
    this.#told.clear();
    return this.#wasNext;
  }

  /** So many voters have no place for it that no majority can tell: what they say. */
  get refusedBecause(): string | undefined {
    const { voters } = this.#settings;
    if (this.#full.size <= voters.length - majorityOf(voters)) return undefined;
    const [why] = this.#full.values();
    return why;
  }

  /** How long to wait for what others may tell. */
  #patienceMs(pauseMs: number): number {
    const tells = this.#places.size + this.#told.size;
    if (tells < majorityOf(this.#settings.voters)) return pauseMs;
    return this.#told.size === 0 ? longestWaitMs : Math.max(pauseMs, shortestGraceMs);
  }

  #stand(voter: Voter): void {
    if (voter.wait === undefined || this.#places.has(voter) || this.#told.has(voter)) return;
    const place = new AbortController();
    this.#places.set(voter, place);
    const ask = {
      resource: this.#resource,
      waiterId: this.waiterId,
      waitedMs: this.#settings.clock.now() - this.#startedMs,
      beganMs: this.#beganMs,
      timeoutMs: longestWaitMs,
    };
    const leave = (isFree: boolean, error?: unknown): void => {
      cancel();
      if (this.#places.get(voter) !== place) return;
      this.#places.delete(voter);
      if (isBusy(error)) this.#full.set(voter, (error as Error).message);
      else this.#full.delete(voter);
      if (isFree) this.#told.add(voter);
      this.#look();
    };
    const cancel = this.#settings.clock.after(longestWaitMs + placeSlackMs, () => {
      place.abort(given);
      leave(false);
    });
    // What throws at once throws inside the promise.
    new Promise<boolean>((told) => told(voter.wait?.(ask, place.signal) ?? false)).then(
      (isFree) => leave(isFree),
      (error: unknown) => leave(false, error),
    );
  }

  /** Cancels all waits. */
  close(): void {
    for (const place of this.#places.values()) place.abort(given);
  }
}

/** The reason of each abort: to make one takes longer than all the rest. */
const given = new Error('The wait was cancelled.');
