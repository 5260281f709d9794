/**
 * Payloads of messages beside the state (BESIDE-1 of the state): on this node's disk, named by its state.
 *
 * PAYLOAD-1: each payload that the newest snapshot of this node names is durable here before that snapshot counts: of its own one
 *     by STORAGE-5, of a received one because it is not verified before (`complete`). What was pushed after it is in the log,
 *     and is put again where the log is applied again.
 * PAYLOAD-2: a payload that has ended goes only when a snapshot of this node is durable in which it has ended, and
 *     while nobody reads an older one (`hold`): whoever starts from a snapshot, or gets one, finds what it names.
 * PAYLOAD-3: bytes are given to somebody only where length and hash are those that the state names. Where those here
 *     are not, another member is asked, and what it gives is kept here. Where none has them the answer says so.
 * PAYLOAD-6: a delivery whose payload nobody has takes no other one of its pop with it: that may have been acknowledged.
 * PAYLOAD-4: what a received snapshot names and this node has is not sent again. The rest is asked for in pages.
 * PAYLOAD-5: no turn of the event loop grows with the number of payloads.
 */
import { HoldfastError } from '@holdfast/protocol';
import { payloadHash } from '@holdfast/state';
import type {
  CommandResult,
  DeadLettersPage,
  Delivery,
  PayloadChanges,
  StateMachine,
  StoredPayload,
} from '@holdfast/state';
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from '../clock.ts';
import type { EngineLog, QueryResult } from '../types.ts';
import type { PayloadAsks } from './payload-asks.ts';
import { IdSet } from './id-set.ts';

/** Looked at, or taken away, in one turn (PAYLOAD-5). */
const perTurn = 2000;
/** Asked for at once. */
export const mostPerPage = 256;
export const mostPageBytes: number = 512 * 1024;

export interface PayloadsParts {
  readonly store: PayloadStore;
  readonly clock: Pick<Clock, 'endOfTurn'>;
  readonly log: EngineLog;
  readonly asks: PayloadAsks;
}

interface Ended {
  /** Of the entry that ended them. */
  readonly index: number;
  readonly ids: readonly number[];
}

type Taken = Extract<CommandResult, { readonly type: 'queue_taken' }>;

export class Payloads {
  readonly #parts: PayloadsParts;
  #ended: Ended[] = [];
  /** Of the newest snapshot that is durable. */
  #durableIndex = 0;
  #holds = 0;
  #isClearing = false;
  #stopped = false;

  constructor(parts: PayloadsParts) {
    this.#parts = parts;
  }

  /** Entries should not be applied until `onRoom`. */
  get isBehind(): boolean {
    return this.#parts.store.isBehind;
  }

  onRoom(listener: () => void): void {
    this.#parts.store.onRoom(listener);
  }

  stop(): void {
    this.#stopped = true;
  }

  /** What an entry did. */
  applied(index: number, { kept, ended }: PayloadChanges): void {
    const { store } = this.#parts;
    for (const { id, text } of kept) store.put(id, Buffer.from(text));
    if (ended.length > 0) this.#ended.push({ index, ids: ended }); // PAYLOAD-2
  }

  /** A snapshot of this index is durable here. */
  snapshotDurable(index: number): void {
    this.#durableIndex = index;
    this.#clear();
  }

