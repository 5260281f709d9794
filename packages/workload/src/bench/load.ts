/**
 * The load generator, in a process of its own so that it shares nothing with what it measures. Takes
 * a `LoadPlan` as its argument and sends `LoadStats` to its parent.
 */
import { connect } from '@holdfast/client';
import type { Client, Session } from '@holdfast/client';
import { securedBy } from './secured.ts';
import { Latencies } from '../statistics/latencies.ts';
import type { LoadStats, LoadPlan } from './plan.ts';

const longestWaitMs = 10_000;
const sessionTimeoutSeconds = 30;

/** What is known of one lock by all who fight for it in this process. */
class LockWatch {
  overlaps = 0;
  tokensNotRisen = 0;
  handOvers = 0;
  #holder: number | undefined;
  #lastHolder: number | undefined;
  #lastToken = 0;

  granted(worker: number, fenceToken: number, counted: boolean): void {
    if (this.#holder !== undefined) this.overlaps += 1;
    if (fenceToken <= this.#lastToken) this.tokensNotRisen += 1;
    if (counted && this.#lastHolder !== worker) this.handOvers += 1;
    this.#holder = worker;
    this.#lastHolder = worker;
    this.#lastToken = fenceToken;
  }

  /** Before the release is asked for: after that another may be granted. */
  leaving(): void {
    this.#holder = undefined;
  }
}

interface Run {
  readonly startMs: number;
  readonly endMs: number;
  readonly latencies: Latencies;
  cycles: number;
}

async function workOn(
  session: Session,
  worker: number,
  name: string,
  watch: LockWatch,
  run: Run,
): Promise<void> {
  let askedMs = performance.now();
  while (askedMs < run.endMs) {
    const hold = await session.lock(name, { waitMs: longestWaitMs });
    const grantedMs = performance.now();
    // What ends in the window counts, whenever it began: the rate has no edge to be cut off at.
    const counted = grantedMs >= run.startMs && grantedMs < run.endMs;
    watch.granted(worker, hold.fenceToken, counted);
    if (counted) run.latencies.add(grantedMs - askedMs);
    watch.leaving();
    await hold.release();
    askedMs = performance.now();
    if (askedMs >= run.startMs && askedMs < run.endMs) run.cycles += 1;
  }
}

async function openClients(plan: LoadPlan): Promise<readonly Client[]> {
  const clients = Array.from({ length: plan.connections }, () =>
    connect({ endpoints: plan.endpoints, ...securedBy(plan.security) }),
  );
  return Promise.all(clients);
}

async function generate(plan: LoadPlan): Promise<LoadStats> {
  const clients = await openClients(plan);
  const sessions = await Promise.all(
    Array.from({ length: plan.workers }, (_, worker) => {
      const client = clients[worker % clients.length];
      if (client === undefined) throw new Error('A plan needs at least one connection.');
      return client.session({ timeoutSeconds: sessionTimeoutSeconds });
    }),
  );
  const startMs = performance.now() + plan.warmUpMs;
  const run: Run = {
    startMs,
    endMs: startMs + plan.measureMs,
    latencies: new Latencies(),
    cycles: 0,
  };
  const shared = new LockWatch();
  const watches = sessions.map(() => (plan.locks === 'one' ? shared : new LockWatch()));
  await Promise.all(
    sessions.map((session, worker) =>
      workOn(
        session,
        worker,
        plan.locks === 'one' ? 'bench/one' : `bench/own-${String(worker)}`,
        watches[worker] ?? shared,
        run,
      ),
    ),
  );
  await Promise.all(clients.map((client) => client.close()));
  return statsOf(plan, run, [...new Set(watches)]);
}

function statsOf(plan: LoadPlan, run: Run, watches: readonly LockWatch[]): LoadStats {
  const seconds = plan.measureMs / 1000;
  const sum = (metric: (watch: LockWatch) => number): number =>
    watches.reduce((total, watch) => total + metric(watch), 0);
  return {
    workers: plan.workers,
    connections: plan.connections,
    locks: plan.locks,
    measuredMs: plan.measureMs,
    cycles: run.cycles,
    cyclesPerSecond: run.cycles / seconds,
    handOversPerSecond: plan.locks === 'one' ? sum((watch) => watch.handOvers) / seconds : null,
    acquireMs: {
      p50: run.latencies.quantile(0.5),
      p95: run.latencies.quantile(0.95),
      p99: run.latencies.quantile(0.99),
    },
    overlaps: sum((watch) => watch.overlaps),
    tokensNotRisen: sum((watch) => watch.tokensNotRisen),
  };
}

function readPlan(text: string | undefined): LoadPlan {
  const plan: unknown = JSON.parse(text ?? 'null');
  if (!isLoadPlan(plan)) throw new Error(`This is no plan for a load: ${String(text)}`);
  return plan;
}

function isLoadPlan(plan: unknown): plan is LoadPlan {
  return (
    typeof plan === 'object' &&
    plan !== null &&
    'endpoints' in plan &&
    'workers' in plan &&
    'connections' in plan &&
    'measureMs' in plan
  );
}

const stats = await generate(readPlan(process.argv[2]));
process.send?.(stats, () => process.disconnect());
