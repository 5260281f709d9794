/**
 * Breadth-first through all states that a model can reach, each once: what is found first is found by a
 * shortest way.
 */
import { IntList } from './int-list.ts';
import type { TransitionSystem } from './model.ts';
import { traceTo } from './trace.ts';
import { fingerprintInto, VisitedStates } from './visited-states.ts';
import type { Fingerprint } from './visited-states.ts';

export interface SearchLimits {
  readonly maxStates: number;
  readonly maxDepth: number;
  readonly maxMs: number;
  /** Monotonic, in ms. */
  readonly now: () => number;
}

export interface SearchProgress {
  readonly distinct: number;
  /** States that actions led to, those met before included. */
  readonly visited: number;
  /** Actions from the start to the deepest states. */
  readonly depth: number;
  readonly waiting: number;
  readonly ms: number;
}

export interface SearchResult extends SearchProgress {
  /** Why it ended: everything was seen, a limit was reached, a promise was broken. */
  readonly ended: 'exhausted' | 'states' | 'depth' | 'time' | 'broken';
  readonly broken?: { readonly what: string; readonly trace: readonly string[] };
}

export async function search(
  model: TransitionSystem,
  limits: SearchLimits,
  onLevel: (progress: SearchProgress) => void = () => undefined,
): Promise<SearchResult> {
  const run = new Search(model, limits, onLevel);
  return run.run();
}

interface Broken {
  readonly what: string;
  /** The state that broke it, or that the action which broke it was taken in. */
  readonly state: number;
  readonly action: number | undefined;
}

class Search {
  readonly #model: TransitionSystem;
  readonly #limits: SearchLimits;
  readonly #onLevel: (progress: SearchProgress) => void;
  readonly #seen = new VisitedStates();
  readonly #print: Fingerprint = { low: 0, high: 0 };
  readonly #beganMs: number;
  #level = new IntList(1 << 12);
  #next = new IntList(1 << 12);
  /** Number of the first state of the level. */
  #firstOfLevel = 0;
  #depth = 0;
  #visited = 0;
  #broken: Broken | undefined;

  constructor(
    model: TransitionSystem,
    limits: SearchLimits,
    onLevel: (progress: SearchProgress) => void,
  ) {
    this.#model = model;
    this.#limits = limits;
    this.#onLevel = onLevel;
    this.#beganMs = limits.now();
  }

  async run(): Promise<SearchResult> {
    const first = this.#model.start();
    this.#met(first, -1);
    for (;;) {
      [this.#level, this.#next] = [this.#next, this.#level];
      this.#next.clear();
      if (this.#level.length > 0) this.#onLevel(this.#progress());
      const ended = this.#broken === undefined ? this.#ended() : 'broken';
      if (ended !== undefined) return this.#found(ended);
      await this.#expandLevel();
      // Where nothing is further away, the deepest states are those that were just expanded.
      if (this.#next.length > 0 || this.#broken !== undefined) this.#depth += 1;
    }
  }

  #ended(): SearchResult['ended'] | undefined {
    const reached = this.#reachedLimit();
    if (reached !== undefined) return reached;
    if (this.#level.length === 0) return 'exhausted';
    return this.#depth >= this.#limits.maxDepth ? 'depth' : undefined;
  }

  #reachedLimit(): 'states' | 'time' | undefined {
    if (this.#seen.size >= this.#limits.maxStates) return 'states';
    return this.#limits.now() - this.#beganMs >= this.#limits.maxMs ? 'time' : undefined;
  }

  async #expandLevel(): Promise<void> {
    const { width } = this.#model;
    const count = this.#level.length / width;
    const first = this.#firstOfLevel;
    this.#firstOfLevel = this.#seen.size;
    for (let place = 0; place < count; place++) {
      if (this.#broken !== undefined) return;
      if (place % 4096 === 4095 && this.#reachedLimit() !== undefined) return;
      const state = this.#level.data.subarray(place * width, (place + 1) * width);
      const visited = this.#visited;
      this.#expand(state, first + place);
      while (this.#model.lacks) {
        await this.#model.learn();
        this.#visited = visited;
        this.#expand(state, first + place);
      }
    }
  }

  #expand(state: Int32Array, number: number): void {
    this.#model.expand(state, (successor, action, _symmetry, broken) => {
      this.#visited += 1;
      if (broken === undefined) this.#met(successor, number);
      else this.#broken ??= { what: broken, state: number, action };
    });
  }

  #met(state: Int32Array, parent: number): void {
    fingerprintInto(state, this.#print);
    if (!this.#seen.add(this.#print, parent)) return;
    const what = this.#model.judge(state);
    if (what !== undefined) {
      this.#broken ??= { what, state: this.#seen.size - 1, action: undefined };
      return;
    }
    this.#next.pushAll(state);
  }

  #progress(): SearchProgress {
    return {
      distinct: this.#seen.size,
      visited: this.#visited,
      depth: this.#depth,
      waiting: this.#level.length / this.#model.width,
      ms: this.#limits.now() - this.#beganMs,
    };
  }

  #found(ended: SearchResult['ended']): SearchResult {
    const progress = this.#progress();
    if (this.#broken === undefined) return { ...progress, ended };
    const { what, state, action } = this.#broken;
    const trace = traceTo(this.#model, this.#seen, state, action);
    return { ...progress, ended, broken: { what: this.#model.named(what), trace } };
  }
}
