/**
 * Append messages from the leader to one peer: which entries, when, and what its answers tell (paper 5.3).
 *
 * A message carries entries of `maxAppendBytes`, or one entry of any size: one of `maxEntryBytes` at most
 * was proposed here, but an older log may hold a larger one. Both limits, with what the message adds to
 * them, have to lie below the largest frame that the transport carries: what no frame carries is never
 * replicated, and whoever holds it would be elected again and again without ever committing anything.
 */
import { invariant } from './invariant.ts';
import type { Progress } from './progress.ts';
import type { Core } from './core.ts';
import type { SnapshotSender } from './snapshot-sender.ts';
import type { Entry, LogIndex } from './types.ts';

export class Replication {
  readonly #core: Core;
  readonly #snapshots: SnapshotSender;
  readonly #round: () => number;

  /** `round`: the newest round of proofs of leadership. */
  constructor(core: Core, snapshots: SnapshotSender, round: () => number) {
    this.#core = core;
    this.#snapshots = snapshots;
    this.#round = round;
  }

  replicate(peer: Progress): void {
    const { log, config } = this.#core;
    if (peer.state === 'snapshot') return;
    if (log.termAt(peer.nextIndex - 1) === undefined) {
      this.#snapshots.start(peer);
      return;
    }
    if (peer.state === 'probe') {
      if (peer.paused) return;
      peer.paused = true;
      this.#sendAppend(peer, log.slice(peer.nextIndex, log.lastIndex, config.maxAppendBytes));
      return;
    }
    while (peer.nextIndex <= log.lastIndex && peer.mayPipeline(config)) {
      const entries = log.slice(peer.nextIndex, log.lastIndex, config.maxAppendBytes);
      const last = entries.at(-1);
      invariant(last !== undefined, 'an entry to send is missing');
      this.#sendAppend(peer, entries);
      peer.sent(last.index, log.bytesBetween(peer.nextIndex, last.index));
    }
  }

  #sendAppend(peer: Progress, entries: readonly Entry[]): void {
    const { log, commit, term, outbox } = this.#core;
    const previousIndex = peer.nextIndex - 1;
    const previousTerm = log.termAt(previousIndex);
    invariant(
      previousTerm !== undefined,
      `the entry before ${String(peer.nextIndex)} is compacted away`,
    );
    outbox.send({
      to: peer.id,
      message: {
        type: 'append',
        term,
        previousIndex,
        previousTerm,
        entries,
        commit,
        probe: this.#round(),
      },
    });
  }

  /** Proves leadership and tells the commit index without claiming anything about the peer's log. */
  sendEmpty(peer: Progress): void {
    const { log, commit, term, outbox } = this.#core;
    const previousIndex = peer.matchIndex;
    const previousTerm = log.termAt(previousIndex);
    const known = previousTerm !== undefined;
    outbox.send({
      to: peer.id,
      message: {
        type: 'append',
        term,
        previousIndex: known ? previousIndex : 0,
        previousTerm: previousTerm ?? 0,
        entries: [],
        commit: known ? Math.min(commit, previousIndex) : 0,
        probe: this.#round(),
      },
    });
  }

  /** To one whose log is found: it has been sent everything, and learns how far that is committed. */
  tellCommit(peer: Progress): void {
    const isFound = peer.state === 'replicate';
    if (isFound && this.#core.log.termAt(peer.nextIndex - 1) !== undefined)
      this.#sendAppend(peer, []);
  }

  heartbeat(peer: Progress): void {
    const { log } = this.#core;
    if (peer.state === 'snapshot') {
      this.sendEmpty(peer);
      this.#snapshots.heartbeat(peer);
      return;
    }
    if (log.termAt(peer.nextIndex - 1) === undefined) {
      this.#snapshots.start(peer);
      return;
    }
    // With the pipeline's end as the previous entry: where an append was lost, this is rejected and
    // the peer is probed anew.
    peer.paused = false;
    if (peer.state === 'probe') this.replicate(peer);
    else this.#sendAppend(peer, []);
  }

  onRejected(
    peer: Progress,
    rejectedIndex: LogIndex,
    conflictTerm: number,
    conflictIndex: LogIndex,
  ): void {
    if (rejectedIndex <= peer.matchIndex) return; // An old one.
    if (peer.state === 'snapshot') return;
    if (peer.state === 'probe' && rejectedIndex !== peer.nextIndex - 1) return;
    const { log } = this.#core;
    let next = conflictIndex;
    if (conflictTerm !== 0) {
      // Paper 5.3: skip the whole term in which the logs differ.
      const index = log.lastOfTermUpTo(conflictTerm, rejectedIndex);
      if (log.termAt(index) === conflictTerm) next = index + 1;
    }
    peer.probeFrom(Math.min(next, rejectedIndex));
    this.replicate(peer);
  }
}
