/**
 * A clock that goes on while the machine sleeps, and that nobody sets: for Node. Where no such clock can be read it is
 * the wall clock.
 *
 * BOOT-1: it is never behind the monotonic clock, and never goes back.
 * BOOT-2: a wall clock that is set moves it nowhere. When the wall clock parts from the monotonic one, that is only the
 *     occasion to look at the kernel's own time since boot (on Linux CLOCK_BOOTTIME; reading it takes microseconds, and
 *     it counts in hundredths of a second). It is looked at four times a second in any case.
 * BOOT-3: where it may miss a sleep that matters it says so (`countsSleep`): nothing is answered from memory there.
 */
/** What it stands on; injected so that tests own it. */
export interface BootClockSources {
  /** Stops while the machine sleeps; the same for all processes of the machine. */
  readonly monotonicMs: () => number;
  readonly wallMs: () => number;
  /** Goes on while the machine sleeps. */
  readonly uptimeMs: () => number;
  /** Less than this is no sleep: what `uptimeMs` may be off by. */
  readonly resolutionMs: number;
}

const lookEveryMs = 250;
/** The two clocks are told in different steps. */
const wallToleranceMs = 5;
/** A look that took longer was interrupted between two clocks. */
const quickMs = 5;
const maxTries = 5;

export class BootClock {
  readonly #sources: BootClockSources;
  /** Uptime less monotonic time: grows by what the machine sleeps. */
  #leadMs: number;
  #wallLeadMs: number;
  #lookedAtMs: number;

  constructor(sources: BootClockSources) {
    this.#sources = sources;
    const { monotonicMs, wallMs } = sources;
    this.#leadMs = this.#readLeadMs();
    this.#lookedAtMs = monotonicMs();
    this.#wallLeadMs = wallMs() - this.#lookedAtMs;
  }

  now(): number {
    const { monotonicMs, wallMs, resolutionMs } = this.#sources;
    const nowMs = monotonicMs();
    const wallLeadMs = wallMs() - nowMs;
    if (
      Math.abs(wallLeadMs - this.#wallLeadMs) > wallToleranceMs ||
      nowMs - this.#lookedAtMs > lookEveryMs
    ) {
      this.#wallLeadMs = wallLeadMs;
      this.#lookedAtMs = nowMs;
      const leadMs = this.#readLeadMs();
      if (leadMs > this.#leadMs + resolutionMs) this.#leadMs = leadMs; // BOOT-1
    }
    return nowMs + this.#leadMs;
  }

  #readLeadMs(): number {
    const { monotonicMs, uptimeMs } = this.#sources;
    let leadMs = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < maxTries; tries++) {
      const beforeMs = monotonicMs();
      const bootMs = uptimeMs();
      const tookMs = monotonicMs() - beforeMs;
      leadMs = Math.min(leadMs, bootMs - beforeMs);
      if (tookMs < quickMs) break;
    }
    return leadMs;
  }
}

/** Of a machine, as Node tells it. */
export interface BootClockSystem {
  readonly platform: string;
  /** Seconds since boot. */
  readonly uptime: () => number;
  /** Without /proc/uptime whole seconds are told. */
  readonly isUptimeFine: boolean;
  /** `process.hrtime.bigint`: performance.now() counts from the start of each process. */
  readonly hrtime: () => bigint;
}

/** Ms of a clock that counts what the machine sleeps, the same for all processes of the machine. */
export function bootNowOf({
  platform,
  uptime,
  isUptimeFine,
  hrtime,
}: BootClockSystem): () => number {
  // There the monotonic clock goes on while the machine sleeps.
  if (platform === 'darwin' || platform === 'win32') return () => Number(hrtime()) / 1e6;
  const wallMs = (): number => Date.now();
  if (platform !== 'linux' && platform !== 'android') return wallMs;
  const clock = new BootClock({
    // Half of what hrtime() takes; where it began does not matter, for the time since boot is added.
    monotonicMs: () => performance.now(),
    wallMs,
    uptimeMs: () => uptime() * 1000,
    resolutionMs: isUptimeFine ? 20 : 1100,
  });
  return () => clock.now();
}

/**
 * BOOT-3: whether the clock counts whatever the machine sleeps, and nobody can set it: not the wall clock, nor a time since boot that
 * is told in whole seconds.
 */
export const countsSleep = ({
  platform,
  isUptimeFine,
}: Pick<BootClockSystem, 'platform' | 'isUptimeFine'>): boolean =>
  platform === 'darwin' ||
  platform === 'win32' ||
  ((platform === 'linux' || platform === 'android') && isUptimeFine);
