/**
 * Payloads that this node should have and has not: they are fetched from other members in the background.
 *
 * PREPAIR-1: what a scan, a read, the scrub or the making smaller of a file finds missing or damaged is asked for until it is here, or its message has
 *     ended: a page of at most `mostPageBytes` at a time, with a pause behind each.
 * PREPAIR-2: a pass that brings nothing is followed by a pause that is random and longer each time: a member whose others
 *     are all away does not ask in a loop.
 * PREPAIR-3: a payload is lost (LOST-1 of the state) only by a command of the leader, when its own disk has it not and each
 *     other member said so in two passes (PASK-3).
 * PREPAIR-4: how many missing payloads are remembered is bounded; what does not fit is found again by a walk over the state.
 */
import type { ResourceName, StateMachine, StoredPayload } from '@holdfast/state';
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from '../clock.ts';
import type { EngineLog } from '../types.ts';
import type { AskedFor, PayloadAsks } from './payload-asks.ts';
import { mostPageBytes, mostPerPage, perTurn } from './payload-bounds.ts';
import { textHere } from './payload-texts.ts';
import { Pauses } from './pauses.ts';

/** PREPAIR-4. */
const defaultNoted = 10_000;
/** PREPAIR-1: at most 10 MiB a second. */
const pageMs = 50;
/** PREPAIR-2. */
const firstPauseMs = 1000;
const longestPauseMs = 60_000;
/** PREPAIR-3. */
const passesUntilLost = 2;
/** A walk over the state is not begun sooner after the one before. */
const walkPauseMs = 10_000;

export interface RepairParts {
  readonly store: PayloadStore;
  /** PREPAIR-4; fewer for tests. */
  readonly mostNoted?: number;
  readonly clock: Pick<Clock, 'after' | 'endOfTurn' | 'now'>;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly log: EngineLog;
  readonly asks: Pick<PayloadAsks, 'fetch'>;
  readonly state: () => Pick<StateMachine, 'queues'>;
  readonly isLeader: () => boolean;
  /** By a command of the log. */
  readonly lose: (name: ResourceName, ids: readonly number[]) => Promise<unknown>;
}

interface Missing {
  readonly name: ResourceName;
  readonly stored: StoredPayload;
  /** In so many passes, one after the other, all others denied it. */
  denied: number;
}

export class PayloadRepairs {
  readonly #parts: RepairParts;
  readonly #pauses: Pauses;
  readonly #mostNoted: number;
  readonly #missing = new Map<number, Missing>();
  #isBegun = false;
  #mustWalk = false;
  /** May be damaged, though they are here (PREPAIR-4). */
  readonly #suspects = new Set<number>();
  #walkedAtMs = Number.NEGATIVE_INFINITY;
  #isRunning = false;
  #stopped = false;
  /** Payloads that were fetched, and those that are lost as far as this node has applied. */
  repaired = 0;
  lost = 0;

  constructor(parts: RepairParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
    this.#mostNoted = parts.mostNoted ?? defaultNoted;
  }

  get missing(): number {
    return this.#missing.size;
  }

  /** From now on the state is there to be asked. */
  begin(): void {
    this.#isBegun = true;
    this.#runSoon();
  }

  stop(): void {
    this.#stopped = true;
    this.#pauses.end();
  }

