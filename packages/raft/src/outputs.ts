/**
 * What the core hands to its host: committed entries, snapshots to verify and to restore, proven reads,
 * the status.
 *
 * RAFT-5 is upheld here: entries come out in order, once, committed, and never while a snapshot is being
 * installed. A call hands out a bounded part; what is left comes with the next one.
 *
 * OUT-1: a chunk of a snapshot leaves only with a transfer that is named: one that was queued in the same
 *     step in which its transfer ended is dropped, as a network may drop it. The host has closed, or never
 *     opened, what it would be read from.
 */
import type { Image } from './image.ts';
import { invariant } from './invariant.ts';
import { imageOfMeta } from './message-image.ts';
import type { Core } from './core.ts';
import type { Entry, LogIndex, Outbound, Output, SnapshotMeta } from './types.ts';

const maxCommittedBytes = 1 << 20;
const maxCommittedEntries = 1000;

export class Outputs {
  readonly #core: Core;
  /** Committed entries up to here came out. */
  #handedOut: LogIndex;
  #installing: { readonly writeId: number; readonly meta: SnapshotMeta } | undefined;
  #reads: { readonly readId: number; readonly index: LogIndex }[] = [];
  #failedReads: number[] = [];
  #toldTransfers: readonly string[] = [];
  #suspect: SnapshotMeta | undefined;
  #statusDirty = true;

  constructor(core: Core, handedOut: LogIndex) {
    this.#core = core;
    this.#handedOut = handedOut;
  }

  statusChanged(): void {
    this.#statusDirty = true;
  }

  /** Nothing is applied before the snapshot is durable and the host is told to restore it. */
  awaitInstall(writeId: number, meta: SnapshotMeta): void {
    this.#installing = { writeId, meta };
  }

  onStable(writeId: number): void {
    if (this.#installing !== undefined && this.#installing.writeId <= writeId)
      this.#statusDirty = true;
  }

  /** A follower got all bytes of this snapshot, and they were not what its hash names. */
  suspect(meta: SnapshotMeta): void {
    this.#suspect = meta;
  }

  addReads(reads: readonly { readonly readId: number; readonly index: LogIndex }[]): void {
    for (const read of reads) this.#reads.push(read);
  }

  addFailedReads(readIds: readonly number[]): void {
    for (const readId of readIds) this.#failedReads.push(readId);
  }

  /** @param mayApply Without it no committed entries come out: the host has enough of them. */
  take(mayApply: boolean): Output {
    const core = this.#core;
    const write = core.outbox.takeWrite(
      {
        term: core.term,
        votedFor: core.votedFor,
        commit: Math.min(core.commit, core.log.lastIndex),
      },
      core.log.lastIndex,
    );
    const restore = this.#takeRestore();
    const verify = core.receiver.takeVerify();
    const transfers = this.#takeTransfers();
    const committed = mayApply ? this.#takeCommitted() : [];
    const reads = this.#reads;
    const failedReads = this.#failedReads;
    const suspect = this.#suspect;
    this.#reads = [];
    this.#failedReads = [];
    this.#suspect = undefined;
    const output: Output = {
      writes: write === undefined ? [] : [write],
      messages: this.#takeMessages(),
      committed,
      reads,
      failedReads,
      ...(verify === undefined ? {} : { verify }),
      ...(transfers === undefined ? {} : { transfers }),
      ...(suspect === undefined ? {} : { suspect }),
      ...(restore === undefined ? {} : { restore }),
      ...(this.#statusDirty ? { status: core.status() } : {}),
    };
    this.#statusDirty = false;
    return output;
  }

  image(): Image {
    const installing = this.#installing;
    return {
      handedOut: this.#handedOut,
      installing:
        installing === undefined
          ? null
          : [this.#core.outbox.sincePersisted(installing.writeId), imageOfMeta(installing.meta)],
      reads: this.#reads.map(({ readId, index }) => [readId, index]),
      failedReads: this.#failedReads,
      transfers: this.#toldTransfers,
      suspect: this.#suspect?.hash ?? null,
      statusDirty: this.#statusDirty,
    };
  }

  #takeRestore(): SnapshotMeta | undefined {
    const installing = this.#installing;
    const core = this.#core;
    if (installing === undefined || !core.outbox.isDurable(installing.writeId)) return undefined;
    this.#installing = undefined;
    this.#handedOut = Math.max(this.#handedOut, installing.meta.index);
    core.applied = Math.max(core.applied, installing.meta.index);
    return installing.meta;
  }

  #takeTransfers(): readonly string[] | undefined {
    const transfers = this.#core.leadership?.transfers() ?? [];
    const told = this.#toldTransfers;
    if (transfers.length === told.length && transfers.every((hash, at) => hash === told[at]))
      return undefined;
    this.#toldTransfers = transfers;
    return transfers;
  }

  /** OUT-1. */
  #takeMessages(): Outbound[] {
    const messages = this.#core.outbox.takeMessages();
    const transfers = this.#toldTransfers;
    return messages.filter(
      ({ message }) => message.type !== 'snapshot_chunk' || transfers.includes(message.meta.hash),
    );
  }

  /** RAFT-5. */
  #takeCommitted(): Entry[] {
    const { log, commit } = this.#core;
    if (this.#installing !== undefined || this.#handedOut >= commit) return [];
    const from = this.#handedOut + 1;
    const entries = log.slice(from, commit, maxCommittedBytes, maxCommittedEntries);
    const last = entries.at(-1);
    invariant(
      last !== undefined && last.index === this.#handedOut + entries.length,
      `RAFT-5: the committed entry ${String(from)} is missing from the log`,
    );
    this.#handedOut = last.index;
    return entries;
  }
}
