/**
 * What members ask each other for: payloads that one has not, or whose bytes are not those that its state names.
 *
 * PASK-1: what another member gives counts only with the length and the hash that the own state names.
 * PASK-2: what is asked for has a deadline, and comes in answers that fit a frame: of what does not fit the rest is
 *     asked for again.
 * PASK-3: a payload is said to be nowhere only where each other member, connected or not, has answered that it has it not
 *     and will not have it by itself: its state names the message, and its disk can be read.
 * PASK-4: what did not come is asked for again, in rounds with a pause between them: who did not answer, or could not read its disk, may do
 *     so a moment later. Where all rounds were in vain they are not spent again on the same members for a while: a page that misses
 *     nothing but what these neither gave nor denied takes one round. Else each page would wait for a member that is away, which
 *     is half an hour for a million payloads. In its one round each of them is asked, as ever (PASK-3).
 */
import type { MemberId } from '@holdfast/raft';
import { payloadHash } from '@holdfast/state';
import type { StoredPayload } from '@holdfast/state';
import { unwrapAnswer } from '../calls.ts';
import type { Clock } from '../clock.ts';
import type { Transport } from '../transport/types.ts';
import { RecentAnswers } from './recent-answers.ts';
import { toWire } from './wire-payloads.ts';
import type { GivenPayload } from './wire-payloads.ts';

const timeoutMs = 5000;
/** All are asked so often, one after the other, for what none of them gave. */
const rounds = 3;
const pauseMs = 200;

export interface PayloadAsksParts {
  readonly clock: Pick<Clock, 'after' | 'now'>;
  readonly transport: () => Pick<Transport, 'call' | 'isConnected'>;
  /** All other members. */
  readonly others: () => readonly MemberId[];
  /** Undefined: none is known, or this node leads. */
  readonly leader: () => MemberId | undefined;
}

export interface AskedFor {
  /** Those that did not come. */
  readonly missing: readonly StoredPayload[];
  /** Of these, those that are on no member (PASK-3). */
  readonly nowhere: ReadonlySet<number>;
  /** Each member that is connected has answered, the leader among them. */
  readonly isAnswered: boolean;
  /** Those who did not. */
  readonly silent: readonly MemberId[];
}

/** Of one round. */
interface Round {
  readonly silent: Set<MemberId>;
  /** Who have answered so (PASK-3): one is asked again for the rest of a large answer. */
  readonly denials: Map<number, Set<MemberId>>;
  readonly isOver: () => boolean;
}

export class PayloadAsks {
  readonly #parts: PayloadAsksParts;

  readonly #recent: RecentAnswers;

  constructor(parts: PayloadAsksParts) {
    this.#parts = parts;
    this.#recent = new RecentAnswers(parts.clock);
  }

  /** Each that comes is told as it comes. @param isOver Whether nobody waits for them any more: no further member is asked. */
  async fetch(
    wanted: readonly StoredPayload[],
    onText: (id: number, text: string) => void,
    isOver: () => boolean = () => false,
  ): Promise<AskedFor> {
    let missing = wanted;
    let nowhere: ReadonlySet<number> = new Set();
    let silent: readonly MemberId[] = [];
    let isAnswered = false;
    for (let round = 0; round < rounds && missing.length > 0; round++) {
      if (round > 0)
        await new Promise<void>((resolve) => void this.#parts.clock.after(pauseMs, resolve));
      const others = this.#recent.inOrder(this.#parts.others(), this.#parts.leader());
      const told: Round = { silent: new Set(), denials: new Map(), isOver };
      missing = await this.#askAll(others, missing, told, onText);
      silent = [...told.silent];
      isAnswered = this.#isAnswered(told);
      nowhere = new Set(
        missing.flatMap(({ id }) =>
          others.every((one) => told.denials.get(id)?.has(one) === true) ? [id] : [],
        ),
      );
      if (nowhere.size === missing.length || isOver()) break; // To ask again is of no use.
      const open = others.filter((one) => isOpen(told, missing, one));
      if (this.#isInVain(open, told, round === rounds - 1)) break; // PASK-4
    }
    return { missing, nowhere, isAnswered, silent };
  }

  /** PASK-4. @param open Who may have what is missing. */
  #isInVain(open: readonly MemberId[], { silent }: Round, isLast: boolean): boolean {
    if (!isLast && !open.every((one) => this.#recent.wasAskedInVain(one))) return false;
    for (const one of open) if (isLast || silent.has(one)) this.#recent.noteInVain(one);
    return true;
  }

  #isAnswered({ silent }: Round): boolean {
    const others = this.#parts.others();
    if (others.length > 0 && others.every((one) => silent.has(one))) return false;
    const leader = this.#parts.leader();
    if (leader !== undefined && silent.has(leader)) return false;
    const transport = this.#parts.transport();
    return ![...silent].some((one) => transport.isConnected(one));
  }

  async #askAll(
    others: readonly MemberId[],
    wanted: readonly StoredPayload[],
    told: Round,
    onText: (id: number, text: string) => void,
  ): Promise<readonly StoredPayload[]> {
    let missing = wanted;
    for (const member of others) {
      if (told.isOver()) break;
      const wantedOfIt = missing.length;
      while (!told.isOver()) {
        const rest = await this.#ask(member, missing, told, onText);
        const isMore = rest.length > 0 && rest.length < missing.length;
        missing = rest;
        if (!isMore) break;
      }
      const gave = missing.length < wantedOfIt ? 'gave some' : 'gave none';
      this.#recent.note(member, told.silent.has(member) ? 'silent' : gave);
      if (missing.length === 0) break;
    }
    return missing;
  }

  /** Returns those that did not come. */
  async #ask(
    member: MemberId,
    wanted: readonly StoredPayload[],
    told: Round,
    onText: (id: number, text: string) => void,
  ): Promise<readonly StoredPayload[]> {
    const transport = this.#parts.transport();
    let answer: unknown;
    try {
      if (!transport.isConnected(member)) throw new Error('Not connected.');
      const call = { type: 'payloads', wanted: wanted.map(toWire), timeoutMs };
      answer = unwrapAnswer(await transport.call(member, call, undefined, timeoutMs));
    } catch {
      told.silent.add(member);
      return wanted; // Another one may have them.
    }
    const given: readonly unknown[] = Array.isArray(answer) ? answer : [];
    const isLast = given.length >= wanted.length;
    return wanted.filter((stored, position) => {
      const one = given[position] as GivenPayload | undefined;
      if (typeof one === 'string' && isOf(stored, one)) {
        onText(stored.id, one);
        return false;
      }
      // Of an answer that is not the last one it is asked for again (PASK-2).
      if (isLast && one === null) deny(told, stored.id, member);
      return true; // PASK-1
    });
  }
}

/** It may have one of them: it has not denied it. */
const isOpen = ({ denials }: Round, missing: readonly StoredPayload[], member: MemberId): boolean =>
  missing.some(({ id }) => denials.get(id)?.has(member) !== true);

function deny({ denials }: Round, id: number, member: MemberId): void {
  const known = denials.get(id);
  if (known === undefined) denials.set(id, new Set([member]));
  else known.add(member);
}

/** PASK-1. */
const isOf = ({ byteLength, hash }: StoredPayload, text: string): boolean =>
  Buffer.byteLength(text) === byteLength && payloadHash(text) === hash;
