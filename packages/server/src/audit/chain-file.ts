/**
 * The file of a chain that is written: what is in it, and how much of that is durable (AUDIT-FILE-3, AUDIT-FILE-4 of the
 * writer).
 *
 * AUDIT-NAME-1: before a record in a file counts as durable the name of the file is, and those of the folders above it that were made
 *     for it.
 * AUDIT-NAME-2: the event loop does not wait for the disk when a file is begun: the node serves meanwhile.
 */
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { fileDisk } from '@holdfast/storage/parts';
import type { Disk } from '@holdfast/storage/parts';
import { fileName } from './chain-folder.ts';
import { fileLine } from './lines.ts';
import type { ChainEnd, ChainName } from './lines.ts';

export type AuditFile = Pick<FileHandle, 'write' | 'datasync' | 'truncate' | 'close'>;

export interface ChainFileOptions {
  readonly folder: string;
  readonly chain: ChainName;
  readonly cluster: string;
  readonly node: string;
  /** As the disk does it, where absent: for tests. */
  readonly openFile?: (path: string) => Promise<AuditFile>;
  /** That of the operating system, where absent: for tests. */
  readonly disk?: FolderDisk;
}

/** What makes folders, and names in them, durable. */
export type FolderDisk = Pick<Disk, 'makeFolder' | 'syncFolder'>;

const privateMode = 0o600;

export class ChainFile {
  readonly #options: ChainFileOptions;
  /** Undefined: the next record begins a file. */
  name: string | undefined;
  bytes: number;
  #durableBytes: number;
  #handle: AuditFile | undefined;

  /** @param found All of it is durable. */
  constructor(
    options: ChainFileOptions,
    found: { readonly name: string; readonly bytes: number } | undefined,
  ) {
    this.#options = options;
    this.name = found?.name;
    this.bytes = found?.bytes ?? 0;
    this.#durableBytes = this.bytes;
  }

  get bytesToSync(): number {
    return this.bytes - this.#durableBytes;
  }

  /** @param after What a new file begins after. */
  async open(after: ChainEnd): Promise<void> {
    if (this.#handle !== undefined) return;
    this.name ??= await this.#begin(after);
    const openFile = this.#options.openFile ?? ((path) => open(path, 'r+'));
    const handle = await openFile(join(this.#options.folder, this.name));
    // AUDIT-FILE-3: where cutting off failed as well.
    await handle.truncate(this.bytes);
    this.#handle = handle;
  }

  async #begin(after: ChainEnd): Promise<string> {
    const { folder, chain, cluster, node, disk = fileDisk } = this.#options;
    await disk.makeFolder(folder); // AUDIT-NAME-1
    const name = fileName(chain, after.seq + 1);
    const first = Buffer.from(`${fileLine({ chain, cluster, node }, after)}\n`);
    const made = await open(join(folder, name), 'w', privateMode);
    try {
      await made.writeFile(first);
      await made.datasync();
    } finally {
      await made.close();
    }
    await disk.syncFolder(folder); // AUDIT-NAME-1
    this.bytes = first.length;
    this.#durableBytes = first.length;
    return name;
  }

  async append(text: string): Promise<void> {
    const bytes = Buffer.from(text);
    const { bytes: from } = this;
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.#opened.write(bytes, at, bytes.length - at, from + at);
        at += bytesWritten;
      }
    } catch (error) {
      await this.#handle?.truncate(from).catch(() => undefined); // AUDIT-FILE-3
      throw error;
    }
    this.bytes = from + bytes.length;
  }

  /** Where it fails what is not durable is cut off (AUDIT-FILE-4). */
  async sync(): Promise<void> {
    try {
      await this.#opened.datasync();
    } catch (error) {
      this.bytes = this.#durableBytes;
      await this.#handle?.truncate(this.bytes).catch(() => undefined);
      throw error;
    }
    this.#durableBytes = this.bytes;
  }

  /** All that is in it is durable. */
  async turnOver(): Promise<void> {
    await this.close();
    this.name = undefined;
    this.bytes = 0;
    this.#durableBytes = 0;
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(() => undefined);
  }

  get #opened(): AuditFile {
    if (this.#handle === undefined) throw new Error('The file of the audit is not open.');
    return this.#handle;
  }
}
