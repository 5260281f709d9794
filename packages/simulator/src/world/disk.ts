/**
 * A machine's disk: files in memory under the storage's own code, with operations that take virtual time.
 *
 * SIM-DISK-1: what was durable before the power went is there afterwards. Of what was being written any part may
 *     be, also some of its sectors and not others, and nobody was told. It is the storage's recovery that
 *     makes "wholly or not at all" of it.
 * SIM-DISK-2: of a frame of the log that was cut short, recovery must name what can be recognised: where the marks in front
 *     of it are there (magic, log, segment, sequence) and the rest is not what was being written.
 * SIM-DISK-3: a full disk refuses what takes new room, as the system says it: a snapshot is not saved, and what the log has room for
 *     is written all the same.
 * SIM-DISK-4: where a process ends alone the system keeps what it had taken: names that were not synced yet are there, and
 *     are lost when the power goes later. Of what was being written any part may be there, as with the power.
 * SIM-DISK-5: one sync that fails may be followed by others that succeed, as where the system forgot what it could not write.
 * SIM-DISK-6: a read that fails (EIO) changes nothing on the disk, and tells nothing of what is there: all of them fail for a
 *     while, or one does, wherever it comes among others.
 * SIM-DISK-7: a snapshot that is to be installed is on the disk by then, and is what its hash names.
 */
import { createHash } from 'node:crypto';
import {
  framesIn,
  logIdBytes,
  MemoryFiles,
  openStorageOn,
  segmentOf,
  snapshotOf,
} from '@holdfast/storage/parts';
import type { CutLeaves, DelayedOperation, WriteUnderWay } from '@holdfast/storage/parts';
import { DiskError } from '@holdfast/storage';
import type { Opened, Storage } from '@holdfast/storage';
import type { SnapshotMeta, Write } from '@holdfast/raft';
import type { Machine } from './machine.ts';
import type { Random } from './random.ts';
import { Violation } from './world.ts';

export interface DiskConditions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}
export const quickDisk: DiskConditions = { minDelayMs: 0.1, maxDelayMs: 1 };

export interface DiskOptions {
  readonly onFailure: (error: Error) => void;
  /** Told of each write when it is handed over. */
  readonly onWrite: (write: Write) => void;
  /** Told when it is durable, before the node is. */
  readonly onDurable: (write: Write) => void;
}

/** What the next operations meet: all that write fail, one does, those that need room; all that read fail, or one does. */
export type DiskTrouble =
  'none' | 'failing_sync' | 'one_failed_sync' | 'full' | 'failing_read' | 'one_failed_read';

/** With which one read of many fails, as long as none has. */
const failedReadProbability = 0.3;

/** Bytes of a frame in which its marks are; the checksum, the length and the flags stand between them. */
const marks = [
  [0, 4],
  [16, 48],
] as const;
const marksEnd = 48;
/** A head is one line. */
const endOfHead = 0x0a;

/** What is left of a frame that was being written when the power went. */
interface Torn extends WriteUnderWay {
  /** What was there when the machine was off. */
  readonly left: Buffer;
}

/** Small, so that a run has many of them. */
const segmentBytes = [8 * 1024, 64 * 1024] as const;

export class SimulatedDisk {
  readonly #machine: Machine;
  readonly #random: Random;
  readonly #files = new MemoryFiles();
  readonly #folder: string;
  readonly #segmentBytes: number;
  /** What the node's identity says of its log. */
  readonly #logId: string;
  #made = false;
  #position: Opened['position'] | undefined;
  #torn: Torn | undefined;
  conditions: DiskConditions = quickDisk;
  /** Of all but writes: syncs, reads and names, which snapshots need more of than the log does. */
  otherConditions: DiskConditions = quickDisk;
  /** What the next operations meet. */
  trouble: DiskTrouble = 'none';
  /** SIM-DISK-5, SIM-DISK-6. */
  #hasFailed = false;
  #refusals = 0;

  constructor(machine: Machine, random: Random) {
    this.#machine = machine;
    this.#random = random;
    this.#folder = `/${machine.name}/log`;
    this.#logId = random.id() + random.id();
    this.#segmentBytes = random.pick(segmentBytes);
  }

