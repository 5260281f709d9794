/** What the two clients of the benchmark are asked and what they answer; all of it crosses a process boundary. */

/** The argument of both clients' processes. */
export interface BenchClientPlan {
  readonly checkout: string | undefined;
  readonly endpoints: readonly string[];
}

/** `load`: opens a session and takes so many locks in it. */
export interface LoadRequest {
  readonly session: string;
  readonly locks: number;
}

/** What the loading client believes of its holds. */
export interface HoldCount {
  readonly sessions: number;
  readonly sessionsActive: number;
  readonly holds: number;
  readonly held: number;
}

/** Locks whose holder was looked up in the cluster and compared with the client's token. */
export interface SampleResult {
  readonly looked: number;
  readonly wrong: number;
}

export interface ProbeResult {
  readonly cycles: number;
  readonly longestAcquireMs: number;
  /** Longest time between two grants next to each other, the time since the last one included. */
  readonly longestSilenceMs: number;
  readonly errors: number;
}

const numbersIn = (value: unknown, names: readonly string[]): boolean =>
  typeof value === 'object' &&
  value !== null &&
  names.every((name) => typeof Object.getOwnPropertyDescriptor(value, name)?.value === 'number');

export const isHoldCount = (value: unknown): value is HoldCount =>
  numbersIn(value, ['sessions', 'sessionsActive', 'holds', 'held']);
export const isSampleResult = (value: unknown): value is SampleResult =>
  numbersIn(value, ['looked', 'wrong']);
export const isProbeResult = (value: unknown): value is ProbeResult =>
  numbersIn(value, ['cycles', 'longestAcquireMs', 'longestSilenceMs', 'errors']);

export function readClientPlan(text: string | undefined): BenchClientPlan {
  const plan: unknown = JSON.parse(text ?? 'null');
  if (typeof plan !== 'object' || plan === null || !('endpoints' in plan)) {
    throw new Error(`This is no plan for a client: ${String(text)}`);
  }
  const { endpoints } = plan;
  if (!Array.isArray(endpoints) || !endpoints.every((url) => typeof url === 'string')) {
    throw new Error(`These are no endpoints: ${JSON.stringify(endpoints)}`);
  }
  const checkout =
    'checkout' in plan && typeof plan.checkout === 'string' ? plan.checkout : undefined;
  return { checkout, endpoints };
}
