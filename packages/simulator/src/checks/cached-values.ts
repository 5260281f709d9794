/**
 * What must hold of the cache, by what was applied (each entry seen once, as the first node applies it) and by what
 * clients were answered, from whichever memory.
 *
 * CACHED-1: a read is answered with what its key had at some moment between its beginning and its answer: reads and writes of a
 *      key are linearizable.
 * CACHED-2: a write that was answered is applied, with the version that was told.
 * CACHED-3: a write with a condition is applied only where that is met, and refused only where it is not.
 * CACHED-4: a value that ends by itself is there until an entry of its end or later is applied, and once a reader has been
 *      told that it is gone, it is gone for all.
 */
import type { Batch } from '@holdfast/engine/parts';
import type { CommandResult, Event } from '@holdfast/state';

interface Value {
  /** 0: none. */
  readonly version: number;
  readonly fromMs: number;
  /** When another one took its place. */
  untilMs: number;
  /** By cluster time. */
  readonly dueMs: number;
  /** From when it may be gone by itself: what is due at an entry may be done by later ones (WORK-1 of the state). */
  mayEndMs: number;
  /** When it was certainly gone by itself. */
  goneMs: number;
}

type Written = Extract<
  Batch['commands'][number]['command'],
  { type: 'cache_set' | 'cache_delete' }
>;

const never = Number.POSITIVE_INFINITY;

export class CachedValues {
  readonly #report: (message: string) => void;
  readonly #nowMs: () => number;
  readonly #values = new Map<string, Value[]>();
  /** Tokens of the locks that are held. */
  readonly #held = new Set<number>();

  /** @param nowMs True time. */
  constructor(report: (message: string) => void, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  onApplied(
    { time, commands }: Batch,
    results: readonly CommandResult[],
    events: readonly Event[] = [],
  ): void {
    const heldBefore = new Set(this.#held);
    const endedNow = this.#followHolds(events);
    this.#letEnd(time);
    for (const [index, { command }] of commands.entries()) {
      const result = results[index];
      if (result === undefined || !isWrite(command)) continue;
      this.#compareVersion(command, result, time);
      this.#compareHold(command, result, heldBefore, endedNow);
      if (!result.ok) continue;
      if (command.type === 'cache_delete') this.#write(command.name, 0, never);
      else if (result.type === 'cache_written')
        this.#write(command.name, result.version, time + (command.ttlMs ?? never));
    }
  }

  /** @returns Tokens of the holds that have ended. */
  #followHolds(events: readonly Event[]): ReadonlySet<number> {
    const ended = new Set<number>();
    for (const event of events)
      if (event.type === 'granted') this.#held.add(event.fenceToken);
      else if (event.type === 'hold_ended') ended.add(event.fenceToken);
    for (const token of ended) this.#held.delete(token);
    return ended;
  }

  /** CACHED-4. */
  #letEnd(time: number): void {
    const nowMs = this.#nowMs();
    for (const values of this.#values.values()) {
      const last = values.at(-1);
      if (last !== undefined && last.dueMs <= time) last.mayEndMs = Math.min(last.mayEndMs, nowMs);
    }
  }

  /** CACHED-3. */
  #compareVersion({ name, ifVersion }: Written, result: CommandResult, time: number): void {
    if (ifVersion === undefined) return;
    const last = this.#of(name).at(-1);
    const version = last?.version ?? 0;
    const possible = last !== undefined && last.dueMs <= time ? [version, 0] : [version];
    const isMet = possible.includes(ifVersion);
    const isUnmet = possible.some((one) => one !== ifVersion);
    if (result.ok ? isMet : result.code !== 'version_mismatch' || isUnmet) return;
    this.#report(
      `A write of "${name}" for version ${String(ifVersion)} was ${result.ok ? 'applied' : 'refused'} where it has ${possible.join(' or ')}.`,
    );
  }

  /** CACHED-3. A hold may have begun or ended in the same entry, before the write or after it. */
  #compareHold(
    { name, ifHeld }: Written,
    result: CommandResult,
    heldBefore: ReadonlySet<number>,
    endedNow: ReadonlySet<number>,
  ): void {
    if (ifHeld === undefined) return;
    const { fenceToken } = ifHeld;
    const mayBeHeld =
      heldBefore.has(fenceToken) || this.#held.has(fenceToken) || endedNow.has(fenceToken);
    const isHeld = heldBefore.has(fenceToken) && !endedNow.has(fenceToken);
    if (result.ok ? mayBeHeld : result.code !== 'hold_not_current' || !isHeld) return;
    this.#report(
      `A write of "${name}" under the hold with token ${String(fenceToken)} was ${result.ok ? 'applied' : 'refused'}, and that hold ${isHeld ? 'stands' : 'does not stand'}.`,
    );
  }

  #write(key: string, version: number, dueMs: number): void {
    const values = this.#of(key);
    const nowMs = this.#nowMs();
    const last = values.at(-1);
    if (last !== undefined) last.untilMs = nowMs;
    values.push({ version, fromMs: nowMs, untilMs: never, dueMs, mayEndMs: never, goneMs: never });
  }

  #of(key: string): Value[] {
    const known = this.#values.get(key);
    if (known !== undefined) return known;
    const values: Value[] = [
      { version: 0, fromMs: 0, untilMs: never, dueMs: never, mayEndMs: never, goneMs: never },
    ];
    this.#values.set(key, values);
    return values;
  }

  get nowMs(): number {
    return this.#nowMs();
  }

  /** CACHED-1. @param version 0: that there is no value. */
  wasRead(who: string, key: string, version: number, beganMs: number): void {
    const nowMs = this.#nowMs();
    const there = this.#of(key).filter(
      ({ fromMs, untilMs }) => fromMs <= nowMs && untilMs >= beganMs,
    );
    if (there.some((value) => value.version === version && value.goneMs >= beganMs)) return;
    if (version === 0 && hasEnded(there, nowMs)) return;
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

const isWrite = (command: Batch['commands'][number]['command']): command is Written =>
  command.type === 'cache_set' || command.type === 'cache_delete';

/** CACHED-4: one of them has ended by itself; where it can be no other, that is known from now on. */
function hasEnded(values: readonly Value[], nowMs: number): boolean {
  const ended = values.filter(({ mayEndMs }) => mayEndMs <= nowMs);
  const [only] = ended;
  if (only !== undefined && ended.length === 1) only.goneMs = Math.min(only.goneMs, nowMs);
  return only !== undefined;
}
