/**
 * A message that was delivered to this program.
 *
 * CLIENT-DELIVERY-1: what settles it is asked again while nobody else can have been given it. Where an attempt may have been
 *     executed, a receipt that is stale by then was settled by that attempt.
 * CLIENT-DELIVERY-2: nor is what a node refuses later told as something that was not done: its outcome is unknown.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { Json, QueueMessage } from '@holdfast/protocol';
import type { CallingClient } from './calling-client.ts';
import { momentOf, passedMs } from './clock.ts';
import { secondsOf } from './durations.ts';
import type { Moment } from './clock.ts';
import { isClosed, isHopeless, isUncertain, untilAnswered } from './until-answered.ts';

/** A message may be asked for so long before it is delivered; then it is extended before anybody works on it. */
const oldWhen = 1 / 4;
/** It is extended so often within its visibility. */
const extensionsPerVisibility = 3;

/** What is known of a delivery when it comes. */
interface DeliveryFacts {
  readonly queue: string;
  readonly message: QueueMessage;
  readonly visibilityMs: number;
  readonly askedAt: Moment;
}

/** A message that was delivered to this program, kept by extending it until it is settled. */
export class QueueDelivery {
  /** Of the message: the same each time it is delivered. */
  readonly id: number;
  /** Messages of one key are delivered in order. */
  readonly key: string;
  /** As it was pushed. */
  readonly payload: Json;
  /** 1 for the first delivery of this message. */
  readonly delivery: number;
  /** Larger with every delivery: present it to what the handler writes to, which then refuses an older one. */
  readonly fenceToken: number;
  readonly #client: CallingClient;
  readonly #queue: string;
  readonly #receipt: string;
  readonly #visibilityMs: number;
  /** Clocks of machines do not run alike: kept back, as of a session's lease. */
  readonly #marginMs: number;
  readonly #listeners: (() => void)[] = [];
  readonly #controller = new AbortController();
  #certainSince: Moment;
  #isSettled = false;
  #isStale = false;
  /** The client is closed. */
  #isLeft = false;
  #cancelTimer: () => void = () => undefined;

  /** @internal */
  constructor(client: CallingClient, { queue, message, visibilityMs, askedAt }: DeliveryFacts) {
    this.#client = client;
    this.#queue = queue;
    this.#visibilityMs = visibilityMs;
    this.#marginMs = Math.min(1000, visibilityMs / 10);
    this.#certainSince = askedAt;
    this.#receipt = message.receipt ?? '';
    this.id = message.id;
    this.key = message.key;
    this.payload = message.payload;
    this.delivery = message.delivery;
    this.fenceToken = message.fence_token;
  }

  /** It was acknowledged or given back, or is lost. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether nobody else can have been given this message by now, by comparing clocks (CLIENT-QUEUE-2). */
  isHeld(): boolean {
    return this.validForMs > 0;
  }

  /** Ms for which that is certain from now, 0 when it is not. */
  get validForMs(): number {
    return this.#isSettled || this.#isStale ? 0 : this.#certainMs;
  }

