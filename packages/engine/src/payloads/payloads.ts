/**
 * Payloads of messages beside the state (BESIDE-1 of the state): on this node's disk, named by its state.
 *
 * PAYLOAD-1: each payload that the newest snapshot of this node names is durable here before that snapshot counts: of its own one
 *     by STORAGE-5, of a received one because it is not verified before (`complete`). What was pushed after it is in the log,
 *     and is put again where the log is applied again. But for those that nobody who can be asked has (PAYLOAD-7).
 * PAYLOAD-2: a payload that has ended goes only when a snapshot of this node is durable in which it has ended, and
 *     while nobody reads an older one (`hold`): whoever starts from a snapshot, or gets one, finds what it names. How much is
 *     kept for a reader is bounded (PAYLOAD-8 of ended-payloads.ts). On a full disk it does not wait for a snapshot (PAYLOAD-10).
 * PAYLOAD-3: bytes are given to somebody only where length and hash are those that the state names. Where those here
 *     are not, another member is asked, and what it gives is kept here. Where none has them the answer says so.
 * PAYLOAD-6: a delivery whose payload nobody has takes no other one of its pop with it: that may have been acknowledged.
 * PAYLOAD-4: what a received snapshot names and this node has is not sent again. The rest is asked for in pages.
 * PAYLOAD-5: no turn of the event loop grows with the number of payloads.
 * PAYLOAD-7: what is damaged or missing on each member that can be asked stops no transfer and no start: it is told, and asked
 *     for in the background (payload-repairs.ts). Where somebody who is connected did not answer, or the leader did not, a
 *     received snapshot does not count: after some attempts with growing pauses it is refused, and fetched again.
 * PAYLOAD-9: nobody who asked waits longer than `longestReadMs` for payloads, nor for those of a page until its call is over,
 *     whatever the disk and the other members do. Those that have come by then are given, and no member is asked any more.
 */
import { HoldfastError } from '@holdfast/protocol';
import type {
  DeadLettersPage,
  Delivery,
  PayloadChanges,
  ResourceName,
  StateMachine,
  StoredPayload,
} from '@holdfast/state';
import type { Member } from '@holdfast/raft';
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from '../clock.ts';
import type { EngineLog, QueryResult } from '../types.ts';
import type { PayloadAsks } from './payload-asks.ts';
import { EndedPayloads } from './ended-payloads.ts';
import { IdSet } from './id-set.ts';
import { mostPageBytes, mostPerPage, perTurn } from './payload-bounds.ts';
import { PayloadRepairs } from './payload-repairs.ts';
import { retryForRoom } from './payload-shortage.ts';
import type { PayloadStatistics } from './payload-statistics.ts';
import { PayloadScrub } from './payload-scrub.ts';
import { storedIn, textHere } from './payload-texts.ts';
import type { Taken } from './payload-texts.ts';
import { Pauses } from './pauses.ts';
import type { GivenPayload } from './wire-payloads.ts';

/** PAYLOAD-7: so often are members asked for a page of a received snapshot, with pauses that grow from this one. */
const attempts = 5;
const firstPauseMs = 500;
/** PAYLOAD-9: a few members that are silent can be asked one after the other. */
export const longestReadMs = 15_000;
/** Of the time of a call that is left for telling what has come. */
const answerMs = 250;

export interface PayloadsParts {
  readonly store: PayloadStore;
  readonly clock: Pick<Clock, 'endOfTurn' | 'after' | 'now'>;
  /** At least 0, less than 1. */
  readonly random: () => number;
  readonly log: EngineLog;
  readonly asks: PayloadAsks;
  /** Once `begin` was called. */
  readonly state: () => Pick<StateMachine, 'queues'>;
  readonly isLeader: () => boolean;
  /** A snapshot that is being received names these as members. */
  readonly onMembers: (members: readonly Member[]) => void;
  /** By a command of the log (LOST-1 of the state). */
  readonly lose: (name: ResourceName, ids: readonly number[]) => Promise<unknown>;
  /** PAYLOAD-8; fewer for tests. */
  readonly mostHeldEnded?: number;
}

/** Payloads on their way to who asked for them. */
interface Reading {
  /** By id, those that have come. */
  readonly texts: Map<number, string>;
  /** Nobody waits for them any more (PAYLOAD-9). */
  isOver: boolean;
}

export class Payloads {
  readonly #parts: PayloadsParts;
  readonly #ended: EndedPayloads;
  #stopped = false;
  readonly #repairs: PayloadRepairs;
  readonly #scrub: PayloadScrub;
  readonly #pauses: Pauses;
  readonly #endRetries: () => void;
  /** PAYLOAD-7. */
  #isTransferWaiting = false;
  /** There was no room for the last one (PAYLOAD-10). */
  #lacksSnapshot = false;

