/** Very many that want one lock: how often it goes from hand to hand, and whether those that hold it keep it. */
import { HoldfastError } from '@holdfast/client';
import { Quorum } from '@holdfast/quorum-client';
import { Latencies } from '../statistics/latencies.ts';
import type { LeaseNodes } from './lease-nodes.ts';

export interface BenchContentionStats {
  readonly waiters: number;
  readonly grants: number;
  readonly grantsPerSecond: number;
  /** From when the release was asked for until the next one held it. */
  readonly handOverMs: { readonly p50: number; readonly p99: number };
  /** Holds that were lost before they were released: anything but 0 is a fault. */
  readonly lost: number;
  /** Two that held at once: anything but 0 is a fault. */
  readonly overlaps: number;
}

export interface ContentionTimes {
  /** From when all have begun to wait. */
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** Each of them. */
  readonly holdMs: number;
}

/** So many share one client, and so one connection to each node, as the tasks of one program do. */
const waitersOfAClient = 500;
const longestWaitMs = 600_000;
/** Longer than it takes to tell all nodes. */
const endMs = 5000;

export async function measureContention(
  { names, urls }: LeaseNodes,
  waiters: number,
  times: ContentionTimes,
): Promise<BenchContentionStats> {
  const reach = Object.fromEntries(names.map((name, index) => [name, urls[index] ?? '']));
  const quorums = Array.from(
    { length: Math.ceil(waiters / waitersOfAClient) },
    () => new Quorum({ nodes: names, reach }),
  );
  // New nodes vote from the first lock on.
  const first = await quorums[0]?.lock('bench/first').acquire({ waitMs: endMs });
  await first?.release();
  const contention = new Contention(times.holdMs);
  const all = Array.from({ length: waiters }, async (_, waiter) => {
    const quorum = quorums[waiter % quorums.length];
    if (quorum !== undefined) await contention.wait(quorum, `bench/contention-${String(waiters)}`);
  });
  await pause(times.warmUpMs);
  contention.count();
  const startedMs = performance.now();
  await pause(times.measureMs);
  const stats = contention.stats(waiters, performance.now() - startedMs);
  contention.end();
  await Promise.race([Promise.all(all), pause(endMs)]);
  for (const quorum of quorums) quorum.close();
  return stats;
}

class Contention {
  readonly #holdMs: number;
  readonly #over = new AbortController();
  #latencies = new Latencies();
  #grants = 0;
  #lost = 0;
  #overlaps = 0;
  #holders = 0;
  #releasedAtMs: number | undefined;

  constructor(holdMs: number) {
    this.#holdMs = holdMs;
  }

  async wait(quorum: Quorum, name: string): Promise<void> {
    const { signal } = this.#over;
    while (!signal.aborted) {
      try {
        const hold = await quorum.lock(name).acquire({ waitMs: longestWaitMs, signal });
        this.#granted();
        await pause(this.#holdMs);
        this.#holders -= 1;
        if (!hold.isHeld()) this.#lost += 1;
        this.#releasedAtMs = performance.now();
        await hold.release();
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
    }
  }

  /** What was before does not count. */
  count(): void {
    this.#latencies = new Latencies();
    this.#grants = 0;
  }

  stats(waiters: number, measuredMs: number): BenchContentionStats {
    return {
      waiters,
      grants: this.#grants,
      grantsPerSecond: (this.#grants * 1000) / measuredMs,
      handOverMs: { p50: this.#latencies.quantile(0.5), p99: this.#latencies.quantile(0.99) },
      lost: this.#lost,
      overlaps: this.#overlaps,
    };
  }

  end(): void {
    this.#over.abort();
  }

  #granted(): void {
    this.#grants += 1;
    this.#holders += 1;
    if (this.#holders > 1) this.#overlaps += 1;
    if (this.#releasedAtMs !== undefined)
      this.#latencies.add(performance.now() - this.#releasedAtMs);
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
