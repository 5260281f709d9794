/** Producers and consumers of one queue, who redrives its dead letters, and what they see. */
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import type { MessageEvent } from '@holdfast/checker';
import { HoldfastError } from '@holdfast/protocol';
import type { QueueMessage } from '@holdfast/protocol';
import type { ShownCredentials } from '../cluster/shown.ts';
import { nowMs } from '../now.ts';
import type { Randomness } from '../randomness.ts';
import { Batches } from './batches.ts';
import type { PushedTogether } from './batches.ts';
import { DeliveriesInFlight } from './in-flight.ts';
import type { HeldDelivery } from './in-flight.ts';

export const queue = 'chaos';
const visibilitySeconds = 2;
const visibilityMs = visibilitySeconds * 1000;
const waitSeconds = 1;
const callMs = 5000;
const pauseAfterErrorMs = 100;
const mostAtOnce = 3;
/** Producers wait while so many are pushed and not acknowledged: what is left at the end is drained. */
const mostBehind = 150;
/** Of a hundred deliveries so many are given back, and so many are left until their visibility ends. */
const returned = 12;
/** Of those that are delivered for the last time, so that a run of seconds has dead letters. */
const returnedAtLast = 60;
const left = 3;
/** And so many are extended, a quarter of which is settled when only that keeps them. */
const extended = 8;
const extendedSeconds = 2 * visibilitySeconds;
const redriveEveryMs = 250;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Nothing was done, for certain. */
const wasNotDone = (error: unknown): boolean =>
  error instanceof HoldfastError && error.effect === 'none';

const statesOfMessages: ReadonlySet<unknown> = new Set(['waiting', 'in_flight', 'delayed', 'dead']);

/**
 * A receipt was refused and its message is still there: no earlier attempt of the client has acknowledged it, for then it
 * would be gone.
 */
const isStillThere = (error: unknown): boolean =>
  isStale(error) && statesOfMessages.has(error.details['state']);

const isStale = (error: unknown): error is HoldfastError =>
  error instanceof HoldfastError && error.code === 'stale_receipt';

/** Of all sizes: of those that are kept in the state, and of those beside it. */
const payloadOf = (number: number): string => `${String(number)} `.repeat(1 + (number % 3) * 400);

/** 0, which nobody pushes, where it is not what was pushed. */
function numberIn(payload: unknown): number {
  const number = Number.parseInt(String(payload), 10);
  return payload === payloadOf(number) ? number : 0;
}

async function pushTogether(client: Client, batch: PushedTogether): Promise<void> {
  const messages = batch.messages.map(({ key, number }) => ({
    key,
    payload: payloadOf(number),
    dedup_id: `${key} ${String(number)}`,
  }));
  const [only] = messages;
  if (messages.length > 1 || only === undefined)
    await client.call('queue_push_batch', { queue, messages }, { timeoutMs: callMs });
  else await client.call('queue_push', { queue, ...only }, { timeoutMs: callMs });
}

interface HeldMessage extends HeldDelivery {
  readonly message: QueueMessage;
}

export class Workers {
  readonly history: MessageEvent[] = [];
  readonly #urls: readonly string[];
  readonly #randomness: Randomness;
  readonly #shown: ShownCredentials | undefined;
  readonly #stopPushing = new AbortController();
  readonly #stopTaking = new AbortController();
  readonly #inFlight = new DeliveriesInFlight();
  #pushers: readonly Promise<void>[] = [];
  #takers: readonly Promise<void>[] = [];
  #pushed = 0;
  #acknowledged = 0;
  #redriven = 0;
  /** Acknowledged, or perhaps. */
  #settled = 0;

