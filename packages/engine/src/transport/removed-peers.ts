/**
 * Tells those that were removed from the cluster and still run that they were (REMOVED-1 of `removal-notices.ts`).
 *
 * REMOVED-5: whoever was met as a member, is connected, and is in the own log no more is told as soon as that is committed here, whether it
 *     asks for anything or not: a learner never asks for votes. It is looked for whenever such a one connects, as after a restart of
 *     everybody no removal is committed until the next leader has committed an entry.
 */
import type { LogIndex, MemberId } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import type { Identity } from '../identity.ts';
import type { KnownPeers } from '../known-peers.ts';
import type { Incoming } from './incoming.ts';
import { encodeRemovalNotice } from './removal-notices.ts';

/** Between looks at whether the membership that names one no longer is committed. */
export const lookEveryMs = 1000;

export interface RemovedPeersParts {
  readonly clock: Pick<Clock, 'after'>;
  readonly identity: Pick<Identity, 'clusterId'>;
  readonly knownPeers: Pick<KnownPeers, 'incarnationOf'>;
  /** Whether the own log names it, committed or not. */
  readonly isNamed: (peer: MemberId) => boolean;
  readonly removedAt: (peer: MemberId) => LogIndex | undefined;
  /** The one that the peer keeps to this node. */
  readonly connectionOf: (peer: MemberId) => Pick<Incoming, 'write'> | undefined;
}

export class RemovedPeers {
  readonly #parts: RemovedPeersParts;
  /** There is one look ahead for each of these, however often it connects. */
  readonly #lookedFor = new Set<MemberId>();

  constructor(parts: RemovedPeersParts) {
    this.#parts = parts;
  }

  /** Now where its removal is committed, else once that is (REMOVED-5). */
  tell(peer: MemberId): void {
    const { identity, knownPeers, isNamed, removedAt, connectionOf } = this.#parts;
    const connection = connectionOf(peer);
    const incarnation = knownPeers.incarnationOf(peer);
    if (connection === undefined || incarnation === undefined) return;
    const index = removedAt(peer);
    if (index !== undefined)
      connection.write(() => encodeRemovalNotice(identity, peer, incarnation, index));
    else if (!isNamed(peer)) this.#lookLater(peer);
  }

  #lookLater(peer: MemberId): void {
    if (this.#lookedFor.has(peer)) return;
    this.#lookedFor.add(peer);
    this.#parts.clock.after(lookEveryMs, () => {
      this.#lookedFor.delete(peer);
      this.tell(peer);
    });
  }
}
