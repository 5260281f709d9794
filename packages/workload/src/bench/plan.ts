/** What the load generator is asked for and what it answers; both cross a process boundary as JSON. */
export interface LoadPlan {
  readonly endpoints: readonly string[];
  readonly workers: number;
  /** Clients, each with a connection of its own, over which the workers are spread evenly. */
  readonly connections: number;
  /** `own`: each worker has a lock of its own. `one`: all fight for the same. */
  readonly locks: 'own' | 'one';
  /** Work that is not counted, in milliseconds. */
  readonly warmUpMs: number;
  /** Work that is counted, in milliseconds. */
  readonly measureMs: number;
  /** Of a cluster with TLS and authentication. */
  readonly security?: LoadSecurity;
}

/** What a client shows. */
export interface LoadSecurity {
  /** Paths of PEM files. */
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  readonly apiKey?: string;
}

/** Processor time in each process, in microseconds a cycle. */
export interface Processors {
  readonly leader: number;
  readonly followers: readonly number[];
  readonly client: number;
}

export interface LoadStats {
  readonly workers: number;
  readonly connections: number;
  readonly locks: 'own' | 'one';
  readonly measuredMs: number;
  /** Acquire and release, both acknowledged. */
  readonly cycles: number;
  readonly cyclesPerSecond: number;
  /** Changes of the holder, a second; only where all fight for one lock. */
  readonly handOversPerSecond: number | null;
  /** Times of an acquire as the worker sees it, in milliseconds. */
  readonly acquireMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Two workers that counted on one lock at once: anything but 0 is a fault. */
  readonly overlaps: number;
  /** Grants whose token was not above the one before on the same lock: anything but 0 is a fault. */
  readonly tokensNotRisen: number;
  /** Added by the benchmark, which sees the other processes too. */
  readonly processors?: Processors | null;
}

export function isLoadStats(value: unknown): value is LoadStats {
  return (
    typeof value === 'object' &&
    value !== null &&
    'cyclesPerSecond' in value &&
    'acquireMs' in value &&
    'overlaps' in value
  );
}
