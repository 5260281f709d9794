/**
 * What must hold of values of the cache that clients load where there are none.
 *
 * LOADED-1: what was loaded is not applied where its key was written, by whomever, since the loader began: it may be older than that.
 * LOADED-2: while a loader has its turn no other one begins: for `turnMs` after the turn was asked for, unless the leader changed or
 *      somebody was writing the key, which ends turns: since the first of the two asked, for an answer that gives a turn that has ended on
 *      its way cannot be told from others.
 */
import { turnMs } from '@holdfast/engine/parts';
import type { Batch } from '@holdfast/engine/parts';
import type { CommandResult } from '@holdfast/state';

/** Clocks of runs differ by less. */
const surely = 0.95;

interface Load {
  readonly id: string;
  readonly key: string;
  /** Before the turn was given. */
  readonly askedMs: number;
  readonly changes: number;
}

interface Writing {
  readonly key: string;
  endedMs: number;
}

/** A value that a loader wrote names it. */
export const loadedValue = (id: string): { readonly load: string } => ({ load: id });

export class Loads {
  readonly #report: (message: string) => void;
  readonly #nowMs: () => number;
  readonly #loads = new Map<string, Load>();
  readonly #underWay = new Set<Load>();
  readonly #writings: Writing[] = [];
  /** Of a key: the writes of it that were applied. */
  readonly #changes = new Map<string, number>();
  #leaderAtMs = Number.NEGATIVE_INFINITY;
  #begun = 0;

  constructor(report: (message: string) => void, nowMs: () => number) {
    this.#report = report;
    this.#nowMs = nowMs;
  }

  get begun(): number {
    return this.#begun;
  }

  /** Another leader knows no turns. */
  onLeader(): void {
    this.#leaderAtMs = this.#nowMs();
  }

  /** Somebody asks for a write. @returns What is called when it is certain that it has ended. */
  writing(key: string): () => void {
    const writing = { key, endedMs: Number.POSITIVE_INFINITY };
    this.#writings.push(writing);
    return () => {
      writing.endedMs = this.#nowMs();
    };
  }

  /** A loader begins. @returns Its name, and what ends it. */
  begin(who: string, key: string, askedMs: number): { readonly id: string; end: () => void } {
    this.#begun += 1;
    const id = `${who}-${String(this.#begun)}`;
    const load = { id, key, askedMs, changes: this.#changes.get(key) ?? 0 };
    for (const other of this.#underWay) if (other.key === key) this.#mayBegin(load, other);
    this.#loads.set(id, load);
    this.#underWay.add(load);
    return { id, end: () => this.#underWay.delete(load) };
  }

  /** LOADED-2. */
  #mayBegin({ id, key, askedMs: ownMs }: Load, { id: other, askedMs }: Load): void {
    const sinceMs = Math.min(askedMs, ownMs);
    if (this.#nowMs() >= askedMs + surely * turnMs || this.#leaderAtMs >= sinceMs) return;
    if (this.#writings.some((one) => one.key === key && one.endedMs >= sinceMs)) return;
    this.#report(
      `${id} loads key "${key}" at ${String(this.#nowMs())} while ${other}, which asked at ${String(askedMs)}, has its turn.`,
    );
  }

  onApplied({ commands }: Batch, results: readonly CommandResult[]): void {
    for (const [index, { command }] of commands.entries()) {
      if (results[index]?.ok !== true) continue;
      if (command.type === 'cache_set') this.#loaded(command.value);
      if (command.type === 'cache_set' || command.type === 'cache_delete')
        this.#changes.set(command.name, (this.#changes.get(command.name) ?? 0) + 1);
    }
  }

  /** LOADED-1. */
  #loaded(value: unknown): void {
    const { load: id } = Object(value) as { readonly load?: unknown };
    const load = this.#loads.get(String(id));
    if (load === undefined || load.changes === (this.#changes.get(load.key) ?? 0)) return;
    this.#report(
      `What ${load.id} loaded of key "${load.key}" was written at ${String(this.#nowMs())} over a write that came after it began.`,
    );
  }
}
