/** The holds of a session, and how each of them ends: given back, ended by others, or lost with the session. */
import type { HoldEndedPush } from '@holdfast/protocol';
import type { ClientClock } from './clock.ts';
import type { Connection } from './connection.ts';
import type { Held } from './held.ts';
import { Holdings } from './holdings.ts';
import { HoldsCheck } from './holds-check.ts';
import type { CheckedSession } from './holds-check.ts';
import type { MaxHold } from './max-hold.ts';
import type { GivingBackOperation, NumberedCalls } from './numbered-calls.ts';

/** What the holds need of their session. */
export interface HoldingSession {
  readonly id: string;
  readonly connection: Connection;
  readonly clock: ClientClock;
  readonly callTimeoutMs: number;
  readonly numbered: NumberedCalls;
  readonly isActive: () => boolean;
}

export class SessionHolds {
  readonly holdings: Holdings = new Holdings();
  readonly #session: HoldingSession;
  readonly #check: HoldsCheck;

  constructor(session: HoldingSession) {
    this.#session = session;
    this.#check = new HoldsCheck(this.holdings, this.#checked(), session.clock);
  }

  /** CLIENT-SESSION-6: as the check sees the session. */
  #checked(): CheckedSession {
    const { id, connection, callTimeoutMs, numbered, isActive } = this.#session;
    return {
      isActive: () => isActive() && !connection.isClosed,
      isQuiet: () => numbered.isQuiet,
      ask: (page) =>
        connection.call('session_locks', { session_id: id, ...page }, { timeoutMs: callTimeoutMs }),
      lost: (held) => {
        this.holdings.delete(held);
        held.lose('lost', 'the cluster reports that it has ended');
      },
    };
  }

  /** @returns What ends it. */
  checkWithConnection(): () => void {
    const { connection } = this.#session;
    const unsubscribes = [
      connection.onOpen(() => this.#check.soon()),
      connection.onBroken(() => this.#check.soon()), // HOLDS-CHECK-5
    ];
    return () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }

  /** Now. */
  check(): void {
    void this.#check.run();
  }

  keep<T extends Held>(held: T, lasting?: MaxHold): T {
    if (lasting !== undefined) held.endBy(lasting.end()); // MAX-HOLD-1
    if (!this.#session.isActive()) held.lose('lost');
    else {
      const early = this.holdings.add(held);
      for (const twin of this.twinsOf(held)) {
        held.endWith(twin); // MAX-HOLD-2
        if (lasting === undefined) break; // The others have the same end.
      }
      if (early !== undefined) this.endedByOthers(early);
    }
    return held;
  }

  /** Others ended a hold, while its session goes on. */
  endedByOthers(push: HoldEndedPush): void {
    const why = push.reason === 'forced' ? 'it was released by force' : 'its max-hold time elapsed';
    for (const held of this.holdings.endedByOthers(push))
      held.lose('lost', push.note === undefined ? why : `${why} (${push.note})`, push.reason);
  }

  async giveBack(operation: GivingBackOperation, held: Held): Promise<void> {
    this.holdings.delete(held);
    await this.#session.numbered.giveBack(operation, held, () => {
      held.lose('released');
      this.#isGivenBack(held);
    });
    this.#isGivenBack(held);
  }

  /** A leadership that was told twice is one: with one of them both have ended. */
  #isGivenBack(held: Held): void {
    if (held.kind !== 'election') return;
    for (const twin of this.twinsOf(held)) {
      if (twin.fenceToken !== held.fenceToken) continue; // A later one, which stands.
      this.holdings.delete(twin);
      twin.lose('released');
    }
  }

  /** The others of the same hold of the cluster. */
  twinsOf(held: Held): readonly Held[] {
    const { kind, name, fenceToken } = held;
    return this.holdings.of(kind, name, fenceToken).filter((other) => other !== held);
  }
}
