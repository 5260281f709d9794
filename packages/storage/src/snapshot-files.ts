/**
 * Snapshots: immutable files, each named by its index and its hash.
 *
 * SFILE-1: a file has its name only when all its bytes are durable and their hash is that of the name.
 *         A received one has an ending of its own until the log says durably that it was installed: a node
 *         that starts and finds a snapshot of its own knows that the log must cover it.
 * SFILE-2: the current snapshot never goes back: one of this node's own that is done only after a newer one
 *         was installed comes to nothing.
 * SFILE-3: what is read is read from a descriptor that was opened when the file was made: clearing up takes
 *         the name away, the bytes stay until the last reader is done.
 * SFILE-4: clearing up takes away only what is older than the current snapshot: a newer one may be saved
 *         or received at this moment.
 * SFILE-5: what was received and is not newer than the current snapshot is needed no more, and goes, but not
 *         while it is written, verified or read, nor between the two.
 * SFILE-6: a received snapshot is good when the bytes that are read back from its file are.
 * SFILE-8: once the storage has failed nothing is written and nothing gets a name (STORAGE-2), not even what was whole, and
 *         covered by the log, before. What there is of it goes at the next start.
 * SFILE-9: nothing depends on an own snapshot that has no name yet. Where there is no room for it, or no descriptor (DERR-3), its
 *         file goes and the storage goes on, whether or not it had its name by then (DIR-3): all members save at the same entry, and would
 *         stop at the same entry. Any other refusal of the disk, a failed sync before all, stops the node.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { SnapshotChunk, SnapshotMeta } from '@holdfast/raft';
import { closeAll } from './close-all.ts';
import { isShortage } from './disk-error.ts';
import type { Disk, DiskFile } from './disk.ts';
import { DiskFailure, onDisk, renameDurably } from './durable-names.ts';
import { partialEnding, receivedName, snapshotName } from './layout.ts';
import type { SnapshotName } from './layout.ts';
import { hashOf } from './file-hash.ts';
import { SharedFile } from './shared-file.ts';
import { encodeHead } from './snapshot-head.ts';
import type { SnapshotPoint } from './snapshot-head.ts';
import { shortageIn, SnapshotNotSavedError } from './snapshot-not-saved.ts';
import type { FoundSnapshot } from './snapshot-recovery.ts';
import type { SnapshotReader } from './types.ts';

/** Bytes that are hashed and written at once. */
const pieceBytes = 256 * 1024;

interface Held {
  readonly meta: SnapshotMeta;
  readonly named: SnapshotName;
  isReceived: boolean;
  readonly shared: SharedFile;
}

interface PartialFile {
  readonly path: string;
  readonly shared: SharedFile;
  byteLength: number;
}

interface Received extends PartialFile {
  readonly meta: SnapshotMeta;
  /** Until it is opened: what was verified is read before anything else is done with it. */
  isVerified: boolean;
  wasOpened: boolean;
}

export class SnapshotFiles {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #framesOfLog: () => number;
  readonly #held = new Map<string, Held>();
  #current: SnapshotMeta | undefined;
  #received: Received | undefined;
  /** Their names go, or are gone, and readers may keep their bytes (SFILE-3). */
  #unlinked: Held[] = [];
  /** Files that are to be taken away. */
  readonly #leftovers = new Set<string>();
  #nextPartial = 1;
  /** One file is given its name at a time (SFILE-2). */
  #naming: Promise<unknown> = Promise.resolve();
  #closed = false;
  /** SFILE-8. */
  #stopped = false;

  constructor(
    disk: Disk,
    folder: string,
    found: FoundSnapshot | undefined,
    framesOfLog: () => number,
  ) {
    this.#disk = disk;
    this.#folder = folder;
    this.#framesOfLog = framesOfLog;
    if (found === undefined) return;
    const { meta, named, isReceived, file } = found;
    this.#hold({ meta, named, isReceived, shared: new SharedFile(file) });
  }

  get current(): SnapshotMeta | undefined {
    return this.#current;
  }

