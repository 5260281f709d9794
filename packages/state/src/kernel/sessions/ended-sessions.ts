/**
 * The memory of sessions that have ended: what keeps a late copy of the request that made one from making
 * it again.
 *
 * A request that makes a session (`create_session`, an acquire with a session of its own) is stamped by the
 * node that submits it: `madeAtMs` is a cluster time out of the log, and its copies may be executed until
 * `liveMs` later.
 *
 * MEM-1: a copy that comes later than `madeAtMs + liveMs` is refused for its age, and until then the session is
 *     remembered: whatever a node submits once is never executed twice, however late a copy comes, and
 *     however many others have ended since.
 * MEM-2: what a caller may repeat by itself is remembered longer: for the timeout of the session after its end, or
 *     after the last time at which a copy of what made it may come, which is no earlier than the end of its wait. So
 *     it is known for its wait and its ttl at least, whatever ended it when. In logs of before callers had shares it is
 *     `longestRepetitionMs` after its end at most (LIMIT-1). Of what was cancelled before it came nobody tells the ttl:
 *     by a number it is remembered for the longest ttl that may be asked for and the longest wait; below feature level 3, and
 *     by an id that is no number, for `longestRepetitionMs` at least.
 * MEM-3: the memory is bounded by number and bytes (`maxRememberedSessions`, `maxRememberedBytes`), beside
 *     those sessions that live. Where it is full nothing is forgotten: new sessions are refused. An answer of more
 *     than `maxAnswerBytes` is remembered without its details.
 * MEM-4: such a refusal cannot be remembered. Instead all that was made not later than it, and is not known,
 *     is refused from then on: its own copies too.
 * MEM-5: the latest `leastRemembered` are remembered in any case, so that who comes back much later is told
 *     that its session has ended, but for those whose time has passed where room is wanted. Forgetting costs an entry
 *     no more than `mostForgotten` at a time.
 * MEM-6: equal memories are told in equal bytes, however many sessions a node has seen end: snapshots of format 4
 *     did not tell that, so the order is told by how many came later.
 */
import { anonymousIdentity } from '../commands.ts';
import { DueHeap } from '../due.ts';
import { EndedShares } from './ended-shares.ts';
import { invariant } from '../invariant.ts';
import type { LastRequest } from '../../primitives/holds/pool.ts';
import type { SessionEnd } from './sessions.ts';
import { ShardedMap } from '../collections/sharded-map.ts';
import { answerBytes } from '../answers.ts';
import { recordBytes, resultBytes } from '../weights.ts';
import type { StateLimits } from '../limits.ts';
import type { FenceToken, ResourceName, SessionId } from '../names.ts';
import type { CommandResult } from '../outcomes.ts';

/** Of sessions that have ended, of each kind (own and other), unless there are fewer. */
export const leastRemembered = 10_000;
/** Of what was cancelled before it came, and of old logs (MEM-2). */
export const longestRepetitionMs: number = 10 * 60_000;
/** The longest ttl that any configuration may allow: a day (MEM-2). */
export const longestTtlMs: number = 24 * 60 * 60_000;
/** MEM-3: of an answer, as JSON. */
export const maxAnswerBytes = 1024;
/** MEM-5: some ms. */
const mostForgotten = 1000;
/** UUIDs: their last 8 digits are random. */
const idHashed = 8;

/** An ended session. An implicit session ends with its one request, so the answer to it is kept here. */
export interface Tombstone {
  readonly id: SessionId;
  readonly reason: SessionEnd;
  readonly last: LastRequest | undefined;
  /** Not forgotten before this cluster time has passed; or `byNumberAlone`. */
  readonly dueMs: number;
  readonly rank: 0;
  /** Of the same time the older is forgotten first. */
  readonly sequence: number;
  /** What it takes, see `bytesOf`. */
  readonly bytes: number;
  /** Whose share it is of (SHARE-1). */
  readonly caller: string | undefined;
  /** The identity whose it was; undefined: `anonymous` (OWNER-1). */
  readonly owner: string | undefined;
  heapIndex: number;
}

/** By number alone: as before there were bounds of time, see LIMIT-1. */
export const byNumberAlone = -1;

/** As a snapshot tells it. */
export type RestoredTombstone = Pick<
  Tombstone,
  'id' | 'reason' | 'last' | 'dueMs' | 'caller' | 'owner'
> & {
  readonly sequence: number | undefined;
};

export class EndedSessions {
  readonly #byId = new ShardedMap<SessionId, Tombstone>(idHashed);
  readonly #due = new DueHeap<Tombstone>();
  /** By the token that the last request gave back, where a caller numbered that: it may ask again. */
  readonly #byToken = new ShardedMap<string, SessionId>();
  readonly shares: EndedShares = new EndedShares();
  #sequence = 0;
  #bytes = 0;
  /** MEM-4: a time out of the log. */
  refusedThroughMs = -1;