  /** For so long nobody else is given it (CLIENT-QUEUE-2). */
  get #certainMs(): number {
    const passed = passedMs(this.#client.clock, this.#certainSince);
    return Math.max(0, this.#visibilityMs - this.#marginMs - passed);
  }

  /** Aborted when the cluster says that it was delivered again, purged, or is a dead letter. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** @throws HoldfastError `hold_lost` unless nobody else can have been given this message by now. */
  assertHeld(): void {
    if (this.isHeld()) return;
    throw new HoldfastError(
      'hold_lost',
      `Message ${String(this.id)} of queue "${this.#queue}" is not certainly held any more: it may have been delivered again. Stop working on it.`,
      { queue: this.#queue, message_id: this.id, fence_token: this.fenceToken },
    );
  }

  /**
   * The message is done, and not delivered again. It is asked for until it is answered or the visibility ends, whichever
   * nodes fail meanwhile.
   *
   * @throws HoldfastError `stale_receipt` where it was delivered again meanwhile; what the last attempt ended with where no
   *   node answered before the visibility ended: then it may come again.
   */
  async ack(): Promise<void> {
    this.#settle();
    const body = { queue: this.#queue, receipt: this.#receipt };
    await this.#untilSettled(() => this.#client.call('queue_ack', body));
  }

  /**
   * Gives the message back: it is delivered again after `delayMs`, or after a time that grows with its deliveries. Asked for
   * as an acknowledgement is.
   *
   * @throws HoldfastError As `ack`.
   */
  async nack(options: { delayMs?: number; reason?: string } = {}): Promise<void> {
    this.#settle();
    await this.#untilSettled(() => this.#giveBack(options));
  }

  /**
   * Gives it back by one attempt: it comes again in any case.
   *
   * @internal
   */
  async giveBack(options: { delayMs?: number }): Promise<void> {
    this.#settle();
    await this.#giveBack(options);
  }

  /** Keeps it no more, without telling: it comes again when its visibility has ended. */
  drop(): void {
    this.#settle();
  }

  /**
   * Keeps it until it is settled.
   *
   * @internal
   * @returns False where it is lost already.
   */
  async begin(): Promise<boolean> {
    const oldMs = this.#visibilityMs * oldWhen;
    if (passedMs(this.#client.clock, this.#certainSince) > oldMs) await this.#extend();
    if (!this.isHeld()) this.#settle();
    this.#extendLater();
    return !this.#isSettled;
  }

  /** @internal */
  onSettled(listener: () => void): void {
    this.#listeners.push(listener);
  }

  #giveBack({ delayMs, reason }: { delayMs?: number; reason?: string }): Promise<object> {
    return this.#client.call('queue_nack', {
      queue: this.#queue,
      receipt: this.#receipt,
      ...(delayMs === undefined ? {} : { delay_seconds: secondsOf('delayMs', delayMs) }),
      ...(reason === undefined ? {} : { reason }),
    });
  }

  /** CLIENT-DELIVERY-1. */
  async #untilSettled(ask: () => Promise<object>): Promise<void> {
    let last: unknown;
    let mayBeDone = false;
    const askOnce = async (): Promise<object> => {
      try {
        return await ask();
      } catch (error) {
        last = error;
        const isStale = error instanceof HoldfastError && error.code === 'stale_receipt';
        if (isStale && mayBeDone && this.#certainMs > 0) return {};
        mayBeDone ||= isUncertain(error);
        throw error;
      }
    };
    // At least once, also of one that is not certain any more.
    const isOver = (): boolean =>
      last !== undefined && (this.#certainMs === 0 || isHopeless(last) || isClosed(last));
    const settled = await untilAnswered(this.#client.clock, askOnce, isOver);
    if (settled === undefined)
      throw mayBeDone && !isUncertain(last) ? this.#unknownAfter(last) : last;
    if ('refused' in settled) throw last;
  }

  /** CLIENT-DELIVERY-2. */
  #unknownAfter(refused: unknown): HoldfastError {
    const { message, code } =
      refused instanceof HoldfastError ? refused : new HoldfastError('internal', String(refused));
    return new HoldfastError(
      'outcome_unknown',
      `An earlier attempt to settle message ${String(this.id)} of queue "${this.#queue}" was lost and may have been executed; the latest attempt failed: ${message}`,
      { queue: this.#queue, message_id: this.id, refused_with: code },
    );
  }

  #settle(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#cancelTimer();
    for (const listener of this.#listeners) listener();
  }

  #extendLater(): void {
    if (this.#isSettled || this.#isStale || this.#isLeft) return;
    const everyMs = this.#visibilityMs / extensionsPerVisibility;
    this.#cancelTimer = this.#client.clock.after(everyMs, () => {
      void this.#extend().then(() => this.#extendLater());
    });
  }

  /** CLIENT-QUEUE-2: counted from before it was asked for. */
  async #extend(): Promise<void> {
    const askedAt = momentOf(this.#client.clock);
    try {
      await this.#client.call(
        'queue_extend',
        {
          queue: this.#queue,
          receipt: this.#receipt,
          visibility_seconds: this.#visibilityMs / 1000,
        },
        { timeoutMs: this.#visibilityMs },
      );
      this.#certainSince = askedAt;
    } catch (error) {
      this.#isLeft = isClosed(error);
      // Anything else may pass: it is asked again, and certain for as long as the clock says.
      if (!(error instanceof HoldfastError) || error.code !== 'stale_receipt') return;
      if (this.#isSettled) return;
      this.#isStale = true;
      this.#controller.abort(error);
    }
  }
}
