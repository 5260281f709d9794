/**
 * Queues of messages.
 *
 * CLIENT-QUEUE-1: a push that has to be sent again is pushed once: one without a dedup id is given one.
 * CLIENT-QUEUE-2: a delivery is certain for its visibility from the moment before it was asked for, or last extended with success,
 *     by comparing clocks. A timer extends it; whether it is certain is never what a timer has done.
 * CLIENT-QUEUE-3: of several that were taken at once, one that is not certain any more when its turn comes is not given to the
 *     program: others may have it. It comes again.
 * CLIENT-QUEUE-4: once the signal has fired no message is given to the program: those that were taken before are given back.
 * CLIENT-QUEUE-5: of what is given back when the loop ends, what the program never had comes again at once, and so does all of it where
 *     the signal had fired. Where the body of the loop threw, or left it, what it had comes again after the pause of a delivery that
 *     failed: a loop that fails and begins anew would use up all deliveries within moments.
 * CLIENT-QUEUE-6: the loop ends with the client: once that is closed nobody answers any more.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { Json, MessageToPush, QueueMessage, QueueStats } from '@holdfast/protocol';
import type { CallingClient } from './calling-client.ts';
import { secondsOf } from './durations.ts';
import { momentOf } from './clock.ts';
import { QueueDelivery } from './queue-delivery.ts';
import { pause } from './pause.ts';
import { mayPass } from './until-answered.ts';

/** What a queue needs of a client. */
export interface QueueClient extends CallingClient {
  /** A text that nobody else has. */
  readonly newId: () => string;
}

/** What a push may say beside key and payload. */
export interface PushOptions {
  /** Not delivered before so many ms have passed; only in a queue of order `none`. */
  readonly delayMs?: number;
  /** The same id again, within five minutes, is the same message. */
  readonly dedupId?: string;
  /** A dead letter after so many deliveries. */
  readonly maxDeliveries?: number;
}

/** How messages are taken. */
export interface ConsumeOptions {
  /** Messages that are not settled yet, at most; 1 by default. */
  readonly concurrency?: number;
  /** A message comes again unless it was settled or extended within so many ms; 30,000 by default. */
  readonly visibilityMs?: number;
  /** Ends the loop; what is not settled is given back. */
  readonly signal?: AbortSignal;
}

/** Longest wait of one pop, in seconds: below what any node allows by default. */
const popWaitSeconds = 20;
const firstPauseMs = 100;
const longestPauseMs = 5000;

/**
 * Messages with keys: those of one key come in order, one at a time.
 *
 * @example
 * const queue = client.queue('jobs');
 * await queue.push('user:123', { send: 'welcome' });
 * for await (const message of queue.consume({ visibilityMs: 30_000 })) await send(message.payload);
 */
export class Queue {
  /** The name of the queue. */
  readonly name: string;
  readonly #client: QueueClient;

  /**
   * Use `client.queue`.
   *
   * @internal
   */
  constructor(client: QueueClient, name: string) {
    this.#client = client;
    this.name = name;
  }