  constructor(parts: PayloadsParts) {
    this.#parts = parts;
    const lacksRoom = (): boolean => this.#lacksSnapshot || parts.store.shortage !== undefined;
    this.#ended = new EndedPayloads({ ...parts, mostHeld: parts.mostHeldEnded, lacksRoom });
    this.#pauses = new Pauses(parts.clock);
    this.#repairs = new PayloadRepairs(parts);
    this.#scrub = new PayloadScrub({ ...parts, repairs: this.#repairs });
    this.#endRetries = retryForRoom(parts.store, parts.clock, () => this.#ended.noRoom());
    parts.store.onDamaged((ids) => this.#repairs.look(ids)); // PREPAIR-1
  }

  get statistics(): PayloadStatistics {
    const { errors: fileErrors, ...here } = this.#parts.store.stats;
    const { missing, repaired, lost } = this.#repairs;
    const isTransferWaiting = this.#isTransferWaiting;
    return { ...here, fileErrors, missing, repaired, lost, isTransferWaiting };
  }

  /** The node takes part: its state can be asked, and its members. */
  begin(): void {
    this.#repairs.begin();
    this.#scrub.begin();
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
    this.#ended.stop();
    this.#pauses.end();
    this.#endRetries();
    this.#repairs.stop();
    this.#scrub.stop();
  }

  /** What an entry did. */
  applied(index: number, { kept, ended, lost }: PayloadChanges): void {
    const { store } = this.#parts;
    for (const { id, text } of kept) store.put(id, Buffer.from(text));
    this.#ended.add(index, ended); // PAYLOAD-2
    if (lost.length > 0) this.#repairs.noteLost(lost);
  }

  /** A snapshot of this index is durable here. */
  snapshotDurable(index: number): void {
    this.#lacksSnapshot = false;
    this.#ended.snapshotDurable(index);
  }

  /** There was no room for a snapshot here (PAYLOAD-10). */
  snapshotNotSaved(): void {
    this.#lacksSnapshot = true;
    this.#ended.noRoom();
  }

  /** Until the function that it returns is called nothing goes (PAYLOAD-2), or until `onLost` is called (PAYLOAD-8). */
  hold(onLost: () => void): () => void {
    return this.#ended.hold(onLost);
  }

  // ---- a state that came out of a snapshot ------------------------------------------------------

  /**
   * What this state names, and how much of it is not here. Nothing is applied to it meanwhile.
   *
   * @param members As the snapshot names them: those that the own log names may be gone.
   * @param wanted Asks other members for what is missing (PAYLOAD-4). Undefined: not all of it is to be had now.
   */
  async complete(
    state: StateMachine,
    wanted: boolean,
    members: readonly Member[] = [],
  ): Promise<IdSet | undefined> {
    if (members.length > 0) this.#parts.onMembers(members);
    const { store } = this.#parts;
    const named = new IdSet();
    let missing: StoredPayload[] = [];
    let missingCount = 0;
    let bytes = 0;
    let looked = 0;
    const fetch = (): Promise<boolean> => {
      const page = missing;
      missing = [];
      bytes = 0;
      return this.#fetchPage(page);
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
    if (!wanted && missingCount > 0) {
      this.#parts.log.error(
        {
          err: new Error(
            `PAYLOAD-7: ${String(missingCount)} payloads that the snapshot names are not on this disk.`,
          ),
        },
        'Payloads are missing; other members are asked for them.',
      );
      this.#repairs.look();
    }
    return !wanted || (await store.durable()) ? named : undefined; // PAYLOAD-1
  }

  /** PAYLOAD-7. Whether a received snapshot may count without those that did not come. */
  async #fetchPage(page: readonly StoredPayload[]): Promise<boolean> {
    const { store, asks, log, random } = this.#parts;
    let wanted = page;
    for (let attempt = 0; attempt < attempts && !this.#stopped; attempt++) {
      if (attempt > 0) await this.#pauses.pause(firstPauseMs * 2 ** attempt * (0.5 + random()));
      const onText = (id: number, text: string): void => store.put(id, Buffer.from(text));
      const { missing, isAnswered, silent } = await asks.fetch(wanted, onText);
      wanted = missing;
      if (missing.length > 0)
        log.warn(
          { missing: missing.length, messages: missing.slice(0, 20).map(({ id }) => id), silent },
          isAnswered
            ? 'Payloads that a received snapshot names are damaged or missing on each member that could be asked.'
            : 'Members that may have payloads of a received snapshot could not be asked.',
        );
      if (missing.length > 0 && !isAnswered) continue;
      if (missing.length > 0) this.#repairs.look();
      this.#isTransferWaiting = false;
      return true;
    }
    this.#isTransferWaiting = true;
    return false;
  }

  /** A state took the place of the one before: nothing but what it names, and what comes later, is needed. */
  adopt(named: IdSet, state: StateMachine): void {
    this.#isTransferWaiting = false;
    this.#lacksSnapshot = false;
    this.#ended.begin(state.index);
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
      if (!this.#ended.isHeld) store.end(id);
      else held.push(id); // PAYLOAD-2
    }
    this.#ended.sweep(held);
  }

