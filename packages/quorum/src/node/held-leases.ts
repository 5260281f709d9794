/**
 * A page of the leases that stand on a node, in the order of their names, for people.
 *
 * HELD-1: a million rows are looked at some at a time, and votes are served in between. One reading is under way at a time; where
 *     too many wait for theirs, one more is refused.
 * HELD-2: a reading ends when whoever asked has gone, where its place is not free in time, and after a longer time of reading, in
 *     which a busy node has read a million rows: others wait behind it.
 *
 * No lease that stands throughout the reading is left out, however often it is renewed meanwhile (SLOTS-1 of slots.ts). What is told
 * of each is as of some moment of the reading.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { HostClock } from './host-options.ts';
import type { StandingLease } from './lease-node.ts';

export const leasesOnAPage = 50;
const rowsAtOnce = 2000;
const mostReadings = 8;
/** So long does another node wait for the answer (other-node.ts). */
const longestWaitMs = 2000;
/** People wait longer, where there is much to read. */
const longestReadingMs = 10_000;

export interface WantedLeases {
  /** Only resources whose names begin so. */
  readonly prefix: string;
  /** Only those behind it. */
  readonly after: string;
}

export interface HeldPage {
  readonly page: readonly StandingLease[];
  readonly more: boolean;
  /** How many stand on the node, whatever was wanted. */
  readonly count: number;
}

export class HeldLeases {
  readonly #rows: () => Iterable<StandingLease | undefined>;
  readonly #clock: Pick<HostClock, 'after' | 'endOfTurn'>;
  #latest: Promise<unknown> = Promise.resolve();
  #readings = 0;

  /** @param rows Begins a reading: each row that is passed, undefined where no lease stands. */
  constructor(
    rows: () => Iterable<StandingLease | undefined>,
    clock: Pick<HostClock, 'after' | 'endOfTurn'>,
  ) {
    this.#rows = rows;
    this.#clock = clock;
  }

  /** HELD-1, HELD-2. @throws HoldfastError `limit_exceeded`, `overloaded`, `wait_cancelled`. */
  async read(wanted: WantedLeases, gone?: AbortSignal): Promise<HeldPage> {
    if (gone?.aborted === true) throw askerHasGone();
    if (this.#readings >= mostReadings)
      throw new HoldfastError(
        'limit_exceeded',
        `${String(mostReadings)} readings of the leases of this node are under way. Ask again in a moment.`,
        { limit: 'max_readings', value: mostReadings, scope: 'node' },
      );
    this.#readings += 1;
    const stopped = new AbortController();
    const ended = Promise.withResolvers<never>();
    const end = (why: HoldfastError): void => {
      stopped.abort(why);
      ended.reject(why);
    };
    const leave = (): void => end(askerHasGone());
    gone?.addEventListener('abort', leave, { once: true });
    let cancel = this.#clock.after(longestWaitMs, () => end(tooSlow(longestWaitMs)));
    const reading = this.#latest
      .then(() => {
        stopped.signal.throwIfAborted();
        cancel();
        cancel = this.#clock.after(longestReadingMs, () => end(tooSlow(longestReadingMs)));
        return this.#read(wanted, stopped.signal);
      })
      .finally(() => {
        // Not before its turn has come: otherwise whoever asks and hangs up had any number of them wait.
        this.#readings -= 1;
      });
    this.#latest = reading.catch(() => undefined);
    try {
      return await Promise.race([reading, ended.promise]);
    } finally {
      cancel();
      gone?.removeEventListener('abort', leave);
    }
  }

  async #read({ prefix, after }: WantedLeases, stopped: AbortSignal): Promise<HeldPage> {
    const found: StandingLease[] = [];
    let count = 0;
    let left = rowsAtOnce;
    for (const row of this.#rows()) {
      if (--left === 0) {
        await new Promise<void>((resolve) => this.#clock.endOfTurn(resolve));
        stopped.throwIfAborted();
        left = rowsAtOnce;
      }
      if (row === undefined) continue;
      count += 1;
      if (row.resource > after && row.resource.startsWith(prefix)) insert(found, row);
    }
    return {
      page: found.slice(0, leasesOnAPage),
      more: found.length > leasesOnAPage,
      count,
    };
  }
}

/** One more than a page is kept, so that it is known whether there are more. */
function insert(found: StandingLease[], row: StandingLease): void {
  const last = found.at(-1);
  if (found.length > leasesOnAPage && last !== undefined && row.resource > last.resource) return;
  let [low, high] = [0, found.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((found[middle]?.resource ?? '') < row.resource) low = middle + 1;
    else high = middle;
  }
  // Its row was dropped and made anew while others were looked at: the later one is so now.
  const isKnown = found[low]?.resource === row.resource;
  found.splice(low, isKnown ? 1 : 0, row);
  if (found.length > leasesOnAPage + 1) found.pop();
}

const tooSlow = (withinMs: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The leases of this node could not be read within ${String(withinMs / 1000)} s: votes come first. Ask again when it has less to do.`,
  );

/** Nobody reads it. */
const askerHasGone = (): HoldfastError =>
  new HoldfastError('wait_cancelled', 'Whoever asked for the leases of this node has gone.');