  /** Until the function that it returns is called nothing goes (PAYLOAD-2). */
  hold(): () => void {
    this.#holds += 1;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds -= 1;
      this.#clear();
    };
  }

  /** PAYLOAD-2, PAYLOAD-5. */
  #clear(): void {
    if (this.#isClearing) return;
    let left = perTurn;
    while (left > 0 && this.#holds === 0 && !this.#stopped) {
      const [first] = this.#ended;
      if (first === undefined || first.index > this.#durableIndex) return;
      const some = first.ids.slice(0, left);
      for (const id of some) this.#parts.store.end(id);
      left -= some.length;
      const rest = first.ids.slice(some.length);
      if (rest.length > 0) this.#ended[0] = { index: first.index, ids: rest };
      else this.#ended.shift();
    }
    if (this.#ended.length === 0 || this.#holds > 0 || this.#stopped) return;
    this.#isClearing = true;
    this.#parts.clock.endOfTurn(() => {
      this.#isClearing = false;
      this.#clear();
    });
  }

  // ---- a state that came out of a snapshot ------------------------------------------------------

  /**
   * What this state names, and how much of it is not here. Nothing is applied to it meanwhile.
   *
   * @param wanted Asks other members for what is missing (PAYLOAD-4). Undefined: not all of it is to be had now.
   */
  async complete(state: StateMachine, wanted: boolean): Promise<IdSet | undefined> {
    const { store, asks } = this.#parts;
    const named = new IdSet();
    let missing: StoredPayload[] = [];
    let missingCount = 0;
    let bytes = 0;
    let looked = 0;
    const fetch = async (): Promise<boolean> => {
      const page = missing;
      missing = [];
      bytes = 0;
      return asks.fetch(page, (id, text) => store.put(id, Buffer.from(text)));
    };
    for (const stored of state.queues.stored()) {
      named.add(stored.id);
      looked += 1;
      if (looked % perTurn === 0) await this.#nextTurn();
      if (store.has(stored.id)) continue;
      missingCount += 1;
      if (!wanted) continue;
      if (missing.length >= mostPerPage || bytes + stored.byteLength > mostPageBytes)
        if (!(await fetch())) return undefined;
      missing.push(stored);
      bytes += stored.byteLength;
      if (store.isBehind && !(await store.durable())) return undefined;
    }
    if (missing.length > 0 && !(await fetch())) return undefined;
    if (!wanted && missingCount > 0)
      this.#parts.log.error(
        {
          err: new Error(
            `PAYLOAD-1: ${String(missingCount)} payloads that the snapshot names are not on this disk.`,
          ),
        },
        'Payloads are missing; other members are asked for each when it is delivered.',
      );
    return !wanted || (await store.durable()) ? named : undefined; // PAYLOAD-1
  }

  /** A state took the place of the one before: nothing but what it names, and what comes later, is needed. */
  adopt(named: IdSet, state: StateMachine): void {
    this.#ended = [];
    this.#durableIndex = state.index;
    void this.#sweep(named, state.queues.lastId());
  }

  async #sweep(named: IdSet, lastId: number): Promise<void> {
    const { store } = this.#parts;
    const held: number[] = [];
    let looked = 0;
    for (const id of store.ids()) {
      looked += 1;
      if (looked % perTurn === 0) await this.#nextTurn();
      if (this.#stopped) return;
      if (id > lastId || named.has(id)) continue;
      if (this.#holds === 0) store.end(id);
      else held.push(id); // PAYLOAD-2
    }
    if (held.length === 0) return;
    this.#ended.unshift({ index: 0, ids: held });
    this.#clear();
  }

  /** On start, before anything is applied: what is not named is of a time that the log tells again, if at all. */
  async adoptFound(named: IdSet | undefined, index: number): Promise<void> {
    this.#durableIndex = index;
    await this.#sweep(named ?? new IdSet(), Number.POSITIVE_INFINITY);
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => this.#parts.clock.endOfTurn(resolve));
  }

  // ---- for those who read -----------------------------------------------------------------------

  /**
   * PAYLOAD-3, PAYLOAD-6. In the turn in which it was applied: it may have ended with that.
   *
   * @throws HoldfastError where none of them is to be had
   */
  async taken(result: Taken): Promise<Taken> {
    const deliveries: Delivery[] = [];
    let failed: PromiseRejectedResult | undefined;
    for (const one of await Promise.allSettled(result.deliveries.map((d) => this.#delivered(d))))
      if (one.status === 'fulfilled') deliveries.push(one.value);
      else failed ??= one;
    if (failed !== undefined && deliveries.length === 0) throw failed.reason;
    return { ...result, deliveries };
  }

  async #delivered({ stored, ...delivery }: Delivery): Promise<Delivery> {
    if (stored === undefined) return delivery;
    const text = await this.#text(stored);
    if (text !== undefined) return { ...delivery, payload: text };
    throw new HoldfastError(
      'outcome_unknown',
      `Message ${String(stored.id)} was taken, and its payload of ${String(stored.byteLength)} bytes is damaged or missing on each member that could be asked. ` +
        'Where it was taken with a visibility it is delivered again afterwards. Check the disks.',
      { message_id: stored.id },
    );
  }

  /** An answer to a query with the payloads in it. @throws HoldfastError */
  async answer(result: QueryResult): Promise<QueryResult> {
    if (result.type !== 'dead_letters' || result.page === undefined) return result;
    return { ...result, page: await this.#letters(result.page) };
  }

  /** To another member, as many of them as fit an answer (PASK-2). Null: it is not here. */
  async given(wanted: readonly StoredPayload[]): Promise<readonly (string | null)[]> {
    const given: (string | null)[] = [];
    let bytes = 0;
    for (const stored of wanted) {
      bytes += stored.byteLength;
      if (given.length > 0 && bytes > mostPageBytes) break;
      given.push((await this.#textHere(stored)) ?? null);
    }
    return given;
  }

  /** @throws HoldfastError */
  async #letters(page: DeadLettersPage): Promise<DeadLettersPage> {
    const letters = await Promise.all(
      page.letters.map(async ({ stored, ...letter }) => {
        if (stored === undefined) return letter;
        const text = await this.#text(stored);
        if (text !== undefined) return { ...letter, payload: text };
        throw new HoldfastError(
          'internal',
          `The payload of dead letter ${String(stored.id)} is damaged or missing on each member that could be asked. Purge it, or repair the disk of a member.`,
          { message_id: stored.id },
        );
      }),
    );
    return { ...page, letters };
  }

  /** For a backup. @throws HoldfastError */
  readonly whole = async (stored: StoredPayload): Promise<string> => {
    const text = await this.#text(stored);
    if (text !== undefined) return text;
    throw new HoldfastError(
      'internal',
      `No backup can be made here: the payload of message ${String(stored.id)} is damaged or missing on each member that could be asked.`,
      { message_id: stored.id },
    );
  };

  /** PAYLOAD-3. Undefined: nobody who could be asked has it. */
  async #text(stored: StoredPayload): Promise<string | undefined> {
    const here = await this.#textHere(stored);
    if (here !== undefined) return here;
    let found: string | undefined;
    await this.#parts.asks.fetch([stored], (id, text) => {
      found = text;
      if (this.#parts.store.has(id)) this.#parts.store.put(id, Buffer.from(text));
    });
    this.#parts.log.warn(
      { message: stored.id, found: found !== undefined },
      'A payload was not on this disk as the state names it; other members were asked.',
    );
    return found;
  }

  /** Of this disk. Undefined: it is not what the state names. */
  async #textHere(stored: StoredPayload): Promise<string | undefined> {
    const body = await this.#parts.store.read(stored.id);
    if (body === undefined || body.byteLength !== stored.byteLength) return undefined;
    const text = textOf(body);
    return payloadHash(text) === stored.hash ? text : undefined;
  }
}

export const textOf = ({ buffer, byteOffset, byteLength }: Uint8Array): string =>
  Buffer.from(buffer, byteOffset, byteLength).toString('utf8');
