/**
 * Two outboxes: what may leave now, and what waits for the disk.
 *
 * RAFT-OUTBOX-1: a message that promises durability (a granted vote, an accepted append, a stored chunk, a vote
 *     request with its own vote behind it) leaves only after the write it depends on is durable.
 * RAFT-OUTBOX-2: it leaves only in the term in which it was written (the append ABA case: an answer for a log
 *     that has been overwritten since).
 * RAFT-OUTBOX-3: of the messages that wait for one write there is at most one of a kind to each peer: the newest, which also
 *     confirms what the former ones did. However long the disk takes, what is asked again and again is answered once.
 */
import { sincePersisted } from './image.ts';
import type { Image } from './image.ts';
import { imageOfEntry } from './log.ts';
import { imageOfMessage, imageOfMeta } from './message-image.ts';
import type { HardState, LogIndex, Outbound, Term, Write } from './types.ts';
import type { Entry, SnapshotChunk, SnapshotMeta } from './types.ts';

interface Held {
  readonly writeId: number;
  readonly term: Term;
  readonly outbound: Outbound;
}

interface InFlight {
  readonly id: number;
  /** Last entry of the log that this write makes durable; lowered when it is truncated meanwhile. */
  lastIndex: LogIndex;
  readonly term: Term;
  ageTicks: number;
}

export interface Persisted {
  readonly stableIndex: LogIndex;
  /** The newest term whose hard state is durable. */
  readonly term: Term;
}

export class Outbox {
  #ready: Outbound[] = [];
  #held: Held[] = [];
  readonly #inFlight: InFlight[] = [];
  #nextWriteId = 1;
  #persistedId = 0;
  #entries: Entry[] = [];
  #truncateFrom: LogIndex | undefined;
  #hardStateDirty = false;
  #chunks: SnapshotChunk[] = [];
  #install: SnapshotMeta | undefined;

  get dirty(): boolean {
    return (
      this.#hardStateDirty ||
      this.#entries.length > 0 ||
      this.#truncateFrom !== undefined ||
      this.#chunks.length > 0 ||
      this.#install !== undefined
    );
  }

  /** Id of the write that makes everything said so far durable. */
  get lastNeededWrite(): number {
    return this.dirty ? this.#nextWriteId : this.#nextWriteId - 1;
  }

  isDurable(writeId: number): boolean {
    return writeId <= this.#persistedId;
  }

  writeHardState(): void {
    this.#hardStateDirty = true;
  }

  writeEntries(entries: readonly Entry[]): void {
    for (const entry of entries) this.#entries.push(entry);
  }

