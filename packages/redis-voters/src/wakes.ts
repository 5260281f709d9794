/**
 * Tells waiting clients that a resource may be free: releases are published, and a lease that runs out is timed.
 * Nothing rests on it: a message that is lost makes a wait longer, until the lease would have ended.
 */
import { endConnection, openConnection, silenceMsOf, within } from './connection.ts';
import type { RedisOptions } from './connection.ts';
import type { RedisConnection } from './driver.ts';
import { Kept } from './kept.ts';

/** All are told at once: they come back spread over this, or they would split the votes. */
const spreadMs = 20;

export class RedisWakes {
  readonly #silenceMs: number;
  readonly #waiting = new Map<string, Set<() => void>>();
  readonly #connection: Kept<RedisConnection>;
  #last: Promise<unknown> = Promise.resolve();

  constructor(url: string, options: RedisOptions) {
    this.#silenceMs = silenceMsOf(options);
    this.#connection = new Kept(async () => {
      const connection = await openConnection(url, options, () => this.#broken());
      connection.unref();
      return connection;
    }, endConnection);
  }

  /**
   * Resolves with true when the channel says something or the lease that stands has run out, and with false
   * when the time is over.
   *
   * @param remaining Asks for how long a lease stands.
   */
  async wait(
    channel: string,
    remaining: (deadline: AbortSignal) => Promise<number>,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<boolean> {
    let hear: (heard: boolean) => void = () => undefined;
    const heard = new Promise<boolean>((resolve) => {
      hear = resolve;
    });
    const leave = await this.#join(channel, () => hear(true));
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => hear(false);
    signal.addEventListener('abort', stop, { once: true });
    try {
      // Asked only now: a release before the channel was open was not heard.
      const leftMs = await remaining(this.#deadline());
      timer =
        leftMs < timeoutMs ? setTimeout(() => hear(true), leftMs) : setTimeout(stop, timeoutMs);
      if (signal.aborted) stop();
      if (!(await heard)) return false;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
      leave();
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * spreadMs));
    return true;
  }

  close(): void {
    this.#connection.close();
  }

  #deadline(): AbortSignal {
    return AbortSignal.timeout(this.#silenceMs);
  }

  async #join(channel: string, wake: () => void): Promise<() => void> {
    const connection = await this.#connection.get();
    let wakes = this.#waiting.get(channel);
    if (wakes === undefined) {
      wakes = new Set();
      this.#waiting.set(channel, wakes);
    }
    wakes.add(wake);
    const leave = (): void => {
      wakes.delete(wake);
      if (wakes.size > 0 || this.#waiting.get(channel) !== wakes) return;
      this.#waiting.delete(channel);
      const unsubscribe = async (): Promise<void> => {
        if (!this.#waiting.has(channel) && connection.isReady)
          await connection.unsubscribe(channel);
      };
      this.#inOrder(unsubscribe).catch(() => undefined);
    };
    try {
      // Also where others wait on it already: theirs may not be open yet.
      const subscribed = this.#inOrder(() => connection.subscribe(channel, this.#tell));
      await within(this.#deadline(), subscribed);
      return leave;
    } catch (error) {
      leave();
      endConnection(connection);
      throw error;
    }
  }

  /** Drivers lose a subscription that is asked for while the one before it ends. */
  #inOrder(operation: () => Promise<unknown>): Promise<unknown> {
    const done = this.#last.then(operation);
    this.#last = done.catch(() => undefined);
    return done;
  }

  readonly #tell = (_message: string, channel: string): void => {
    for (const wake of this.#waiting.get(channel) ?? []) wake();
  };

  /** What was said meanwhile is lost: all look for themselves. */
  #broken(): void {
    for (const wakes of this.#waiting.values()) for (const wake of wakes) wake();
  }
}