  get count(): number {
    return this.#byId.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The one that was given last: only how far others are from it is part of the state (MEM-6). */
  get sequence(): number {
    return this.#sequence;
  }

  get(id: SessionId): Tombstone | undefined {
    return this.#byId.get(id);
  }

  add(
    id: SessionId,
    reason: SessionEnd,
    last: LastRequest | undefined,
    untilMs: number,
    timeMs: number,
    caller?: string,
    owner?: string,
  ): void {
    this.#sequence += 1;
    const kept = untilMs === byNumberAlone ? last : shortened(last);
    const bytes = bytesOf(id, kept);
    const sequence = this.#sequence;
    this.#put({
      id,
      reason,
      last: kept,
      dueMs: untilMs,
      rank: 0,
      sequence,
      bytes,
      caller,
      owner: owner === anonymousIdentity ? undefined : owner,
      heapIndex: -1,
    });
    this.forget(timeMs, 2); // MEM-5
  }

  /** One that comes back from a snapshot. */
  restore(tombstone: RestoredTombstone): void {
    // Formats without sequences tell them in their order; others count back from the latest (MEM-6).
    const sequence = tombstone.sequence ?? this.#sequence + 1;
    this.#sequence = Math.max(this.#sequence, sequence);
    const bytes = bytesOf(tombstone.id, tombstone.last);
    this.#put({ ...tombstone, sequence, bytes, rank: 0, heapIndex: -1 });
  }

  /** MEM-1: another copy of what made it has come, made at another time. */
  extend(tombstone: Tombstone, untilMs: number): void {
    if (untilMs <= tombstone.dueMs) return;
    this.#due.remove(tombstone);
    // A new record: a snapshot that is being read has the old one.
    const extended: Tombstone = { ...tombstone, dueMs: untilMs, heapIndex: -1 };
    this.#byId.set(extended.id, extended);
    this.#due.add(extended);
  }

  /** MEM-5: those whose time has passed, the oldest first. */
  forget(timeMs: number, most: number = mostForgotten): void {
    this.shares.forget(timeMs);
    for (let count = 0; count < most && this.count > leastRemembered; count++)
      if (!this.#forgetFirst(timeMs)) return;
  }

  /** MEM-3, SHARE-1. Makes room where that can be made; else whose memory it is that is full. */
  fullOf(
    limits: StateLimits,
    timeMs: number,
    caller: string | undefined,
  ): 'all' | 'caller' | undefined {
    const { maxRememberedSessions, maxRememberedBytes } = limits;
    const full = (): 'all' | 'caller' | undefined => {
      if (this.count >= maxRememberedSessions || this.#bytes >= maxRememberedBytes) return 'all';
      return this.shares.isFull(caller, limits) ? 'caller' : undefined;
    };
    for (let count = 0; count < mostForgotten && full() !== undefined; count++)
      if (!this.#forgetFirst(timeMs)) break;
    return full();
  }

  /** The session that gave back the hold of this token by a numbered request and ended with it. */
  thatGaveBack(name: ResourceName, fenceToken: FenceToken): SessionId | undefined {
    const id = this.#byToken.get(String(fenceToken));
    const answer = id === undefined ? undefined : this.#byId.get(id)?.last?.answer;
    return answer?.name === name ? id : undefined;
  }

  /** As of now, in order, for a snapshot. */
  capture(): Iterable<Tombstone> {
    return this.#byId.capture();
  }

  release(): void {
    this.#byId.release();
  }

  values(): Iterable<Tombstone> {
    return this.#byId.values();
  }

  #put(tombstone: Tombstone): void {
    const { id, last } = tombstone;
    invariant(this.#byId.get(id) === undefined, 'A session ends once.', id);
    this.#byId.set(id, tombstone);
    this.#due.add(tombstone);
    this.#bytes += tombstone.bytes;
    this.shares.add(tombstone.caller, tombstone.bytes);
    const token = tokenGivenBack(last);
    if (token !== undefined) this.#byToken.set(token, id);
  }

  #forgetFirst(timeMs: number): boolean {
    const first = this.#due.first();
    if (first === undefined || first.dueMs >= timeMs) return false;
    this.#due.remove(first);
    this.#byId.delete(first.id);
    this.#bytes -= first.bytes;
    this.shares.remove(first.caller, first.bytes);
    const token = tokenGivenBack(first.last);
    if (token !== undefined && this.#byToken.get(token) === first.id) this.#byToken.delete(token);
    return true;
  }
}

/** What they ask for is the token of what they give back. */
const givingBack: ReadonlySet<string> = new Set(['release', 'release_permits', 'resign']);

/** As text, of what a numbered request gave back. */
function tokenGivenBack(last: LastRequest | undefined): string | undefined {
  if (last === undefined || typeof last.requestId === 'string') return undefined;
  const { answer } = last;
  if (!givingBack.has(answer.kind)) return undefined;
  const { asked } = answer;
  return typeof asked === 'number' || typeof asked === 'string' ? String(asked) : undefined;
}

/** What a record takes, the same on every node: by the lengths of its texts. */
function bytesOf(id: SessionId, last: LastRequest | undefined): number {
  if (last === undefined) return recordBytes + id.length;
  const { answer, requestId } = last;
  const named = typeof requestId === 'string' ? requestId.length : 0;
  return id.length + named + answerBytes(answer);
}

/** MEM-3. */
function shortened(last: LastRequest | undefined): LastRequest | undefined {
  const result = last?.answer.result;
  if (last === undefined || result === undefined || result.ok) return last;
  if (resultBytes(result) <= maxAnswerBytes) return last;
  const { ok, code, message } = result;
  const short: CommandResult = { ok, code, message: message.slice(0, maxAnswerBytes) };
  return { ...last, answer: { ...last.answer, result: short } };
}