  writeTruncation(from: LogIndex): void {
    this.#entries = this.#entries.filter((entry) => entry.index < from);
    this.#truncateFrom = Math.min(this.#truncateFrom ?? from, from);
    for (const write of this.#inFlight) write.lastIndex = Math.min(write.lastIndex, from - 1);
  }

  /** A chunk at offset 0 takes the place of those of a snapshot that is not received any more. */
  writeChunk(chunk: SnapshotChunk): void {
    if (chunk.offset === 0) this.#chunks = [];
    this.#chunks.push(chunk);
  }

  /**
   * The snapshot replaces the log: what was to be written is gone with it, and the writes under way
   * make durable only what both have, up to `commonIndex`.
   */
  writeInstall(meta: SnapshotMeta, commonIndex: LogIndex): void {
    this.#install = meta;
    this.#entries = [];
    // Storage may find the snapshot's end in what it holds, and keep entries behind it that the log had lost.
    if (this.#truncateFrom !== undefined) this.#truncateFrom = meta.index + 1;
    for (const write of this.#inFlight) write.lastIndex = Math.min(write.lastIndex, commonIndex);
  }

  get hasInstall(): boolean {
    return this.#install !== undefined;
  }

  send(outbound: Outbound): void {
    this.#ready.push(outbound);
  }

  /** RAFT-OUTBOX-1. */
  sendWhenDurable(outbound: Outbound, term: Term): void {
    const writeId = this.lastNeededWrite;
    if (this.isDurable(writeId)) this.#ready.push(outbound);
    else this.#hold({ writeId, term, outbound });
  }

  /** RAFT-OUTBOX-3. */
  #hold(held: Held): void {
    // RAFT-OUTBOX-2: those of an older term would never leave.
    if (this.#held[0] !== undefined && this.#held[0].term !== held.term) this.#held = [];
    let { outbound } = held;
    for (let at = this.#held.length - 1; at >= 0; at--) {
      const former = this.#held[at];
      if (former?.writeId !== held.writeId) break;
      const newest = inPlaceOf(former.outbound, outbound);
      if (newest === undefined) continue;
      outbound = newest;
      this.#held.splice(at, 1);
      break;
    }
    this.#held.push({ ...held, outbound });
  }

  takeMessages(): Outbound[] {
    const messages = this.#ready;
    this.#ready = [];
    return messages;
  }

  takeWrite(hardState: HardState, lastIndex: LogIndex): Write | undefined {
    if (!this.dirty) return undefined;
    const withHardState = this.#hardStateDirty || this.#entries.length > 0;
    const write: Write = {
      id: this.#nextWriteId++,
      entries: this.#entries,
      ...(withHardState ? { hardState } : {}),
      ...(this.#truncateFrom === undefined ? {} : { truncateFrom: this.#truncateFrom }),
      ...(this.#chunks.length === 0 ? {} : { snapshotChunks: this.#chunks }),
      ...(this.#install === undefined ? {} : { installSnapshot: this.#install }),
    };
    this.#inFlight.push({ id: write.id, lastIndex, term: hardState.term, ageTicks: 0 });
    this.#entries = [];
    this.#truncateFrom = undefined;
    this.#hardStateDirty = false;
    this.#chunks = [];
    this.#install = undefined;
    return write;
  }

  /** Returns what is durable now, or undefined where the id tells nothing new. */
  persisted(writeId: number, currentTerm: Term): Persisted | undefined {
    if (writeId <= this.#persistedId) return undefined;
    this.#persistedId = writeId;
    let last: InFlight | undefined;
    while (this.#inFlight[0] !== undefined && this.#inFlight[0].id <= writeId)
      last = this.#inFlight.shift();
    const stillHeld: Held[] = [];
    for (const held of this.#held) {
      if (held.writeId > writeId) stillHeld.push(held);
      else if (held.term === currentTerm) this.#ready.push(held.outbound); // RAFT-OUTBOX-2
    }
    this.#held = stillHeld;
    return last === undefined ? undefined : { stableIndex: last.lastIndex, term: last.term };
  }

  image(): Image {
    return {
      ready: this.#ready.map(({ to, message }) => [to, imageOfMessage(message)]),
      held: this.#held.map(({ writeId, term, outbound: { to, message } }) => [
        this.sincePersisted(writeId),
        term,
        to,
        imageOfMessage(message),
      ]),
      inFlight: this.#inFlight.map(({ id, lastIndex, term, ageTicks }) => [
        this.sincePersisted(id),
        lastIndex,
        term,
        ageTicks,
      ]),
      entries: this.#entries.map(imageOfEntry),
      truncateFrom: this.#truncateFrom ?? null,
      hardStateDirty: this.#hardStateDirty,
      chunks: this.#chunks.map(({ meta, offset, data }) => [meta.hash, offset, data.join()]),
      install: this.#install === undefined ? null : imageOfMeta(this.#install),
    };
  }

  /** IMG-1. */
  sincePersisted(writeId: number): number {
    return sincePersisted(writeId, this.#persistedId);
  }

  tick(): void {
    for (const write of this.#inFlight) write.ageTicks += 1;
  }

  get oldestWriteTicks(): number {
    return this.#inFlight[0]?.ageTicks ?? 0;
  }
}

/** What is sent instead of both, where the newer message takes the place of the former one (RAFT-OUTBOX-3). */
function inPlaceOf(former: Outbound, newer: Outbound): Outbound | undefined {
  const { to, message } = newer;
  const { message: before } = former;
  if (former.to !== to || before.type !== message.type) return undefined;
  if (!('probe' in before) || !('probe' in message)) return newer;
  const probe = Math.max(before.probe, message.probe);
  if (before.type !== 'append_answer' || message.type !== 'append_answer')
    return { to, message: { ...message, probe } };
  if (before.accepted && message.accepted) {
    const matchIndex = Math.max(before.matchIndex, message.matchIndex);
    return { to, message: { ...message, probe, matchIndex } };
  }
  return before.accepted === message.accepted ? { to, message: { ...message, probe } } : undefined;
}
