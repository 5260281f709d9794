/**
 * A machine that a process runs on: it has a clock of its own, can be paused, lose power, come back.
 *
 * SIM-MACHINE-1: what belongs to a process that has ended never happens.
 * SIM-MACHINE-2: what comes to a process that is paused happens when it goes on, in its order.
 * SIM-MACHINE-3: the monotonic clock of a process and its clock since boot begin anywhere, each for itself: no two machines,
 *     and no two processes of one, have a zero in common.
 */
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** Wall clock at the beginning of every run. */
const epochMs = 1_800_000_000_000;

/** Zeros of clocks lie so far apart. */
const longestZeroMs = 1_000_000;

export type MachineState = 'off' | 'running' | 'paused';

export class Machine {
  readonly name: string;
  readonly #timeline: Timeline;
  /** How much faster than true time its clock runs. */
  readonly #rate: number;
  readonly #random: Random;
  #zeroMs = 0;
  #bootZeroMs = 0;
  #wallOffsetMs = 0;
  #state: MachineState = 'off';
  #process = 0;
  #held: (() => void)[] = [];
  #pausedAtMs: number | undefined;
  #endedAtMs = 0;

  /** @param random Of the zeros of its clocks. */
  constructor(name: string, timeline: Timeline, rate: number, random: Random) {
    this.name = name;
    this.#timeline = timeline;
    this.#rate = rate;
    this.#random = random;
    this.#resetClocks();
  }

  get state(): MachineState {
    return this.#state;
  }

  get isOn(): boolean {
    return this.#state !== 'off';
  }

  /** Which of this machine's processes runs: later ones have larger numbers. */
  get process(): number {
    return this.#process;
  }

  /** Monotonic, by this machine's own clock. It goes on while the machine is paused. */
  now(): number {
    return this.#zeroMs + this.#elapsedMs;
  }

  /** A clock that nobody sets; these machines are paused, but never with their clocks. */
  bootNow(): number {
    return this.#bootZeroMs + this.#elapsedMs;
  }

  wallNow(): number {
    return epochMs + this.#wallOffsetMs + this.#elapsedMs;
  }

  get #elapsedMs(): number {
    return this.#timeline.nowMs * this.#rate;
  }

  /** SIM-MACHINE-3. */
  #resetClocks(): void {
    this.#zeroMs = this.#random.below(longestZeroMs);
    this.#bootZeroMs = this.#random.below(longestZeroMs);
  }

  /** True time at which the present process was last paused. */
  get pausedAtMs(): number | undefined {
    return this.#pausedAtMs;
  }

  jumpWallClock(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  start(): void {
    this.#state = 'running';
    this.#process += 1;
    this.#resetClocks();
    this.#pausedAtMs = undefined;
    this.#held = [];
  }

  /** SIM-MACHINE-1. */
  end(): void {
    this.#state = 'off';
    this.#endedAtMs = this.#timeline.nowMs;
    this.#held = [];
  }

  /** Whether the last process to end did so at this very moment, perhaps in the middle of something. */
  get endsNow(): boolean {
    return this.#endedAtMs === this.#timeline.nowMs;
  }

  pause(): void {
    if (this.#state !== 'running') return;
    this.#state = 'paused';
    this.#pausedAtMs = this.#timeline.nowMs;
  }

  /** SIM-MACHINE-2. */
  resume(): void {
    if (this.#state !== 'paused') return;
    this.#state = 'running';
    const held = this.#held;
    this.#held = [];
    for (const act of held) this.#post(this.#timeline.nowMs, act);
  }

  /** Something that happens to the process that runs now, after a delay by true time. */
  post(delayMs: number, act: () => void): () => void {
    return this.#post(this.#timeline.nowMs + delayMs, act);
  }

  /** A timer of the process that runs now, by its own clock. */
  after(delayMs: number, act: () => void): () => void {
    return this.post(Math.max(0, delayMs) / this.#rate, act);
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayMs, resolve);
    });
  }

  #post(atMs: number, act: () => void): () => void {
    const process = this.#process;
    let cancelled = false;
    const happen = (): void => {
      if (cancelled || process !== this.#process) return;
      if (this.#state === 'paused') this.#held.push(happen);
      else if (this.#state === 'running') act();
    };
    const cancel = this.#timeline.at(atMs, happen);
    return () => {
      cancelled = true;
      cancel();
    };
  }
}
