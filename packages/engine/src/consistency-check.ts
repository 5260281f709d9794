/**
 * Tells the other members the hash of this node's state, and acts upon what they tell (state-digests.ts).
 *
 * DIGEST-4: what is known is told again from time to time: a member that was away, or a node that has just
 *     read its state from its disk, is compared as well.
 * DIGEST-6: a state whose bytes cannot be compared (SNAP-7 of the state) is neither told nor judged: this node
 *     would report differences for ever, or stop though its state is right.
 * DIGEST-5: a node whose state is wrong notes that in its folder before it stops, and does not start again. Where the disk refuses the
 *     note it stops all the same, and says that it was not made.
 */
import type { LogIndex, MemberId } from '@holdfast/raft';
import { snapshotFormatVersion } from '@holdfast/state';
import type { Clock } from './clock.ts';
import type { Replica } from './replica.ts';
import { StateDigests } from './state-digests.ts';
import type { StateDigest } from './state-digests.ts';
import type { Transport } from './transport/types.ts';
import type { EngineLog } from './types.ts';

const tellTimeoutMs = 5000;
const tellAgainMs = 30_000;

/** The state of this node is not that of the others: it must not serve or lead. */
export class StateDivergedError extends Error {
  override readonly name: string = 'StateDivergedError';
  constructor(index: number, others: readonly MemberId[]) {
    super(
      `The state of this node at log index ${String(index)} differs from that of ${others.join(', ')}, which are a majority. ` +
        `Its responses cannot be trusted, so it stops. Remove this member from the cluster and add it again ` +
        `under a new id with an empty folder; keep the old folder for an investigation.`,
    );
  }
}

/** DIGEST-5. @param mark Notes it in the folder. */
export function stopDiverged(
  error: Error,
  mark: ((error: Error) => void) | undefined,
  {
    log,
    onFatal,
  }: { readonly log: Pick<EngineLog, 'error'>; readonly onFatal: (error: Error) => void },
): void {
  try {
    mark?.(error);
  } catch (refused) {
    log.error(
      { error: String(refused) },
      'That the state of this node is wrong could not be noted in its folder. Do not start a node on this folder again.',
    );
  }
  onFatal(error);
}

export interface ConsistencyCheckParts {
  readonly nodeId: MemberId;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly replica: Replica;
  readonly transport: Transport;
  readonly onDiverged: (error: StateDivergedError) => void;
}

export class ConsistencyCheck {
  readonly #parts: ConsistencyCheckParts;
  readonly #digests: StateDigests;
  #latest: StateDigest | undefined;
  #toldAtMs = 0;
  /** It was said that this node's state is not compared (DIGEST-6). */
  #isSilent = false;

  constructor(parts: ConsistencyCheckParts) {
    this.#parts = parts;
    this.#digests = new StateDigests(parts.nodeId);
  }

  /** @param stateHash Undefined where the bytes of the state cannot be compared (DIGEST-6). */
  onStateKnown(index: LogIndex, stateHash: string | undefined): void {
    if (stateHash === undefined) {
      if (!this.#isSilent)
        this.#parts.log.info(
          { index },
          'The state of this node is not compared with that of the other members: it came by a snapshot of an ' +
            'earlier version, in which equal states could have different bytes. Everything else works as usual.',
        );
      this.#isSilent = true;
      this.#latest = undefined;
      return;
    }
    this.#isSilent = false;
    this.#latest = { index, hash: stateHash, formatVersion: snapshotFormatVersion };
    this.#tell(this.#latest);
    this.note(this.#parts.nodeId, this.#latest);
  }

  /** DIGEST-4. */
  onTick(): void {
    const { clock, log } = this.#parts;
    if (this.#latest === undefined || clock.now() - this.#toldAtMs < tellAgainMs) return;
    this.#tell(this.#latest);
    const differing = this.#digests.judge(this.#latest, this.#voters());
    if (differing.type !== 'differs') return;
    const { index, others } = differing;
    log.error(
      { index, others },
      'The state of this node differs from that of other members, and no majority agrees on one. Compare the members and replace the wrong one.',
    ); // DIGEST-2
  }

  #tell(digest: StateDigest): void {
    const { clock, nodeId, replica, transport } = this.#parts;
    this.#toldAtMs = clock.now();
    const call = { type: 'state_digest', ...digest, timeoutMs: tellTimeoutMs } as const;
    for (const { id } of replica.status().membership.members) {
      if (id === nodeId) continue;
      // Who is not there is told again later.
      transport.call(id, call, undefined, tellTimeoutMs).catch(() => undefined);
    }
  }

  /** A member tells what it has. */
  note(from: MemberId, digest: StateDigest): void {
    const verdict = this.#digests.note(from, digest, this.#voters());
    if (verdict.type === 'wrong_here')
      this.#parts.onDiverged(new StateDivergedError(verdict.index, verdict.others)); // DIGEST-1
  }

  #voters(): MemberId[] {
    const { members } = this.#parts.replica.status().membership;
    return members.filter(({ role }) => role === 'voter').map(({ id }) => id);
  }
}