  /** @param shown Undefined: the cluster has neither TLS nor keys. */
  constructor(urls: readonly string[], randomness: Randomness, shown?: ShownCredentials) {
    this.#urls = urls;
    this.#randomness = randomness;
    this.#shown = shown;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Dead letters that became messages again, as far as it was told. */
  get redriven(): number {
    return this.#redriven;
  }

  /** Deliveries that are in flight at this moment for certain. */
  get inFlight(): number {
    return this.#inFlight.countAt(nowMs());
  }

  start(producers: number, consumers: number): void {
    this.#pushers = Array.from({ length: producers }, (_, at) => this.#with(at, this.#push));
    this.#takers = [
      ...Array.from({ length: consumers }, (_, at) => this.#with(at, this.#take)),
      this.#with(0, this.#redrive),
    ];
  }

  async stopPushing(): Promise<void> {
    this.#stopPushing.abort();
    await Promise.all(this.#pushers);
  }

  async stop(): Promise<void> {
    await this.stopPushing();
    this.#stopTaking.abort();
    await Promise.all(this.#takers);
  }

  /** Each has a client of its own, which begins with another node. */
  async #with(at: number, work: (client: Client, at: number) => Promise<void>): Promise<void> {
    const from = at % this.#urls.length;
    const endpoints = [...this.#urls.slice(from), ...this.#urls.slice(0, from)];
    const client = await connect({ endpoints, ...this.#shown });
    try {
      await work(client, at);
    } finally {
      await client.close();
    }
  }

  readonly #push = async (client: Client, at: number): Promise<void> => {
    const batches = new Batches(`key-${String(at)}`, this.#randomness);
    while (!this.#stopPushing.signal.aborted) {
      while (this.#pushed - this.#settled > mostBehind && !this.#stopPushing.signal.aborted)
        await pause(20);
      const batch = batches.next();
      const { request, messages } = batch;
      const push = { type: 'push', request, askedMs: nowMs() } as const;
      const note = (answeredMs: number | undefined): void => {
        for (const message of messages) this.history.push({ ...push, ...message, answeredMs });
      };
      try {
        await pushTogether(client, batch);
        note(nowMs());
        this.#pushed += messages.length;
      } catch (error) {
        if (!wasNotDone(error)) note(undefined);
        await pause(pauseAfterErrorMs);
      }
      await pause(this.#randomness.between(0, 30));
    }
  };

  readonly #take = async (client: Client): Promise<void> => {
    while (!this.#stopTaking.signal.aborted) {
      const askedMs = nowMs();
      try {
        const { messages } = await client.call(
          'queue_pop',
          {
            queue,
            count: mostAtOnce,
            visibility_seconds: visibilitySeconds,
            wait_seconds: waitSeconds,
          },
          { timeoutMs: callMs },
        );
        const toldMs = nowMs();
        for (const { id, key, payload, fence_token } of messages)
          this.history.push({
            type: 'taken',
            id,
            key,
            number: numberIn(payload),
            fenceToken: fence_token,
            visibilityMs,
            askedMs,
            toldMs,
          });
        const held = messages.map((message) => ({ message, askedMs, visibilityMs }));
        for (const one of held) this.#inFlight.take(one);
        for (const one of held) await this.#settle(client, one);
      } catch {
        await pause(pauseAfterErrorMs);
      }
    }
  };

  readonly #redrive = async (client: Client): Promise<void> => {
    while (!this.#stopTaking.signal.aborted) {
      try {
        const { redriven } = await client.call('queue_redrive', { queue }, { timeoutMs: callMs });
        this.#redriven += redriven;
      } catch {
        // Its nodes are down, or it is done all the same.
      }
      await pause(redriveEveryMs);
    }
  };

  /** Now and then until only that keeps it. */
  async #extend(client: Client, { message, askedMs: takenMs }: HeldMessage): Promise<void> {
    const { id, fence_token: fenceToken, receipt } = message;
    const sent = {
      type: 'extended',
      id,
      fenceToken,
      visibilityMs: 1000 * extendedSeconds,
      askedMs: nowMs(),
    } as const;
    const body = { queue, receipt: receipt ?? '', visibility_seconds: extendedSeconds };
    try {
      await client.call('queue_extend', body, { timeoutMs: callMs });
      this.history.push({ ...sent, outcome: 'done' });
      if (this.#randomness.between(0, 4) < 1)
        await pause(Math.max(0, takenMs + 1.2 * visibilityMs - nowMs()));
    } catch (error) {
      if (isStillThere(error))
        this.history.push({ ...sent, outcome: 'refused', answeredMs: nowMs() });
      else if (!wasNotDone(error)) this.history.push({ ...sent, outcome: 'unknown' });
    }
  }

  async #settle(client: Client, held: HeldMessage): Promise<void> {
    await pause(this.#randomness.between(0, 20));
    if (!this.#stopPushing.signal.aborted && this.#randomness.between(0, 100) < extended)
      await this.#extend(client, held);
    this.#inFlight.settle(held);
    const { id, fence_token: fenceToken, receipt, delivery, max_deliveries: most } = held.message;
    const back = delivery === most ? returnedAtLast : returned;
    const isDraining = this.#stopPushing.signal.aborted;
    const fate = isDraining ? 100 : this.#randomness.between(0, 100);
    if (fate < left) return;
    const type = fate < left + back ? 'returned' : 'acknowledged';
    const settled = { type, id, fenceToken, askedMs: nowMs() } as const;
    const settings = { timeoutMs: callMs };
    if (type === 'acknowledged') this.#settled += 1;
    try {
      if (type === 'returned')
        await client.call(
          'queue_nack',
          { queue, receipt: receipt ?? '', delay_seconds: 0 },
          settings,
        );
      else await client.call('queue_ack', { queue, receipt: receipt ?? '' }, settings);
      this.history.push({ ...settled, outcome: 'done' });
      if (type === 'acknowledged') this.#acknowledged += 1;
    } catch (error) {
      if (type === 'acknowledged' && isStillThere(error))
        this.history.push({ ...settled, outcome: 'refused', answeredMs: nowMs() });
      // The client may have asked twice: then the first one may have done it.
      else if (!wasNotDone(error) || isStale(error))
        this.history.push({ ...settled, outcome: 'unknown' });
    }
  }
}