  /**
   * Pushed once, also when it has to be sent again.
   *
   * @param key Messages of one key are delivered in order; undefined only in a queue of order `none`.
   * @returns The id of the message.
   * @throws HoldfastError `limit_exceeded`, `queue_order`.
   */
  async push(key: string | undefined, payload: Json, options: PushOptions = {}): Promise<number> {
    const body = { queue: this.name, ...this.#toPush(key, payload, options) };
    return (await this.#client.call('queue_push', body)).id;
  }

  /** All of them or none, in this order. @returns Their ids. */
  async pushAll(
    messages: readonly (PushOptions & { readonly key?: string; readonly payload: Json })[],
  ): Promise<readonly number[]> {
    const body = {
      queue: this.name,
      messages: messages.map(({ key, payload, ...options }) => this.#toPush(key, payload, options)),
    };
    const answer = await this.#client.call('queue_push_batch', body);
    return answer.messages.map(({ id }) => id);
  }

  /**
   * Messages as they come, for as long as the loop runs. Each is kept by extending it until it is settled.
   *
   * With a concurrency of 1 a message is acknowledged when the loop comes round to the next one; with more, call
   * `ack` or `nack`. What is not settled when the loop ends, by whatever, is given back: once the signal has fired it comes again at
   * once, else after a time that grows with its deliveries, as with `nack`.
   *
   * @throws HoldfastError when the cluster refuses it, and `connection_lost` when the client is closed. While nobody answers it goes on
   *   asking.
   */
  async *consume(options: ConsumeOptions = {}): AsyncGenerator<QueueDelivery, void, undefined> {
    const { concurrency = 1, visibilityMs = 30_000, signal } = options;
    if (!Number.isInteger(concurrency) || concurrency < 1) throw notConcurrent(concurrency);
    const isOver = (): boolean => signal?.aborted === true;
    /** Those that are not settled, each with whether the program was given it. */
    const open = new Map<QueueDelivery, boolean>();
    const settled = new Settled();
    try {
      while (!isOver()) {
        while (open.size >= concurrency) await settled.next(signal);
        if (isOver()) return;
        const count = Math.min(100, concurrency - open.size);
        const taken = await this.#take(count, visibilityMs, signal);
        for (const delivery of taken) {
          open.set(delivery, false);
          delivery.onSettled(() => {
            open.delete(delivery);
            settled.tell();
          });
        }
        for (const delivery of taken) {
          if (isOver()) return; // CLIENT-QUEUE-4
          if (!delivery.isHeld()) {
            delivery.drop(); // CLIENT-QUEUE-3
            continue;
          }
          open.set(delivery, true);
          yield delivery;
          if (concurrency === 1 && !delivery.isSettled) await ackIfPossible(delivery);
        }
      }
    } catch (error) {
      if (!isOver()) throw error;
    } finally {
      const hasFailed = !isOver(); // CLIENT-QUEUE-5
      await Promise.allSettled(
        [...open].map(([delivery, isGiven]) =>
          delivery.giveBack(isGiven && hasFailed ? {} : { delayMs: 0 }),
        ),
      );
    }
  }

  /** What is in it. */
  async stats(): Promise<QueueStats> {
    const { queues } = await this.#client.call('queue_stats', { queue: this.name });
    const [stats] = queues;
    if (stats === undefined)
      throw new HoldfastError('queue_not_found', `There is no queue "${this.name}".`);
    return stats;
  }

  #toPush(
    key: string | undefined,
    payload: Json,
    { delayMs, dedupId, maxDeliveries }: PushOptions,
  ): MessageToPush {
    return {
      ...(key === undefined ? {} : { key }),
      payload,
      dedup_id: dedupId ?? this.#client.newId(), // CLIENT-QUEUE-1
      ...(delayMs === undefined ? {} : { delay_seconds: secondsOf('delayMs', delayMs) }),
      ...(maxDeliveries === undefined ? {} : { max_deliveries: maxDeliveries }),
    };
  }

  /** At least one, unless the signal fires; however long that takes. */
  async #take(
    count: number,
    visibilityMs: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly QueueDelivery[]> {
    const { clock } = this.#client;
    const isOver = (): boolean => signal?.aborted === true;
    for (let pauseMs = firstPauseMs; !isOver();) {
      const askedAt = momentOf(clock);
      try {
        const { messages } = await this.#client.call(
          'queue_pop',
          {
            queue: this.name,
            count,
            visibility_seconds: secondsOf('visibilityMs', visibilityMs),
            wait_seconds: popWaitSeconds,
          },
          signal === undefined ? {} : { signal },
        );
        pauseMs = firstPauseMs;
        const all = messages.map(
          (message: QueueMessage) =>
            new QueueDelivery(this.#client, { queue: this.name, message, visibilityMs, askedAt }),
        );
        const certain = await Promise.all(all.map((delivery) => delivery.begin()));
        const kept = all.filter((_, index) => certain[index] === true);
        if (kept.length > 0) return kept;
      } catch (error) {
        if (!mayPass(error)) throw error; // CLIENT-QUEUE-6
        await pause(clock, pauseMs, signal);
        pauseMs = Math.min(2 * pauseMs, longestPauseMs);
      }
    }
    return [];
  }
}

/** With none at once the loop would wait for ever. */
const notConcurrent = (given: unknown): HoldfastError =>
  new HoldfastError(
    'invalid_request',
    `"concurrency" is a whole number, 1 or more, not ${typeof given === 'string' ? JSON.stringify(given.slice(0, 100)) : String(given)}. Nothing was done.`,
    { field: 'concurrency' },
  );

/** One that others have by now, or that comes again because no node answered in time, is no reason to take no more. */
async function ackIfPossible(delivery: QueueDelivery): Promise<void> {
  try {
    await delivery.ack();
  } catch (error) {
    if (!isPassing(error)) throw error;
  }
}

/** Whether what an acknowledgement ended with says nothing of the next message. */
const isPassing = (error: unknown): boolean =>
  mayPass(error) || (error instanceof HoldfastError && error.code === 'stale_receipt');

/** Tells that one of several was settled. */
class Settled {
  #wake: () => void = () => undefined;

  tell(): void {
    this.#wake();
  }

  /** @throws The reason of the signal. */
  next(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    return new Promise((resolve, reject) => {
      const stop = (): void => reject(signal?.reason as Error);
      signal?.addEventListener('abort', stop, { once: true });
      this.#wake = () => {
        signal?.removeEventListener('abort', stop);
        resolve();
      };
    });
  }
}
