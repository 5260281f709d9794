/**
 * A machine's disk: a real SQLite database, written by the storage's own code, with commits that take
 * virtual time. In memory, or, where writes are to be torn, in a file.
 *
 * D1: what was committed before the power went is there afterwards. What was being committed is there
 *     wholly or not at all, and nobody was told. In a file the write-ahead log is cut off anywhere in
 *     what was being written, and it is the storage's recovery that makes "not at all" of it.
 */
import { copyFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { inspectWal, openLogFile, WriterStorage } from '@holdfast/storage/parts';
import type { FromWriter, LogFile, ToWriter } from '@holdfast/storage/parts';
import type { Opened } from '@holdfast/storage';
import type { Machine } from './machine.ts';
import type { Random } from './random.ts';

export interface DiskConditions {
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
}
export const quickDisk: DiskConditions = { minDelayMs: 0.1, maxDelayMs: 1 };

export interface DiskOptions {
  readonly clusterId: string;
  readonly memberId: string;
  readonly onFailure: (error: Error) => void;
  readonly onWrite: (message: ToWriter) => void;
}

export class Disk {
  readonly #machine: Machine;
  readonly #random: Random;
  /** Where the files are; undefined: in memory. */
  readonly #folder: string | undefined;
  #database: DatabaseSync;
  #tears = 0;
  #file: LogFile | undefined;
  #inbox: ToWriter[] = [];
  #beingWritten: readonly ToWriter[] = [];
  #working = false;
  #said: FromWriter[] = [];
  #repairs: readonly string[] = [];
  conditions: DiskConditions = quickDisk;
  /** What the next commit meets. */
  trouble: 'none' | 'failing_sync' | 'full' = 'none';

  constructor(machine: Machine, random: Random, folder: string | undefined) {
    this.#machine = machine;
    this.#random = random;
    this.#folder = folder;
    this.#database = new DatabaseSync(this.#path());
  }

  #path(): string {
    if (this.#folder === undefined) return ':memory:';
    return join(this.#folder, `${this.#machine.name}-${String(this.#tears)}.sqlite`);
  }

  /** @throws Error (StorageDamagedError) when what is there cannot be trusted. */
  open({ clusterId, memberId, onFailure, onWrite }: DiskOptions): Opened {
    const said: FromWriter[] = [];
    this.#said = said;
    this.#inbox = [];
    this.#working = false;
    this.#file = openLogFile(
      this.#database,
      {
        data: { file: `${memberId}.sqlite`, clusterId, memberId },
        say: (message) => said.push(message),
        now: () => this.#machine.now(),
        beforeCommit: () => this.#meetTrouble(),
      },
      this.#repairs,
    );
    this.#repairs = [];
    const opened = said.shift();
    if (opened?.type !== 'opened') throw new Error('The log file said something else first.');
    const storage = new WriterStorage(
      {
        post: (message) => {
          onWrite(message);
          this.#inbox.push(message);
          if (!this.#working) this.#work(storage);
        },
        terminate: () => Promise.resolve(),
      },
      onFailure,
    );
    return { storage, recovered: opened.recovered, repairs: opened.repairs };
  }

  /** The power goes (D1). */
  cutPower(): void {
    const file = this.#file;
    if (file === undefined) return;
    const messages = this.#beingWritten.filter(({ type }) => type !== 'close');
    if (messages.length > 0 && this.#random.chance(0.5)) {
      const before = this.#walBytes();
      file.handle(messages);
      if (this.#folder !== undefined && this.#random.chance(0.5)) this.#tear(before);
    }
    this.#beingWritten = [];
    this.#inbox = [];
    this.#file = undefined;
    // A commit whose sync failed may have reached the disk all the same, or not.
    if (this.#database.isTransaction)
      this.#database.exec(this.#random.chance(0.5) ? 'COMMIT' : 'ROLLBACK');
    this.trouble = 'none';
  }

  #walBytes(): number {
    return statSync(`${this.#path()}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  }

  /** Of what was appended to the write-ahead log only a part reached the disk. */
  #tear(before: number): void {
    const after = this.#walBytes();
    const torn = this.#path();
    if (after <= before || this.#database.isTransaction) return;
    this.#tears += 1;
    const path = this.#path();
    copyFileSync(torn, path);
    copyFileSync(`${torn}-wal`, `${path}-wal`);
    truncateSync(`${path}-wal`, before + this.#random.below(after - before));
    this.#database.close();
    rmSync(torn, { force: true });
    this.#repairs = inspectWal(path);
    this.#database = new DatabaseSync(path);
  }

  /** Turns one bit of what is stored. Returns what it hit, or undefined where there is nothing yet. */
  flipBit(): string | undefined {
    const table = this.#random.pick(['entries', 'entries', 'hard_state', 'snapshots', 'chunks']);
    // Chunks of a snapshot that is not the current one are never read.
    const read =
      table === 'chunks' ? "WHERE snapshot = (SELECT value FROM meta WHERE key = 'snapshot')" : '';
    const rows = this.#database.prepare(`SELECT rowid, * FROM ${table} ${read}`).all();
    if (rows.length === 0) return undefined;
    const row = this.#random.pick(rows);
    const data = row['data'];
    const rowId = row['rowid'] ?? row['index'] ?? row['id'] ?? 0;
    if (data instanceof Uint8Array && data.byteLength > 0) {
      const position = this.#random.below(data.byteLength);
      data[position] = (data[position] ?? 0) ^ (1 << this.#random.below(8));
      this.#database.prepare(`UPDATE ${table} SET data = ? WHERE rowid = ?`).run(data, rowId);
    } else {
      const term = Number(row['term']) ^ (1 << this.#random.below(8));
      this.#database.prepare(`UPDATE ${table} SET term = ? WHERE rowid = ?`).run(term, rowId);
    }
    return `${table} ${String(rowId)}`;
  }

  close(): void {
    this.#file = undefined;
    if (this.#database.isOpen) this.#database.close();
  }

  #meetTrouble(): void {
    if (this.trouble === 'none') return;
    throw new Error(
      this.trouble === 'full' ? 'database or disk is full' : 'disk I/O error: sync failed',
    );
  }

  /** One commit at a time; what arrives meanwhile is the next. */
  #work(storage: WriterStorage): void {
    this.#working = true;
    this.#beingWritten = this.#inbox;
    this.#inbox = [];
    const { minDelayMs, maxDelayMs } = this.conditions;
    this.#machine.post(this.#random.between(minDelayMs, maxDelayMs), () => {
      const messages = this.#beingWritten;
      this.#beingWritten = [];
      this.#file?.handle(messages.filter(({ type }) => type !== 'close'));
      for (const message of this.#said.splice(0)) storage.receive(message);
      if (messages.some(({ type }) => type === 'close')) {
        // Closed for this process. The database is in memory and has to outlive it.
        this.#file = undefined;
        storage.receive({ type: 'closed' });
        return;
      }
      if (this.#inbox.length > 0) this.#work(storage);
      else if (this.#file?.untidy === true) this.#clearUp(storage);
      else this.#working = false;
    });
  }

  #clearUp(storage: WriterStorage): void {
    this.#machine.post(0.1, () => {
      this.#file?.clearUp();
      for (const message of this.#said.splice(0)) storage.receive(message);
      if (this.#inbox.length > 0) this.#work(storage);
      else if (this.#file?.untidy === true) this.#clearUp(storage);
      else this.#working = false;
    });
  }
}