  /** One that is missing or damaged here. */
  note(name: ResourceName, stored: StoredPayload): void {
    if (this.#missing.has(stored.id)) return;
    if (this.#missing.size >= this.#mostNoted)
      this.#mustWalk = true; // PREPAIR-4
    else this.#missing.set(stored.id, { name, stored, denied: 0 });
    this.#runSoon();
  }

  /** Some may be missing; these are, or are damaged. */
  look(ids: readonly number[] = []): void {
    for (const id of ids) if (this.#suspects.size < this.#mostNoted) this.#suspects.add(id);
    this.#mustWalk = true;
    this.#runSoon();
  }

  /** An entry said so. */
  noteLost(ids: readonly number[]): void {
    this.lost += ids.length;
    for (const id of ids) this.#missing.delete(id);
    this.#parts.log.error(
      {
        err: new Error(`The payloads of ${String(ids.length)} messages are lost.`),
        messages: ids.slice(0, 100),
      },
      'No member has these payloads any more; their messages become dead letters. Check the disks of all members.',
    );
  }

  #runSoon(): void {
    if (!this.#isBegun || this.#stopped || this.#isRunning) return;
    if (this.#missing.size === 0 && !this.#mustWalk) return;
    this.#isRunning = true;
    void this.#run().finally(() => {
      this.#isRunning = false;
      this.#runSoon();
    });
  }

  async #run(): Promise<void> {
    let pauseMs = firstPauseMs;
    while (!this.#stopped) {
      // What nobody gives now must not keep the others from being looked for.
      if (this.#mustWalk && this.#missing.size < this.#mostNoted) await this.#walk();
      if (this.#missing.size === 0) return;
      const before = this.repaired;
      await this.#pass();
      if (this.#missing.size === 0) continue;
      const isFruitful = this.repaired > before;
      pauseMs = isFruitful ? firstPauseMs : Math.min(longestPauseMs, pauseMs * 2);
      await this.#pauses.pause(pauseMs * (0.5 + this.#parts.random())); // PREPAIR-2
    }
  }

  /** PREPAIR-4. */
  async #walk(): Promise<void> {
    const { clock, state, store } = this.#parts;
    const waitMs = this.#walkedAtMs + walkPauseMs - clock.now();
    if (waitMs > 0) await this.#pauses.pause(waitMs);
    this.#mustWalk = false;
    const suspects = new Set(this.#suspects);
    this.#suspects.clear();
    for (const name of state().queues.names())
      for (const part of ['messages', 'dead_letters'] as const) {
        let after: number | undefined = 0;
        while (after !== undefined && !this.#stopped) {
          const page = state().queues.storedAfter(name, part, after, perTurn);
          for (const stored of page.stored)
            if (!store.has(stored.id) || suspects.has(stored.id)) this.note(name, stored);
          after = page.next;
          await new Promise<void>((resolve) => clock.endOfTurn(resolve));
        }
      }
    this.#walkedAtMs = clock.now();
    if (this.#missing.size > 0)
      this.#parts.log.warn(
        { missing: this.#missing.size, more: this.#mustWalk },
        'Payloads of messages are missing on this disk; they are fetched from other members.',
      );
  }

  /** Each is asked for once. */
  async #pass(): Promise<void> {
    let page: Missing[] = [];
    let bytes = 0;
    for (const missing of this.#missing.values()) {
      if (this.#stopped) return;
      const { name, stored } = missing;
      if (!(await this.#isMissing(name, stored))) {
        this.#missing.delete(stored.id);
        continue;
      }
      if (page.length >= mostPerPage || bytes + stored.byteLength > mostPageBytes) {
        await this.#fetch(page);
        [page, bytes] = [[], 0];
        await this.#pauses.pause(pageMs); // PREPAIR-1
      }
      page.push(missing);
      bytes += stored.byteLength;
    }
    if (page.length > 0 && !this.#stopped) await this.#fetch(page);
  }

  /** It is still named, and not here. */
  async #isMissing(name: ResourceName, stored: StoredPayload): Promise<boolean> {
    const { state, store } = this.#parts;
    if (state().queues.storedOf(name, stored.id)?.hash !== stored.hash) return false;
    return (await textHere(store, stored)) === undefined;
  }

  async #fetch(page: readonly Missing[]): Promise<void> {
    const { asks, store, state } = this.#parts;
    const byId = new Map(page.map((one) => [one.stored.id, one]));
    const asked = await asks.fetch(
      page.map(({ stored }) => stored),
      (id, text) => {
        const missing = byId.get(id);
        this.#missing.delete(id);
        // It may have ended meanwhile.
        if (missing === undefined || state().queues.storedOf(missing.name, id) === undefined)
          return;
        store.put(id, Buffer.from(text));
        this.repaired += 1;
      },
    );
    if (store.isBehind) await store.durable();
    // PSHORT-1: what there is no room for is not gathered in memory.
    while (store.shortage !== undefined && !this.#stopped) await this.#pauses.pause(firstPauseMs);
    await this.#loseWhatNobodyHas(byId, asked);
  }

  /** PREPAIR-3. */
  async #loseWhatNobodyHas(
    byId: ReadonlyMap<number, Missing>,
    { missing, nowhere }: AskedFor,
  ): Promise<void> {
    const { store, isLeader, lose, log } = this.#parts;
    const lost = new Map<ResourceName, number[]>();
    for (const { id } of missing) {
      const one = byId.get(id);
      if (one === undefined) continue;
      one.denied = nowhere.has(id) && !store.mayHave(id) ? one.denied + 1 : 0;
      if (one.denied < passesUntilLost || !isLeader()) continue;
      const ids = lost.get(one.name);
      if (ids === undefined) lost.set(one.name, [id]);
      else ids.push(id);
    }
    for (const [name, ids] of lost)
      await lose(name, ids).catch((error: unknown) =>
        log.warn(
          { err: error, queue: name },
          'The loss of payloads could not be logged; it is tried again.',
        ),
      );
  }
}
