/**
 * The end of a node.
 *
 * STOP-1: it ends in bounded time. Its steps share one deadline; one that takes too long is left, which is told. What one of them throws
 *     keeps none of the others from being done.
 * STOP-2: a step may have a part of that time for itself: whatever hangs before, the audit writes what it has, and says what it could
 *     not write.
 * STOP-3: a node is asked to stop from the first moment on: one that has not started yet stops as soon as it has.
 */
import type { Logger } from 'pino';

/** Of all steps; less than what service managers wait for. */
export const longestStopMs = 7000;
/** STOP-1: where even the steps do not end. */
export const lastResortMs: number = longestStopMs + 500;

export interface StopStep {
  readonly what: string;
  readonly end: () => Promise<unknown> | undefined;
  /** STOP-2. */
  readonly keptMs?: number;
}

interface StopLog {
  info(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** @throws Error that names what did not end, or failed, once all has been tried. */
export async function stopInOrder(
  steps: readonly StopStep[],
  log: StopLog,
  longestMs: number = longestStopMs,
): Promise<void> {
  const endMs = performance.now() + longestMs;
  let keptMs = steps.reduce((sum, step) => sum + (step.keptMs ?? 0), 0);
  const failed: string[] = [];
  for (const { what, end, keptMs: own = 0 } of steps) {
    keptMs -= own;
    try {
      await inTime(end, Math.max(0, endMs - keptMs - performance.now()));
    } catch (error) {
      log.error({ what, error: String(error) }, 'A part of this node did not stop as it should.');
      failed.push(what);
    }
  }
  if (failed.length > 0) throw new Error(`Not stopped as they should: ${failed.join(', ')}.`);
}

/**
 * Starts, and stops again where that fails or the signal ends it.
 *
 * @param stop Called once at most: a process that is asked to stop once more ends at once.
 * @throws what `start` rejects with, or the signal's reason, once it has stopped.
 */
export async function startOrStop(
  start: () => Promise<unknown>,
  stop: () => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  let stopping: Promise<void> | undefined;
  const onAbort = (): void => {
    stopping ??= stop();
    stopping.catch(() => undefined); // It is waited for below.
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    await start();
    signal?.throwIfAborted(); // It is being stopped: nobody is to use it.
  } catch (error) {
    await (stopping ??= stop());
    throw error;
  } finally {
    signal?.removeEventListener('abort', onAbort);
  }
}

async function inTime(end: StopStep['end'], longestMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new Error(`it did not end in ${String(Math.round(longestMs))} ms`)),
      longestMs,
    );
  });
  try {
    await Promise.race([end(), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** What asks the process to stop, from before its node has started (STOP-3). A second request ends it at once. */
export class StopRequests {
  #log: StopLog | undefined;
  #node: { close(): Promise<void> } | undefined;
  #isAsked = false;

  /** To be called before anything of a start is waited for. */
  listen(): void {
    process.on('SIGTERM', this.#ask);
    process.on('SIGINT', this.#ask);
    // A cluster's parent holds the other end: when it is gone, so are its nodes.
    if (process.env['HOLDFAST_STOP_WITH_PARENT'] !== '1') return;
    process.on('disconnect', this.#ask);
    if (!process.connected) this.#ask();
  }

  tellIn(log: Pick<Logger, 'info' | 'error'>): void {
    this.#log = log;
  }

  /** @returns Whether it is to go on: false where it was asked to stop meanwhile, and does. */
  started(node: { close(): Promise<void> }): boolean {
    this.#node = node;
    if (this.#isAsked) this.#stop(node);
    return !this.#isAsked;
  }

  readonly #ask = (): void => {
    if (this.#isAsked) process.exit(1);
    this.#isAsked = true;
    this.#log?.info(
      {},
      this.#node === undefined
        ? 'Stopping as soon as it has started; once more to stop at once.'
        : 'Stopping; once more to stop at once.',
    );
    setTimeout(() => {
      this.#log?.error({}, `It did not stop in ${String(lastResortMs)} ms, and ends as it is.`);
      process.exit(1);
    }, lastResortMs).unref();
    if (this.#node !== undefined) this.#stop(this.#node);
  };

  #stop(node: { close(): Promise<void> }): void {
    node.close().then(
      () => process.exit(0),
      (error: unknown) => {
        this.#log?.error({ error: String(error) }, 'Stopping failed.');
        process.exit(1);
      },
    );
  }
}
