/**
 * What must hold of the cache, by what was applied (each entry seen once, as the first node applies it) and by what
 * clients were answered, from whichever memory.
 *
 * CACHED-1: a read is answered with what its key had at some moment between its beginning and its answer: reads and writes of a
 *      key are linearizable.
 * CACHED-2: a write that was answered is applied, with the version that was told.
 */
import type { Batch } from '@holdfast/engine/parts';
import type { CommandResult } from '@holdfast/state';

interface Value {
  /** 0: none. */
  readonly version: number;
  readonly fromMs: number;
  /** When another one took its place. */
  untilMs: number;
}

export class CachedValues {
  readonly #report: (message: string) => void;
  readonly #nowMs: () => number;
  readonly #values = new Map<string, Value[]>();

  /** @param nowMs True time. */
  constructor(report: (message: string) => void, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  onApplied({ commands }: Batch, results: readonly CommandResult[]): void {
    for (const [index, { command }] of commands.entries()) {
      const result = results[index];
      if (result?.ok !== true) continue;
      if (command.type === 'cache_set' && result.type === 'cache_written')
        this.#write(command.name, result.version);
      else if (command.type === 'cache_delete') this.#write(command.name, 0);
    }
  }

  #write(key: string, version: number): void {
    const values = this.#of(key);
    const nowMs = this.#nowMs();
    const last = values.at(-1);
    if (last !== undefined) last.untilMs = nowMs;
    values.push({ version, fromMs: nowMs, untilMs: Number.POSITIVE_INFINITY });
  }

  #of(key: string): Value[] {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const none = { version: 0, fromMs: 0, untilMs: Number.POSITIVE_INFINITY };
    const values = [none];
    this.#values.set(key, values);
    return values;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  /** CACHED-1. @param version 0: that there is no value. */
  wasRead(who: string, key: string, version: number, beganMs: number): void {
    const nowMs = this.#nowMs();
    const isRight = this.#of(key).some(
      (value) => value.version === version && value.fromMs <= nowMs && value.untilMs >= beganMs,
    );
    if (isRight) return;
    const last = this.#of(key).at(-1);
    this.#report(
      `${who} read version ${String(version)} of key "${key}" between ${String(beganMs)} and ${String(nowMs)}; it has ${String(last?.version)} since ${String(last?.fromMs)}.`,
    );
  }

  /** CACHED-2. */
  wasWritten(who: string, key: string, version: number): void {
    if (!this.#of(key).some((value) => value.version === version))
      this.#report(`${who} was told of version ${String(version)} of "${key}", which no node has.`);
  }
}