  /** On start, before anything is applied: what is not named is of a time that the log tells again, if at all. */
  async adoptFound(named: IdSet | undefined, index: number): Promise<void> {
    this.#ended.begin(index);
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
    const { texts, isOver } = await this.#inTime(storedIn(result.deliveries));
    const deliveries: Delivery[] = [];
    let without: StoredPayload | undefined;
    for (const { stored, ...delivery } of result.deliveries) {
      const payload = stored === undefined ? delivery.payload : texts.get(stored.id);
      if (payload === undefined) without ??= stored;
      else deliveries.push({ ...delivery, payload });
    }
    if (without === undefined || deliveries.length > 0) return { ...result, deliveries };
    throw new HoldfastError(
      'outcome_unknown',
      `Message ${String(without.id)} was taken, and its payload of ${String(without.byteLength)} bytes ` +
        `${isOver ? `could not be read within ${String(longestReadMs / 1000)} seconds, from this disk or from another member` : 'is damaged or missing on each member that could be asked'}. ` +
        'Where it was taken with a visibility it is delivered again afterwards, or is a dead letter when no member has it. Check the disks.',
      { message_id: without.id },
    );
  }

  /**
   * An answer to a query with the payloads in it; a dead letter of which nobody has it, or not in time, is told without.
   *
   * @param endsMs When the call ends that asked: the payloads that have come shortly before it are told.
   */
  async answer(
    result: QueryResult,
    endsMs: number = Number.POSITIVE_INFINITY,
  ): Promise<QueryResult> {
    if (result.type !== 'dead_letters' || result.page === undefined) return result;
    const leftMs = Math.max(1, endsMs - this.#parts.clock.now() - answerMs);
    return { ...result, page: await this.#letters(result.page, leftMs) };
  }

  async #letters(page: DeadLettersPage, leftMs: number): Promise<DeadLettersPage> {
    const { texts } = await this.#inTime(storedIn(page.letters), leftMs);
    const letters = page.letters.map(({ stored, ...letter }) =>
      stored === undefined ? letter : { ...letter, payload: texts.get(stored.id) ?? '' },
    );
    return { ...page, letters };
  }

  /** To another member, as many of them as fit an answer (PASK-2, PASK-3). */
  async given(wanted: readonly StoredPayload[]): Promise<readonly GivenPayload[]> {
    const { store, state } = this.#parts;
    const given: GivenPayload[] = [];
    let bytes = 0;
    const missing: number[] = [];
    for (const stored of wanted) {
      const text = await textHere(store, stored);
      if (text === undefined) {
        const isKnown = stored.id <= state().queues.lastId();
        if (isKnown) missing.push(stored.id);
        given.push(isKnown && !store.mayHave(stored.id) ? null : false);
        continue;
      }
      bytes += stored.byteLength;
      if (given.length > 0 && bytes > mostPageBytes) break;
      given.push(text);
    }
    if (missing.length > 0) this.#repairs.look(missing);
    return given;
  }

  /** For a backup. @throws HoldfastError */
  readonly whole = async (stored: StoredPayload): Promise<string> => {
    const { texts, isOver } = await this.#inTime([stored]); // PAYLOAD-9
    const text = texts.get(stored.id);
    if (text !== undefined) return text;
    const seconds = longestReadMs / 1000;
    const why = isOver ? `was not read in ${String(seconds)} seconds` : 'is damaged or missing';
    throw new HoldfastError(
      'internal',
      `No backup can be made here: the payload of message ${String(stored.id)} ${why}, here and on each member that was asked. ` +
        'Try again when all members are connected: it is fetched from one of them, or its message is a dead letter without it.',
      { message_id: stored.id },
    );
  };

  /** PAYLOAD-9. */
  #inTime(wanted: readonly StoredPayload[], leftMs: number = longestReadMs): Promise<Reading> {
    const reading: Reading = { texts: new Map(), isOver: false };
    return new Promise((resolve, reject) => {
      const cancel = this.#parts.clock.after(Math.min(longestReadMs, leftMs), () => {
        reading.isOver = true;
        resolve(reading);
      });
      void this.#read(wanted, reading)
        .then(() => resolve(reading), reject)
        .finally(cancel);
    });
  }

  /** PAYLOAD-3: those that anybody who could be asked has. */
  async #read(wanted: readonly StoredPayload[], reading: Reading): Promise<void> {
    const { store, asks, log } = this.#parts;
    const { texts } = reading;
    const here = await Promise.all(
      wanted.map(async (stored) => {
        const text = await textHere(store, stored);
        if (text !== undefined) texts.set(stored.id, text);
        return text !== undefined;
      }),
    );
    const missing = wanted.filter((_, position) => here[position] !== true);
    if (missing.length === 0) return;
    const onText = (id: number, text: string): void => {
      texts.set(id, text);
      if (store.has(id)) store.put(id, Buffer.from(text));
    };
    if (!reading.isOver) await asks.fetch(missing, onText, () => reading.isOver);
    this.#repairs.look(missing.flatMap(({ id }) => (texts.has(id) ? [] : [id])));
    for (const stored of missing) {
      log.warn(
        { message: stored.id, found: texts.has(stored.id) },
        'A payload was not on this disk as the state names it; other members were asked.',
      );
    }
  }
}
