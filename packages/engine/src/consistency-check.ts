/** Tells the other members the hash of each saved snapshot, and acts upon what they tell (state-digests.ts). */
import type { MemberId, SnapshotMeta } from '@holdfast/raft';
import { snapshotFormatVersion } from '@holdfast/state';
import type { Replica } from './replica.ts';
import { StateDigests } from './state-digests.ts';
import type { StateDigest } from './state-digests.ts';
import type { Transport } from './transport/types.ts';
import type { EngineLog } from './types.ts';

const tellTimeoutMs = 5000;

/** The state of this node is not that of the others: it must not serve or lead. */
export class StateDivergedError extends Error {
  override readonly name: string = 'StateDivergedError';
  constructor(index: number, others: readonly MemberId[]) {
    super(
      `The state of this node at log index ${String(index)} differs from that of ${others.join(', ')}, which are a majority. ` +
        `What this node would answer cannot be trusted, so it stops. Remove this member from the cluster and add it again ` +
        `under a new id with an empty folder; keep the old folder for an investigation.`,
    );
  }
}

export interface ConsistencyCheckParts {
  readonly nodeId: MemberId;
  readonly log: EngineLog;
  readonly replica: Replica;
  readonly transport: Transport;
  readonly onFatal: (error: Error) => void;
}

export class ConsistencyCheck {
  readonly #parts: ConsistencyCheckParts;
  readonly #digests: StateDigests;

  constructor(parts: ConsistencyCheckParts) {
    this.#parts = parts;
    this.#digests = new StateDigests(parts.nodeId);
  }

  onSnapshotSaved({ index, hash }: SnapshotMeta): void {
    const { nodeId, replica, transport } = this.#parts;
    const digest: StateDigest = { index, hash, formatVersion: snapshotFormatVersion };
    const call = { type: 'state_digest', ...digest, timeoutMs: tellTimeoutMs } as const;
    for (const { id } of replica.status().membership.members) {
      if (id === nodeId) continue;
      // Who is not there is told of the next one.
      transport.call(id, call, undefined, tellTimeoutMs).catch(() => undefined);
    }
    this.note(nodeId, digest);
  }

  /** A member tells what it has. */
  note(from: MemberId, digest: StateDigest): void {
    const { log, replica, onFatal } = this.#parts;
    const voters = replica
      .status()
      .membership.members.filter(({ role }) => role === 'voter')
      .map(({ id }) => id);
    const verdict = this.#digests.note(from, digest, voters);
    if (verdict.type === 'equal_or_unknown') return;
    const { index, others } = verdict;
    if (verdict.type === 'wrong_here') {
      onFatal(new StateDivergedError(index, others)); // DIGEST-1
      return;
    }
    log.error(
      { index, others },
      'The state of this node differs from that of other members, and no majority agrees on one. Compare the members and replace the wrong one.',
    ); // DIGEST-2
  }
}
