/** Reads the fields of a snapshot record one after the other, each checked for its kind. */
import type { EndedByOthers, JsonValue, Mode, RequestId, ResourceKind } from '../names.ts';

/** A snapshot cannot be read: damaged, cut off, or written by a newer version. */
export class SnapshotFormatError extends Error {
  override readonly name: string = 'SnapshotFormatError';
  /** A newer program reads it: to fetch it again would not help. */
  isNewer = false;
  constructor(detail: string) {
    super(
      `The snapshot cannot be read: ${detail}. Fetch it again from another member or a backup.`,
    );
  }

  /** Written by a newer program. */
  static newer(version: number, oldest: number, newest: number): SnapshotFormatError {
    const error = new SnapshotFormatError('it is of a newer version');
    error.message =
      `The snapshot cannot be read: a newer version of Holdfast wrote it. Its format version is ${String(version)} ` +
      `and this program reads ${String(oldest)} to ${String(newest)}. Nothing was changed. Upgrade this program.`;
    error.isNewer = true;
    return error;
  }

  /** Of a cluster that has been upgraded further. */
  static higherLevel(level: number, highest: number): SnapshotFormatError {
    const error = new SnapshotFormatError('it is of a higher feature level');
    error.message =
      `The snapshot cannot be read: its cluster is at feature level ${String(level)}, and this program supports levels ` +
      `up to ${String(highest)}. Nothing was changed. Upgrade this program.`;
    error.isNewer = true;
    return error;
  }
}

/** Of a record that is longer than any that is written. */
export const tooLongLine = (): SnapshotFormatError =>
  new SnapshotFormatError('a record in it has no end');

export class Fields {
  readonly #values: readonly unknown[];
  /** Lists in it that were begun. */
  readonly #inner: Fields[] = [];
  #next = 0;

  constructor(values: readonly unknown[]) {
    this.#values = values;
  }

  /** @throws SnapshotFormatError when the line is not a JSON array. */
  static parse(line: string): Fields {
    let parsed: unknown;
    try {
      parsed = JSON.parse(line);
    } catch {
      throw new SnapshotFormatError(`"${line.slice(0, 40)}" is not a record`);
    }
    return new Fields(asList(parsed));
  }

  get atEnd(): boolean {
    return this.#next >= this.#values.length;
  }

  /** FEATURE-3: that nothing was left unread, here or in a list inside. @throws SnapshotFormatError */
  assertAllRead(): void {
    if (!this.atEnd) {
      const shown = JSON.stringify(this.#values[this.#next]);
      throw new SnapshotFormatError(
        `a record has a field that this program does not know: ${shown.slice(0, 40)}`,
      );
    }
    for (const list of this.#inner) list.assertAllRead();
  }

  text(): string {
    const value = this.#take();
    if (typeof value !== 'string') throw unexpected('a text', value);
    return value;
  }

  number(): number {
    const value = this.#take();
    if (typeof value !== 'number') throw unexpected('a number', value);
    return value;
  }

  list(): Fields {
    return this.#within(asList(this.#take()));
  }

  textOrList(): string | Fields {
    const value = this.#take();
    return typeof value === 'string' ? value : this.#within(asList(value));
  }

  textNumberOrList(): string | number | Fields {
    const value = this.#take();
    if (typeof value === 'string' || typeof value === 'number') return value;
    return this.#within(asList(value));
  }

  #within(values: readonly unknown[]): Fields {
    const list = new Fields(values);
    this.#inner.push(list);
    return list;
  }

  /** Reads all that is left, by what `read` takes of it. */
  all<T>(read: (fields: this) => T): T[] {
    const values: T[] = [];
    while (!this.atEnd) values.push(read(this));
    return values;
  }

  /** Null is undefined; anything else is read by `read`. */
  optional<T>(read: () => T): T | undefined {
    if (this.#values[this.#next] !== null) return read();
    this.#next += 1;
    return undefined;
  }

  requestId(): RequestId {
    const value = this.#take();
    if (typeof value === 'string' || typeof value === 'number') return value;
    throw unexpected('a request id', value);
  }

  mode(): Mode {
    const value = this.#take();
    if (value === 'exclusive' || value === 'shared') return value;
    throw unexpected('a mode', value);
  }

  sessionEnd(): 'ended' | 'expired' {
    const value = this.#take();
    if (value === 'ended' || value === 'expired') return value;
    throw unexpected('the end of a session', value);
  }

  json(): JsonValue {
    const value = this.#take();
    if (isJsonValue(value)) return value;
    throw unexpected('a value', value);
  }

  endedByOthers(): EndedByOthers {
    const value = this.#take();
    if (value === 'expired' || value === 'forced' || value === 'max_hold') return value;
    throw unexpected('the end of a hold', value);
  }

  resourceKind(): ResourceKind {
    const value = this.#take();
    if (value === 'lock' || value === 'semaphore' || value === 'election') return value;
    throw unexpected('a kind of resource', value);
  }

  details(): { readonly [key: string]: JsonValue } | undefined {
    const value = this.#take();
    if (value === null) return undefined;
    if (isJsonObject(value)) return value;
    throw unexpected('the details of a refusal', value);
  }

  #take(): unknown {
    const value = this.#values[this.#next];
    this.#next += 1;
    return value;
  }
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw unexpected('a list', value);
}

/** Of a value that JSON.parse made, which is one unless it is not there. */
function isJsonValue(value: unknown): value is JsonValue {
  return value !== undefined;
}

/** Of a value that JSON.parse made. */
function isJsonObject(value: unknown): value is { readonly [key: string]: JsonValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unexpected(expected: string, value: unknown): SnapshotFormatError {
  const shown = JSON.stringify(value) ?? 'nothing';
  return new SnapshotFormatError(`${expected} was expected where ${shown.slice(0, 40)} is`);
}
