/** A log on a disk in memory, whose power can go at any step. */
import assert from 'node:assert/strict';
import type { Entry, HardState, MemberId, Membership, Write } from '@holdfast/raft';
import { MemoryFiles, openStorageOn } from '../src/parts.ts';
import type { Disk, DiskFile, DelayedOperation, SegmentSettings } from '../src/parts.ts';
import type { Opened } from '../src/index.ts';

export const membership: Membership = {
  members: [{ id: 'a' as MemberId, address: 'a:1', role: 'voter' }],
};
export const entry = (index: number, term = 1, text = `entry ${String(index)}`): Entry => ({
  index,
  term,
  kind: 'command',
  data: new TextEncoder().encode(text),
});
export const hardState = (commit: number, term = 1): HardState => ({
  term,
  votedFor: 'a' as MemberId,
  commit,
});
export const plain = (entries: readonly Entry[] | undefined): unknown =>
  entries?.map(({ index, term, data }) => [index, term, new TextDecoder().decode(data)]);
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

export const logId = '00112233445566778899aabbccddeeff';
export const settings: SegmentSettings = { segmentBytes: 4096, maxSpares: 2 };
export const segmentPath = (segment: number): string =>
  `/n/log/${String(segment).padStart(12, '0')}.segment`;

/** Randomness that never come true, for power that goes when nothing is under way. */
export const noRandomness = { below: (): number => 0 };

export class LogInMemory {
  files: MemoryFiles = new MemoryFiles();
  made = false;
  /** What was recorded of it. */
  position: Opened['position'] | undefined;
  id: string = logId;
  segments: SegmentSettings = settings;
  /** Operations of the disk that are still executed; then the process hangs. */
  steps: number = Number.POSITIVE_INFINITY;
  trouble: Error | undefined;
  /** What the disk says to other operations; undefined: they are done. */
  refuses: (operation: DelayedOperation, path: string) => Error | undefined = () => undefined;
  /** What a write to this file waits for before it begins; undefined: for nothing. */
  holds: (path: string) => Promise<void> | undefined = () => undefined;
  /** What the disk says when this file is closed, which it is all the same. */
  refusesToClose: (path: string) => Error | undefined = () => undefined;
  failures: Error[] = [];
  warnings: string[] = [];
  /** Of files whose descriptors nobody has closed. */
  readonly openPaths: string[] = [];

  disk(): Disk {
    let isAlive = true;
    const disk = this.files.disk({
      now: () => 0,
      later: (_operation, act) => {
        if (!isAlive) return;
        if (this.steps <= 0) {
          isAlive = false;
          return;
        }
        this.steps -= 1;
        queueMicrotask(act);
      },
      trouble: (operation, _grows, path) =>
        (operation === 'write' ? this.trouble : undefined) ?? this.refuses(operation, path),
    });
    const counted = (path: string, file: DiskFile): DiskFile => {
      this.openPaths.push(path);
      const close = async (): Promise<void> => {
        this.openPaths.splice(this.openPaths.indexOf(path), 1);
        await file.close();
        const refusal = this.refusesToClose(path);
        if (refusal !== undefined) throw refusal;
      };
      const write: DiskFile['write'] = (bytes, position) => {
        const held = this.holds(path);
        return held === undefined
          ? file.write(bytes, position)
          : held.then(() => file.write(bytes, position));
      };
      return { ...file, write, close };
    };
    return {
      ...disk,
      open: async (path) => counted(path, await disk.open(path)),
      create: async (path, zeroBytes) => counted(path, await disk.create(path, zeroBytes)),
    };
  }

  async open(): Promise<Opened> {
    const opened = await openStorageOn(
      this.disk(),
      {
        folder: '/n/log',
        log: { id: this.id, made: this.made, ...this.position },
        onFailure: (error) => this.failures.push(error),
        onWarning: (text) => this.warnings.push(text),
      },
      this.segments,
    );
    this.made = true;
    return opened;
  }

  /** What another process finds. */
  async reopen(): Promise<Opened> {
    this.files.cutPower(noRandomness);
    return this.open();
  }

  copy(): LogInMemory {
    const copy = new LogInMemory();
    for (const path of this.files.paths) copy.files.put(path, this.files.bytes(path));
    copy.made = this.made;
    copy.segments = this.segments;
    return copy;
  }
}

/** Lets everything happen that can. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One entry a write, so one frame each. */
export async function fill(
  opened: Opened,
  from: number,
  to: number,
  text?: string,
  term = 1,
): Promise<void> {
  for (let index = from; index <= to; index++) {
    const write: Write = {
      id: index,
      hardState: hardState(index - 1, term),
      entries: [entry(index, term, text)],
    };
    await opened.storage.write(write);
  }
}

export const indexes = (opened: Opened): number[] =>
  opened.recovered?.entries.map(({ index }) => index) ?? [];

export function range(from: number, to: number): number[] {
  assert.ok(to >= from - 1);
  return Array.from({ length: to - from + 1 }, (_, position) => from + position);
}
