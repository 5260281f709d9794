/**
 * A page of the leases that stand on a node, in the order of their names, for people.
 *
 * HELD-1: a million rows are looked at some at a time, and votes are served in between. One reading is under way at a time; where
 *     too many wait for theirs, one more is refused.
 *
 * Rows that are used meanwhile move behind all others (lease-node.ts): what is told of them is as of some moment of the reading.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { StandingLease } from './lease-node.ts';

export const leasesOnAPage = 50;
const rowsAtOnce = 2000;
const mostReadings = 8;

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
  readonly #afterTurn: (callback: () => void) => void;
  #latest: Promise<unknown> = Promise.resolve();
  #readings = 0;

  /**
   * @param rows Begins a reading: each row that is passed, undefined where no lease stands.
   * @param afterTurn Calls back when others have been served.
   */
  constructor(
    rows: () => Iterable<StandingLease | undefined>,
    afterTurn: (callback: () => void) => void,
  ) {
    this.#rows = rows;
    this.#afterTurn = afterTurn;
  }

  /** HELD-1. @throws HoldfastError `limit_exceeded`. */
  async read(wanted: WantedLeases): Promise<HeldPage> {
    if (this.#readings >= mostReadings)
      throw new HoldfastError(
        'limit_exceeded',
        `${String(mostReadings)} readings of the leases of this node are under way. Ask again in a moment.`,
        { limit: 'max_readings', value: mostReadings, scope: 'node' },
      );
    this.#readings += 1;
    try {
      const reading = this.#latest.then(() => this.#read(wanted));
      this.#latest = reading.catch(() => undefined);
      return await reading;
    } finally {
      this.#readings -= 1;
    }
  }

  async #read({ prefix, after }: WantedLeases): Promise<HeldPage> {
    const found: StandingLease[] = [];
    let count = 0;
    let left = rowsAtOnce;
    for (const row of this.#rows()) {
      if (--left === 0) {
        await new Promise<void>((resolve) => this.#afterTurn(resolve));
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
  // It moved while it was looked at: the later one is so now.
  const isKnown = found[low]?.resource === row.resource;
  found.splice(low, isKnown ? 1 : 0, row);
  if (found.length > leasesOnAPage + 1) found.pop();
}
