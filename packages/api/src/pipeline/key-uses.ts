/**
 * When keys were used last, as far as this node has seen it.
 *
 * USED-1: no request writes to the log for it: uses are gathered, and what is new by some minutes is told to the cluster
 *     once a minute, in one command of bounded size. What a node has not told when it stops is not known.
 */
import type { Engine } from '@holdfast/engine';
import type { Clock } from '@holdfast/engine/parts';
import { nodeIdentity } from '@holdfast/state';

const tellEveryMs = 60_000;
/** A use is news where the latest that is known is older than this. */
const grainMs = 600_000;
const mostTold = 1000;

export class KeyUses {
  readonly #engine: Engine;
  readonly #clock: Pick<Clock, 'wallNow' | 'after'>;
  readonly #uses = new Map<string, number>();
  #cancelTimer: () => void;

  constructor(engine: Engine, clock: Pick<Clock, 'wallNow' | 'after'>) {
    this.#engine = engine;
    this.#clock = clock;
    const tellAndPlan = (): void => {
      void this.tell();
      this.#cancelTimer = clock.after(tellEveryMs, tellAndPlan);
    };
    this.#cancelTimer = clock.after(tellEveryMs, tellAndPlan);
  }

  /** Only of keys that are valid: bounded as those are. */
  used(id: string): void {
    const atMs = this.#clock.wallNow();
    const known = this.#engine.access.key(id)?.lastUsedMs ?? 0;
    if (atMs - known >= grainMs) this.#uses.set(id, atMs);
  }

  /** USED-1. */
  async tell(): Promise<void> {
    const uses: { readonly id: string; readonly atMs: number }[] = [];
    for (const [id, atMs] of this.#uses) {
      if (uses.length === mostTold) break;
      this.#uses.delete(id);
      uses.push({ id, atMs });
    }
    if (uses.length === 0) return;
    // Where that fails it is told by the next use.
    await this.#engine
      .submit({ type: 'auth_note_uses', uses }, { identity: nodeIdentity })
      .catch(() => undefined);
  }

  close(): void {
    this.#cancelTimer();
  }
}
