/**
 * How the cluster comes to a higher feature level, and what keeps a program away from a level that it does not
 * know (FEATURE-1 and FEATURE-3 of the state).
 *
 * FEATURE-2: the leader raises the level only to what each member, with a vote or without, has told that its program
 *     supports, in the hello of the connection that stands. A member that is not connected may be coming back as
 *     another program: nothing is raised meanwhile. The members are those of the latest membership in the
 *     log, and the raise is appended in the same turn: none is added in between.
 * FEATURE-4: a program does no work for a cluster of a level that it does not support: it stops where its own state, an
 *     entry of its log or a member of its cluster says so. A member refuses one that supports less than the level.
 *
 * The level never falls: what was logged under a level stays in the log.
 */
import type { Entry, MemberId, Membership, ProposeAnswer } from '@holdfast/raft';
import type { Command } from '@holdfast/state';
import { decodeBatch } from './batch.ts';
import type { EngineLog } from './types.ts';

/** What a node tells a peer of itself. */
export interface FeatureLevels {
  /** The highest that its program supports. */
  readonly supported: number;
  /** Of the log, as far as the node has applied it. */
  readonly inForce: number;
}

/** FEATURE-4: the program is older than what its cluster writes. */
export class FeatureLevelError extends Error {
  override readonly name: string = 'FeatureLevelError';
  constructor(inForce: number, supported: number) {
    super(
      `The cluster is at feature level ${String(inForce)}, and this program supports levels up to ${String(supported)}. ` +
        `Nothing was changed, and no data is lost. Run a newer release of Holdfast on this node's folder.`,
    );
  }
}

/** FEATURE-4. */
export function assertSupported(level: number, supported: number): void {
  if (level > supported) throw new FeatureLevelError(level, supported);
}

/**
 * FEATURE-4: a node is not to begin with a log in which a level stands that its program does not support, though it may
 * not be committed. The text of the command is looked for first: it is in few entries, and to decode all would cost much.
 */
export function assertLogSupported(entries: readonly Entry[], supported: number): void {
  for (const { kind, data } of entries) {
    const { buffer, byteOffset, byteLength } = data;
    if (kind !== 'command') continue;
    if (!Buffer.from(buffer, byteOffset, byteLength).includes(raiseText)) continue;
    for (const { command } of decodeBatch(data).commands)
      if (command.type === 'raise_feature_level') assertSupported(command.level, supported);
  }
}

const raiseText = Buffer.from('"raise_feature_level"');

export interface LevelRaiserParts {
  readonly nodeId: MemberId;
  readonly log: EngineLog;
  readonly levels: () => FeatureLevels;
  readonly membership: () => Membership;
  /** Undefined where it is not connected. */
  readonly supportedBy: (peer: MemberId) => number | undefined;
  /** Appends this to the log at once. */
  readonly propose: (command: Command, onDone: () => void) => ProposeAnswer;
}

/** On the leader. */
export class LevelRaiser {
  readonly #parts: LevelRaiserParts;
  /** A raise is in the log and not applied yet. */
  #isPending = false;

  constructor(parts: LevelRaiserParts) {
    this.#parts = parts;
  }

  onTick(): void {
    const { log, propose } = this.#parts;
    const { supported, inForce } = this.#parts.levels();
    if (inForce >= supported || this.#isPending) return;
    const level = this.#supportedByAll(supported);
    if (level <= inForce) return;
    this.#isPending = true;
    const answer = propose({ type: 'raise_feature_level', level }, () => {
      this.#isPending = false;
    });
    if (!answer.ok) this.#isPending = false;
    else
      log.info(
        { from: inForce, to: level },
        'Every member supports a higher feature level, and the cluster is raised to it. From now on no older release can take part.',
      );
  }

  /** FEATURE-2. */
  #supportedByAll(supported: number): number {
    const { nodeId, membership, supportedBy } = this.#parts;
    let lowest = supported;
    for (const { id } of membership().members)
      if (id !== nodeId) lowest = Math.min(lowest, supportedBy(id) ?? 0);
    return lowest;
  }
}