  /**
   * Rejects where what is there cannot be trusted (StorageDamagedError), or where the disk fails.
   *
   * @throws Violation where what was cut short is not named (SIM-DISK-2).
   */
  async open({ onFailure, onWrite, onDurable }: DiskOptions): Promise<Opened> {
    const { torn } = this;
    const disk = this.#files.disk({
      now: () => this.#machine.now(),
      later: (operation, act) => {
        const { minDelayMs, maxDelayMs } =
          operation === 'write' ? this.conditions : this.otherConditions;
        this.#machine.post(this.#random.between(minDelayMs, maxDelayMs), act);
      },
      trouble: (operation, grows, path) => {
        const refusal = this.#refusalOf(operation, grows, path);
        if (refusal !== undefined) this.#refusals++;
        return refusal;
      },
    });
    const opened = await openStorageOn(
      disk,
      {
        folder: this.#folder,
        log: { id: this.#logId, made: this.#made, ...this.#position },
        onFailure,
      },
      {
        segmentBytes: this.#segmentBytes,
        maxSpares: 1,
        payloads: { fileBytes: 4096, gatheredBytes: 600, rememberedBytes: 600 },
      },
    );
    if (torn !== undefined && !opened.repairs.some((repair) => repair.startsWith(`${torn}: `)))
      throw new Violation(
        `A frame at the end of ${torn} was cut short, and nothing was said of it.`,
      );
    this.#torn = undefined;
    this.#made = true;
    this.#position = opened.position;
    const onHandedOver = (write: Write): void => {
      if (write.installSnapshot !== undefined) this.#compareReceived(write.installSnapshot);
      onWrite(write);
    };
    return { ...opened, storage: told(opened.storage, onHandedOver, onDurable) };
  }

  /** @throws Violation (SIM-DISK-7). */
  #compareReceived({ index, hash, byteLength }: SnapshotMeta): void {
    // Perhaps it had the same one already.
    const hashes = [...this.#received, ...this.snapshots].map((path) =>
      createHash('sha256').update(this.#files.bytes(path).subarray(0, byteLength)).digest('hex'),
    );
    if (!hashes.includes(hash))
      throw new Violation(
        `${this.#machine.name} installs the snapshot ${hash} at ${String(index)}; what it has has the hash ${hashes.join(', ') || 'of nothing'}.`,
      );
  }

  get #received(): readonly string[] {
    return this.#files.paths.filter((path) => nameOf(path).includes('received'));
  }

  /** The power goes (SIM-DISK-1). */
  cutPower(leaves: CutLeaves = 'anything'): void {
    this.#end(() => this.#files.cutPower(this.#random, leaves));
  }

  /** SIM-DISK-4. */
  endProcess(): void {
    this.#end(() => this.#files.endProcess(this.#random));
  }

  #end(end: () => void): void {
    const frame = this.#frameUnderWay();
    end();
    this.trouble = 'none';
    this.#hasFailed = false;
    if (frame === undefined || !this.#files.paths.includes(frame.path)) return;
    const left = Buffer.from(this.#bytesAt(frame));
    const hasMarks = marks.every(([from, to]) =>
      left.subarray(from, to).equals(frame.bytes.subarray(from, to)),
    );
    this.#torn = hasMarks && !left.equals(frame.bytes) ? { ...frame, left } : undefined;
  }

  #refusalOf(operation: DelayedOperation, grows: boolean, path: string): Error | undefined {
    if (operation === 'read') return this.#refusalOfRead(path);
    switch (this.trouble) {
      case 'none':
      case 'failing_read':
      case 'one_failed_read':
        return undefined;
      case 'full':
        // SIM-DISK-3
        return grows
          ? new DiskError(path, 'written', 'ENOSPC', 'no space is left on the device', undefined)
          : undefined;
      case 'failing_sync':
        return new Error('disk I/O error: sync failed');
      case 'one_failed_sync': {
        if (this.#hasFailed || operation !== 'write') return undefined;
        this.#hasFailed = true;
        return new Error('disk I/O error: one sync failed');
      }
    }
  }

  /** SIM-DISK-6. */
  #refusalOfRead(path: string): Error | undefined {
    if (this.trouble === 'one_failed_read') {
      if (this.#hasFailed || !this.#random.withProbability(failedReadProbability)) return undefined;
      this.#hasFailed = true;
    } else if (this.trouble !== 'failing_read') return undefined;
    return new DiskError(path, 'read', 'EIO', 'the device fails', undefined);
  }

  /** How many operations it has refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** Whether reads fail, or one does. */
  get failsReads(): boolean {
    return this.trouble === 'failing_read' || this.trouble === 'one_failed_read';
  }

  /** Whether a frame of the log is being written. */
  get isWriting(): boolean {
    return this.#frameUnderWay() !== undefined;
  }

  /** The segment at whose end is a part of a frame that recovery must name (SIM-DISK-2). */
  get torn(): string | undefined {
    const torn = this.#torn;
    // A process that was cut off while it started may have written over it.
    if (!this.#made || torn === undefined || !this.#files.paths.includes(torn.path))
      return undefined;
    return torn.left.equals(this.#bytesAt(torn)) ? torn.path : undefined;
  }

  /** Those that have their name. */
  get snapshots(): readonly string[] {
    return this.#files.paths.filter((path) => snapshotOf(nameOf(path)) !== undefined);
  }

  #frameUnderWay(): WriteUnderWay | undefined {
    return this.#files.writes.find(
      ({ path, bytes }) => segmentOf(nameOf(path)) !== undefined && bytes.byteLength > marksEnd,
    );
  }

  #bytesAt({ path, bytes, position }: WriteUnderWay): Buffer {
    return this.#files.bytes(path).subarray(position, position + bytes.byteLength);
  }

  /**
   * Turns one bit of what is in use: in a frame of the log, or in the newest snapshot. Not in the very last
   * frame, where damage cannot be told from a write that was cut short. Returns what it hit, or undefined
   * where there is nothing yet.
   */
  flipBit(): string | undefined {
    if (!this.#made) return undefined;
    const snapshot = this.snapshots.at(-1);
    if (snapshot !== undefined && this.#random.withProbability(0.3))
      return this.#flipIn(snapshot, 0, this.#files.bytes(snapshot).byteLength);
    const logId = logIdBytes(this.#logId);
    const frames = this.#files.paths.flatMap((path) => {
      const segment = segmentOf(nameOf(path));
      if (segment === undefined) return [];
      return framesIn(this.#files.bytes(path), { logId, segment }).map((frame) => ({
        path,
        ...frame,
      }));
    });
    frames.pop();
    if (frames.length === 0) return undefined;
    const { path, offset, byteLength } = this.#random.pick(frames);
    return this.#flipIn(path, offset, byteLength);
  }

  /** Its log is gone, as if somebody had removed the folder. False where there is nothing yet. */
  loseLog(): boolean {
    if (!this.#made) return false;
    for (const path of this.#files.paths)
      if (path.startsWith(`${this.#folder}/`)) this.#files.remove(path);
    return true;
  }

  /** An identity of before its log was made is put back. False where the log was not used since. */
  forgetThatItWasMade(): boolean {
    if (!this.#made || this.#position === undefined) return false;
    this.#made = false;
    this.#position = undefined;
    return true;
  }

  /** Turns a bit of a snapshot that is being received, in its head or behind it. False: so much of one is not there. */
  flipReceived(part: 'head' | 'state'): boolean {
    const [path] = this.#received;
    if (path === undefined) return false;
    const bytes = this.#files.bytes(path);
    const headBytes = bytes.indexOf(endOfHead) + 1;
    const from = part === 'head' ? 0 : headBytes;
    if (headBytes === 0 || bytes.byteLength <= from) return false;
    this.#flipIn(path, from, part === 'head' ? headBytes : bytes.byteLength - from);
    return true;
  }

  #flipIn(path: string, offset: number, byteLength: number): string {
    const position = offset + this.#random.below(byteLength);
    const bytes = this.#files.bytes(path);
    bytes[position] = (bytes[position] ?? 0) ^ (1 << this.#random.below(8));
    return `${path} at byte ${String(position)}`;
  }
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The storage, with somebody who is told of each write, and when it is durable. */
function told(
  storage: Storage,
  onWrite: (write: Write) => void,
  onDurable: (write: Write) => void,
): Storage {
  return {
    write: (write) => {
      onWrite(write);
      const durable = storage.write(write);
      void durable.then(() => onDurable(write));
      return durable;
    },
    saveSnapshot: (point, chunks) => storage.saveSnapshot(point, chunks),
    openSnapshot: (hash) => storage.openSnapshot(hash),
    payloads: storage.payloads,
    stateOffset: (meta) => storage.stateOffset(meta),
    verifyReceived: (meta) => storage.verifyReceived(meta),
    forgetBefore: (keepFrom, hash) => storage.forgetBefore(keepFrom, hash),
    onWritten: (listener) => storage.onWritten(listener),
    get stats() {
      return storage.stats;
    },
    close: () => storage.close(),
  };
}