  /** With those whose name is gone and whose bytes are still read. */
  get sizeBytes(): number {
    let sum = this.#received?.byteLength ?? 0;
    for (const { meta, shared } of this.#unlinked) if (!shared.isClosed) sum += meta.byteLength;
    for (const { meta } of this.#held.values()) sum += meta.byteLength;
    return sum;
  }

  #hold(held: Held): void {
    const { meta } = held;
    this.#held.set(meta.hash, held);
    if (meta.index >= (this.#current?.index ?? 0)) this.#current = meta;
  }

  async #begin(what: string): Promise<PartialFile> {
    const name = `${what}-${String(this.#nextPartial++)}${partialEnding}`;
    const path = join(this.#folder, name);
    const shared = new SharedFile(await this.#disk.create(path, 0));
    return { path, shared, byteLength: 0 };
  }

  async #append(partial: PartialFile, bytes: Uint8Array): Promise<void> {
    await partial.shared.file.write(bytes, partial.byteLength);
    partial.byteLength += bytes.byteLength;
  }

  /** What cannot be taken away now is with the next clearing up. */
  async #discard(partial: PartialFile): Promise<void> {
    this.#leftovers.add(partial.path);
    await partial.shared.release().catch(() => undefined);
    await this.#clear().catch(() => undefined);
  }

  /** Where one file stays the others go all the same. What comes back when the power goes goes at the next start. */
  async #clear(): Promise<void> {
    let failed: { readonly error: unknown } | undefined;
    for (const path of this.#leftovers)
      try {
        await this.#disk.remove(path);
        this.#leftovers.delete(path);
      } catch (error) {
        failed ??= { error };
      }
    if (failed !== undefined) throw failed.error;
  }

  /** Gives a file its name, where there is no newer one (SFILE-1, SFILE-2). */
  async #name(partial: PartialFile, meta: SnapshotMeta, isReceived: boolean): Promise<boolean> {
    const named = this.#naming.then(async () => {
      if (this.#stopped || (this.#current?.index ?? 0) >= meta.index) return false; // SFILE-8
      const named = { index: meta.index, hash: meta.hash, frames: this.#framesOfLog() };
      const held = { meta, named, shared: partial.shared, isReceived };
      await this.#rename(partial.path, held);
      this.#hold(held);
      if (this.#received === partial) this.#received = undefined;
      return true;
    });
    this.#naming = named.catch(() => undefined);
    return named;
  }

  async #rename(from: string, held: Held): Promise<void> {
    const path = this.#pathOf(held);
    try {
      await renameDurably(this.#disk, from, path);
    } catch (error) {
      // SFILE-9: the log covers it, so it does no harm where the power goes and it is there all the same.
      if (!held.isReceived && isShortage(error)) await this.#disk.remove(path);
      throw error;
    }
  }

  #pathOf({ named, isReceived }: Pick<Held, 'named' | 'isReceived'>): string {
    return join(this.#folder, isReceived ? receivedName(named) : snapshotName(named));
  }

  /**
   * Undefined: a newer one was installed meanwhile, or this node stops. Rejects where the disk fails (`DiskFailure`), and where
   * there is no room for it (`SnapshotNotSavedError`).
   *
   * @param covered Resolves when the log has, durably, the entry at which the snapshot ends.
   */
  async save(
    point: SnapshotPoint,
    pieces: AsyncIterable<Uint8Array>,
    covered: () => Promise<boolean>,
  ): Promise<SnapshotMeta | undefined> {
    let partial: PartialFile | undefined;
    try {
      partial = await onDisk(this.#begin('own'));
      const hash = createHash('sha256');
      for await (const piece of pieces) {
        if (this.#isEnding || (this.#current?.index ?? 0) > point.index) break;
        await onDisk(this.#append(partial, piece));
        hash.update(piece);
      }
      // STORAGE-2, REPLAY-1: what there is of it goes at the next start.
      if (!(await covered())) {
        await partial.shared.release();
        return undefined;
      }
      const { index, term, membership } = point;
      const { byteLength } = partial;
      const meta = { index, term, membership, hash: hash.digest('hex'), byteLength };
      const isNamed = !this.#closed && (await onDisk(this.#name(partial, meta, false)));
      if (isNamed) return meta;
      await this.#discard(partial);
      // The same state at the same index is the same snapshot.
      return this.#current?.hash === meta.hash ? this.#current : undefined;
    } catch (error) {
      const shortage = shortageIn(error); // SFILE-9
      const mayGo = shortage !== undefined || !(error instanceof DiskFailure);
      if (partial !== undefined && mayGo) await this.#discard(partial);
      else await partial?.shared.release().catch(() => undefined); // SFILE-8
      throw shortage === undefined ? error : new SnapshotNotSavedError(shortage);
    }
  }

  /** Resolves when the chunk is durable. What is not newer than the current snapshot is needed no more (SFILE-5). */
  async receive({ meta, offset, data }: SnapshotChunk): Promise<void> {
    if (meta.index <= (this.#current?.index ?? 0)) return;
    if (offset === 0) {
      const former = this.#received;
      this.#received = undefined;
      if (former !== undefined) await this.#discard(former);
      const begun = await this.#begin('received');
      this.#received = Object.assign(begun, { meta, isVerified: false, wasOpened: false });
    }
    const received = this.#received;
    if (
      received === undefined ||
      received.meta.hash !== meta.hash ||
      received.byteLength !== offset
    )
      throw new Error(
        `A chunk of the snapshot ${meta.hash} at byte ${String(offset)} does not follow what was received (${received === undefined ? 'nothing' : `${received.meta.hash} up to byte ${String(received.byteLength)}`}).`,
      );
    received.isVerified = false;
    received.shared.use();
    try {
      await this.#append(received, data);
    } finally {
      await received.shared.release();
    }
  }

  /** Reads the file itself: what reached it may differ from what was handed to it (SFILE-6). */
  async verify(meta: SnapshotMeta): Promise<boolean> {
    const received = this.#received;
    if (received === undefined || received.meta.hash !== meta.hash)
      return this.#held.has(meta.hash);
    if (received.isVerified) return true;
    if (received.byteLength !== meta.byteLength) return false;
    received.shared.use();
    try {
      const isGood = await isWhole(received.shared.file, meta);
      if (this.#received !== received) return false;
      received.isVerified = isGood;
      return isGood;
    } finally {
      await received.shared.release();
    }
  }

  /** Makes what was received and verified the current one. Once the log says so, durably: `installed`. */
  async install(meta: SnapshotMeta): Promise<void> {
    if (this.#current?.hash === meta.hash) return;
    const received = this.#received;
    if (received === undefined || received.meta.hash !== meta.hash || !(await this.verify(meta)))
      throw new Error(
        `The snapshot ${meta.hash} at ${String(meta.index)} is to be installed, and was not received whole.`,
      );
    if (!(await this.#name(received, meta, true)))
      throw new Error(
        `The snapshot at ${String(meta.index)} is to be installed, though the one at ${String(this.#current?.index)} is current.`,
      );
  }

  /** The log says durably that it was installed: from now on the log must cover it (SFILE-1). */
  async installed({ hash }: SnapshotMeta): Promise<void> {
    const held = this.#held.get(hash);
    if (held === undefined || !held.isReceived) return;
    const name = this.#pathOf({ ...held, isReceived: false });
    await renameDurably(this.#disk, this.#pathOf(held), name);
    held.isReceived = false;
  }

  open(hash: string): SnapshotReader | undefined {
    const received = this.#received;
    const found =
      this.#held.get(hash) ??
      (received?.meta.hash === hash && received.byteLength === received.meta.byteLength
        ? received
        : undefined);
    if (found === undefined || this.#closed) return undefined;
    if (found === received) received.wasOpened = true;
    const { meta, shared } = found;
    shared.use();
    let isOpen = true;
    return {
      meta,
      read: async (offset, byteLength) => {
        if (!isOpen) throw new Error(`The reader of the snapshot ${hash} is closed.`);
        // A read that is under way keeps the descriptor.
        shared.use();
        try {
          return await shared.file.read(offset, byteLength);
        } finally {
          await shared.release();
        }
      },
      close: () => {
        if (!isOpen) return;
        isOpen = false;
        void shared.release().catch(() => undefined);
      },
    };
  }

  /** Takes away what is older than this one (SFILE-3), and what was received and is not newer (SFILE-5). */
  async forgetOlder(than: SnapshotMeta): Promise<void> {
    this.#unlinked = this.#unlinked.filter(({ shared }) => !shared.isClosed);
    for (const held of this.#held.values()) {
      const { meta, shared } = held;
      // It may have been released by `close` while another one was.
      if (meta.index >= than.index || !this.#held.delete(meta.hash)) continue; // SFILE-4
      this.#unlinked.push(held);
      this.#leftovers.add(this.#pathOf(held));
      await shared.release();
    }
    const received = this.#received;
    if (received !== undefined && received.meta.index <= than.index && isIdle(received)) {
      this.#received = undefined;
      this.#leftovers.add(received.path);
      await received.shared.release();
    }
    await this.#clear();
  }

  held(hash: string): SnapshotMeta | undefined {
    return this.#held.get(hash)?.meta;
  }

  /** SFILE-8. */
  stop(): void {
    this.#stopped = true;
  }

  get #isEnding(): boolean {
    return this.#closed || this.#stopped;
  }

  /** No reader is given out any more; those that are open close their files. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#naming;
    // Each is let go of before anything waits: whoever clears up meanwhile must not release it again.
    const files = [
      ...this.#held.values(),
      ...(this.#received === undefined ? [] : [this.#received]),
    ];
    this.#held.clear();
    this.#received = undefined;
    await closeAll(
      files.map(
        ({ shared }) =>
          () =>
            shared.release(),
      ),
    );
  }
}

/** Nobody writes, verifies or reads it, and what was verified has been read (SFILE-5). */
const isIdle = ({ shared, isVerified, wasOpened }: Received): boolean =>
  shared.isUnread && (!isVerified || wasOpened);

/** Whether its bytes are what the hash names, and it begins with the head of this snapshot. */
async function isWhole(file: DiskFile, meta: SnapshotMeta): Promise<boolean> {
  if ((await hashOf(file, meta.byteLength)) !== meta.hash) return false;
  const head = encodeHead(meta);
  if (head.byteLength > meta.byteLength) return false;
  return Buffer.compare(await file.read(0, head.byteLength), head) === 0;
}

/** The head, and then the state in pieces of a size that the disk likes. */
export async function* piecesOf(
  point: SnapshotPoint,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = [encodeHead(point)];
  let byteLength = gathered[0]?.byteLength ?? 0;
  for await (const chunk of chunks) {
    gathered.push(chunk);
    byteLength += chunk.byteLength;
    if (byteLength < pieceBytes) continue;
    yield Buffer.concat(gathered);
    gathered = [];
    byteLength = 0;
  }
  if (byteLength > 0) yield Buffer.concat(gathered);
}
