/**
 * The ticks of one replica, by which its core counts time.
 *
 * TICK-1: a node whose ticks are late by more than three heartbeats has been stopped or starved: it steps
 *     down before it looks at anything that came in meanwhile.
 */
import type { Clock } from './clock.ts';

/** Ticks that a late timer makes up for at once. */
const maxTicksAtOnce = 3;
const maxLateHeartbeats = 3;

/** A member that lives says something at every heartbeat, which is every ten ticks. */
export const answeredWithinTicks = 50;

export interface TicksOptions {
  readonly clock: Clock;
  readonly tickMs: number;
  readonly heartbeatMs: number;
}

export class Ticks {
  readonly #options: TicksOptions;
  #lastTickMs: number;
  #cancel: (() => void) | undefined;
  #stopped = false;

  constructor(options: TicksOptions) {
    this.#options = options;
    this.#lastTickMs = options.clock.now();
  }

  /** @param onTimer Called at every tick, however late; `takeDue` says how many ticks it stands for. */
  start(onTimer: () => void): void {
    this.#lastTickMs = this.#options.clock.now();
    this.#schedule(onTimer);
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel?.();
  }

  /** How late the ticks are where that is too late (TICK-1). They count as being on time again. */
  takeLateness(): number | undefined {
    const now = this.#options.clock.now();
    const lateMs = now - this.#lastTickMs;
    if (lateMs <= maxLateHeartbeats * this.#options.heartbeatMs) return undefined;
    this.#lastTickMs = now;
    return lateMs;
  }

  /** Ticks that are due by now. */
  takeDue(): number {
    const { clock, tickMs } = this.#options;
    const now = clock.now();
    const due = Math.floor((now - this.#lastTickMs) / tickMs);
    this.#lastTickMs = due > maxTicksAtOnce ? now : this.#lastTickMs + due * tickMs;
    return Math.min(due, maxTicksAtOnce);
  }

  #schedule(onTimer: () => void): void {
    this.#cancel = this.#options.clock.after(this.#options.tickMs, () => {
      if (this.#stopped) return;
      onTimer();
      // The timer may have stopped the node.
      if (!this.#stopped) this.#schedule(onTimer);
    });
  }
}
