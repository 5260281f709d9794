/** Work through the client, and what it cost. */
import { Quorum } from '@holdfast/quorum-client';
import type { LeaseAsk, LeaseRef, Vote, Voter } from '@holdfast/quorum-client';
import { Identities, NodeVoter, StreamTransport } from '@holdfast/quorum-client/parts';
import { setIdOf } from '@holdfast/protocol';
import type { LeaseNodes } from './lease-nodes.ts';
import { Latencies } from '../statistics/latencies.ts';

const epoch = 1;
const longestWaitMs = 30_000;

/**
 * Counts what a voter is asked.
 *
 * @param waits Whether it may be asked to tell when something is free; else clients poll.
 */
function counted(voter: Voter, waits: boolean, count: () => void): Voter {
  const counting = {
    name: voter.name,
    acquire(ask: LeaseAsk, signal: AbortSignal): Promise<Vote> {
      count();
      return voter.acquire(ask, signal);
    },
    confirm(lease: LeaseRef, token: number, signal: AbortSignal): Promise<boolean> {
      count();
      return voter.confirm(lease, token, signal);
    },
    renew(lease: LeaseRef, ttlMs: number, signal: AbortSignal): Promise<boolean> {
      count();
      return voter.renew(lease, ttlMs, signal);
    },
    release(lease: LeaseRef, signal: AbortSignal): Promise<void> {
      count();
      return voter.release(lease, signal);
    },
  };
  if (!waits) return counting;
  return {
    ...counting,
    async wait(ask, signal) {
      count();
      return (await voter.wait?.(ask, signal)) ?? false;
    },
  };
}

type Asking = Pick<LeaseNodes, 'names' | 'urls'>;

interface Asked {
  readonly quorum: Quorum;
  requests(): number;
  close(): void;
}

function ask({ urls, names }: Asking, waits: boolean): Asked {
  let requests = 0;
  const identities = new Identities();
  const set = setIdOf({ epoch, members: names });
  const transports = urls.map((url) => new StreamTransport(url, undefined));
  const voters = transports.map((transport, index) => {
    const voter = new NodeVoter(names[index] ?? '', { transport, epoch, set, identities });
    return counted(voter, waits, () => (requests += 1));
  });
  return {
    quorum: new Quorum({ voters }),
    requests: () => requests,
    close: () => {
      for (const transport of transports) transport.close();
    },
  };
}

export interface OwnStats {
  readonly workers: number;
  readonly cyclesPerSecond: number;
  readonly requestsPerCycle: number;
  readonly acquireMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** A grant whose token was not above the one before: anything but 0 is a fault. */
  readonly tokensNotRisen: number;
}

export interface Times {
  readonly warmUpMs: number;
  readonly measureMs: number;
}

/** Each worker with a lock of its own. */
export async function measureOwn(
  nodes: Asking,
  workers: number,
  { warmUpMs, measureMs }: Times,
): Promise<OwnStats> {
  const { quorum, requests, close } = ask(nodes, true);
  const latencies = new Latencies();
  const startMs = performance.now() + warmUpMs;
  const endMs = startMs + measureMs;
  let cycles = 0;
  let allCycles = 0;
  let tokensNotRisen = 0;
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      const lock = quorum.lock(`bench/own-${String(worker)}`);
      let lastToken = 0;
      for (let askedMs = performance.now(); askedMs < endMs;) {
        const hold = await lock.acquire({ waitMs: longestWaitMs });
        const grantedMs = performance.now();
        if (hold.fenceToken <= lastToken) tokensNotRisen += 1;
        lastToken = hold.fenceToken;
        await hold.release();
        if (grantedMs >= startMs && grantedMs < endMs) {
          latencies.add(grantedMs - askedMs);
          cycles += 1;
        }
        allCycles += 1;
        askedMs = performance.now();
      }
    }),
  );
  close();
  return {
    workers,
    cyclesPerSecond: (cycles * 1000) / measureMs,
    requestsPerCycle: requests() / allCycles,
    acquireMs: {
      p50: latencies.quantile(0.5),
      p95: latencies.quantile(0.95),
      p99: latencies.quantile(0.99),
    },
    tokensNotRisen,
  };
}

export interface HandOverStats {
  readonly how: 'told' | 'polling';
  readonly waiters: number;
  readonly handOvers: number;
  /** From when the release was asked for until the next one held it. */
  readonly handOverMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  readonly requestsPerHandOver: number;
  /** From when it was asked for until it was had. */
  readonly waitedMs: { readonly p50: number; readonly longest: number };
  /** Two that held at once: anything but 0 is a fault. */
  readonly overlaps: number;
}

/** One lock that all want; each rests for a while after it had it. */
class Contest {
  readonly latencies: Latencies = new Latencies();
  /** From when it was asked for until it was had, in ms. */
  readonly waits: Latencies = new Latencies();
  readonly #startMs: number;
  readonly endMs: number;
  readonly #holdMs: number;
  handOvers = 0;
  overlaps = 0;
  #holders = 0;
  #releasedMs: number | undefined;

  constructor({ warmUpMs, measureMs }: Times, holdMs: number) {
    this.#startMs = performance.now() + warmUpMs;
    this.endMs = this.#startMs + measureMs;
    this.#holdMs = holdMs;
  }

  async take(quorum: Quorum, name: string, restMs: number): Promise<void> {
    const lock = quorum.lock(name);
    while (performance.now() < this.endMs) {
      const askedMs = performance.now();
      const hold = await lock.acquire({ waitMs: longestWaitMs });
      this.#granted(askedMs, performance.now());
      await pause(this.#holdMs);
      this.#holders -= 1;
      this.#releasedMs = performance.now();
      await hold.release();
      await pause(restMs);
    }
  }

  #granted(askedMs: number, nowMs: number): void {
    this.#holders += 1;
    if (this.#holders > 1) this.overlaps += 1;
    if (this.#releasedMs === undefined || nowMs < this.#startMs || nowMs >= this.endMs) return;
    this.latencies.add(nowMs - this.#releasedMs);
    this.waits.add(nowMs - askedMs);
    this.handOvers += 1;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Each that waits is a client of its own, as a program would be. */
export async function measureHandOver(
  nodes: Asking,
  how: 'told' | 'polling',
  waiters: number,
  times: Times,
  holdMs: number,
): Promise<HandOverStats> {
  const contest = new Contest(times, holdMs);
  const clients = Array.from({ length: waiters }, () => ask(nodes, how === 'told'));
  const requests = (): number => clients.reduce((sum, client) => sum + client.requests(), 0);
  const all = Promise.all(
    clients.map(({ quorum }) => contest.take(quorum, `bench/one-${how}`, holdMs)),
  );
  await pause(times.warmUpMs);
  const before = requests();
  await pause(times.measureMs);
  const counted = requests() - before;
  await all;
  for (const client of clients) client.close();
  return {
    how,
    waiters,
    handOvers: contest.handOvers,
    handOverMs: {
      p50: contest.latencies.quantile(0.5),
      p95: contest.latencies.quantile(0.95),
      p99: contest.latencies.quantile(0.99),
    },
    requestsPerHandOver: counted / contest.handOvers,
    waitedMs: { p50: contest.waits.quantile(0.5), longest: contest.waits.quantile(1) },
    overlaps: contest.overlaps,
  };
}
