/**
 * How much log there is since the last checkpoint and in memory, and what a leader takes in while its node has no room.
 *
 * LOG-ROOM-1: while payloads of messages wait for room (PFILE-9 of the storage) a leader takes no message in. Its payload would use up the
 *     room that is left for the log, which every other command needs, and the memory for payloads, without which nothing is applied.
 * LOG-ROOM-2: while snapshots of its node come to nothing for want of room (ENG-SNAP-10) the log in memory of a leader is bounded: once it
 *     is longer than `mostUnsavedTimes` times `snapshotLogBytes`, and than `leastBoundBytes`, only commands of nodes are taken in, which
 *     end sessions and make checkpoints, and what keeps a session alive or ends a wait: a new leader logs that once for each. What is
 *     refused had no effect.
 * LOG-ROOM-3: at that bound a checkpoint is due by time, whatever was logged since the last one: without commands none ever would be.
 * LOG-ROOM-4: a leader at that bound, or one that applies nothing since its memory for payloads is used up and its disk has no room for
 *     them, hands leadership over: another member may have room. To whom and how often: handover-for-room.ts, room-handover.ts.
 * LOG-ROOM-5: a node that applies nothing for that reason stops once the log in memory is that long: a follower has to take the log as it
 *     is, and memory would be used up, and nothing would tell why.
 */
import { HoldfastError } from '@holdfast/protocol';
import { nodeIdentity } from '@holdfast/state';
import type { Envelope } from '@holdfast/state';
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from './clock.ts';
import { RoomHandover } from './room-handover.ts';
import type { Snapshots } from './snapshots.ts';

/** A member that saw no checkpoint for so many times `snapshotLogBytes` takes a snapshot by itself (REPLICA-5). */
const mostCheckpointsMissed = 4;
/** LOG-ROOM-2. A log that is shorter is no danger, however small `snapshotLogBytes` is. */
const mostUnsavedTimes = 16;
export const leastBoundBytes: number = 256 * 1024 * 1024;

interface LogRoomParts {
  readonly snapshotLogBytes: number;
  readonly clock: Pick<Clock, 'now'>;
  readonly payloads: Pick<PayloadStore, 'isBehind' | 'shortage'>;
  readonly snapshots: Pick<Snapshots, 'isSaving' | 'isPausing' | 'lacksRoom' | 'notSaved'>;
  /** Of the entries in memory. */
  readonly logBytes: () => number;
}

interface LogStatistics {
  /** Own snapshots that came to nothing for want of room. */
  readonly snapshotFailures: number;
  /** Of the entries in memory. */
  readonly logMemoryBytes: number;
}

export class LogRoom {
  readonly #parts: LogRoomParts;
  /** Of the log that was applied. */
  #bytesSinceCheckpoint = 0;
  readonly handover: RoomHandover;

  constructor(parts: LogRoomParts) {
    this.#parts = parts;
    this.handover = new RoomHandover(parts.clock);
  }

  get statistics(): LogStatistics {
    const { snapshots, logBytes } = this.#parts;
    return { snapshotFailures: snapshots.notSaved, logMemoryBytes: logBytes() };
  }

  /** An entry was. */
  applied(byteLength: number): void {
    this.#bytesSinceCheckpoint += byteLength;
  }

  /** A snapshot is begun, or took the place of the state. */
  checkpointed(): void {
    this.#bytesSinceCheckpoint = 0;
  }

  /** REPLICA-5, LOG-ROOM-3. */
  get isCheckpointDue(): boolean {
    const { snapshotLogBytes, snapshots } = this.#parts;
    if (snapshots.isSaving) return false;
    if (this.#bytesSinceCheckpoint >= snapshotLogBytes) return true;
    return this.#isFull && !snapshots.isPausing;
  }

  /** REPLICA-5. */
  get isCheckpointOverdue(): boolean {
    return this.#bytesSinceCheckpoint >= mostCheckpointsMissed * this.#parts.snapshotLogBytes;
  }

  /** LOG-ROOM-4. */
  get wantsHandover(): boolean {
    return (this.#appliesNothing || this.#isFull) && !this.handover.isPausing;
  }

  /** Payloads wait for it. */
  get lacksPayloadRoom(): boolean {
    return this.#parts.payloads.shortage !== undefined;
  }

  /** Nothing waits for it (ROOM-TOLD-1). */
  get hasRoom(): boolean {
    return !this.lacksPayloadRoom && !this.#parts.snapshots.lacksRoom;
  }

  /** LOG-ROOM-5. Undefined: it may go on. */
  get exhausted(): Error | undefined {
    return this.#appliesNothing && this.#isLong ? this.#parts.payloads.shortage : undefined;
  }

  /** LOG-ROOM-1, LOG-ROOM-2. Undefined: there is room for it. */
  refusalOf({ identity, command }: Envelope): HoldfastError | undefined {
    const { payloads, logBytes } = this.#parts;
    if (command.type === 'queue_push' && payloads.shortage !== undefined)
      return new HoldfastError(
        'overloaded',
        'The disk of the leader has no room for payloads of messages, or its process no descriptor (see its log). The request was not executed. Make room there, or hand leadership to a member that has some, and retry.',
      );
    if (identity === nodeIdentity || isOfSessions(command) || !this.#isFull) return undefined;
    return new HoldfastError(
      'overloaded',
      `The leader has ${String(logBytes())} bytes of log in memory, which is its limit while its disk has no room for a snapshot (see its log). The request was not executed. Make room there, or hand leadership to a member that has some, and retry.`,
    );
  }

  /** LOG-ROOM-2. */
  get #isFull(): boolean {
    return this.#parts.snapshots.lacksRoom && this.#isLong;
  }

  get #isLong(): boolean {
    const { snapshotLogBytes, logBytes } = this.#parts;
    return logBytes() >= Math.max(leastBoundBytes, mostUnsavedTimes * snapshotLogBytes);
  }

  /** Its memory for payloads is used up, and its disk has no room for them. */
  get #appliesNothing(): boolean {
    const { isBehind, shortage } = this.#parts.payloads;
    return isBehind && shortage !== undefined;
  }
}

/** LOG-ROOM-2: without them who is connected would lose its session, and who has gone be granted what it waited for. */
const isOfSessions = ({ type }: Envelope['command']): boolean =>
  type === 'keep_alive' || type === 'abandon';
