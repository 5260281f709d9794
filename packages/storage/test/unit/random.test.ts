/** Long lives of one log, with power cuts, against a model that is a plain array. `SEED=…` runs one, `SEEDS=…` so many. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry, HardState, MemberId, Write } from '@holdfast/raft';
import type { Opened } from '../../src/index.ts';
import { entry, LogInMemory, membership, plain, settle } from '../log-in-memory.ts';

/** Mulberry32. */
function randomOf(seed: number): { below: (limit: number) => number } {
  let state = seed;
  return {
    below: (limit) => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000) * limit);
    },
  };
}

/** What a log is: after each write that was handed over, acknowledged or not. */
interface Model {
  readonly hardState: HardState;
  readonly entries: readonly Entry[];
}

class Life {
  readonly #random: ReturnType<typeof randomOf>;
  readonly #log = new LogInMemory();
  #opened: Opened | undefined;
  #acknowledged = 0;
  /** The state after each write, the first being the one that was recovered. */
  #states: Model[] = [{ hardState: { term: 0, votedFor: null, commit: 0 }, entries: [] }];
  #snapshotIndex = 0;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    this.#log.segments = {
      segmentBytes: 512 * (1 + this.#random.below(12)),
      maxSpares: this.#random.below(3),
    };
  }

  async live(): Promise<void> {
    for (let round = 0; round < 12; round++) {
      await this.#open();
      for (let turn = 1 + this.#random.below(12); turn > 0; turn--) await this.#turn();
      if (this.#random.below(4) === 0) await this.#opened?.storage.close();
      else await this.#cut();
    }
  }

  async #open(): Promise<void> {
    const opened = await this.#log.open();
    this.#opened = opened;
    const recovered = opened.recovered ?? { hardState: this.#states[0]?.hardState, entries: [] };
    const firstIndex = recovered.entries[0]?.index ?? this.#snapshotIndex + 1;
    assert.ok(firstIndex <= this.#snapshotIndex + 1);
    // What is there is one of the states since the last that was acknowledged: none in between, none older.
    const found = this.#states.findLastIndex(
      ({ hardState, entries }, position) =>
        position >= this.#acknowledged &&
        same(recovered.hardState, hardState) &&
        same(plain(recovered.entries), plain(entries.filter(({ index }) => index >= firstIndex))),
    );
    assert.ok(
      found >= 0,
      `${JSON.stringify(recovered.hardState)} is none of the states there were`,
    );
    this.#states = [this.#states[found] ?? assert.fail()];
    this.#acknowledged = 0;
  }

  async #turn(): Promise<void> {
    const writes = 1 + this.#random.below(4);
    for (let count = 0; count < writes; count++) this.#write();
    if (this.#random.below(2) === 0) await settle();
    if (this.#random.below(5) === 0) await this.#snapshot();
  }

  #write(): void {
    const { hardState, entries } = this.#states.at(-1) ?? assert.fail();
    const lastIndex = entries.length;
    const { commit } = hardState;
    const truncates = this.#random.below(6) === 0 && lastIndex > commit;
    const term = hardState.term + (truncates || this.#random.below(10) === 0 ? 1 : 0);
    const from = commit + 1 + this.#random.below(Math.max(1, lastIndex - commit));
    const kept = truncates ? entries.filter(({ index }) => index < from) : entries;
    const added: Entry[] = [];
    for (let count = this.#random.below(4); count > 0; count--)
      added.push(entry(kept.length + added.length + 1, term, 'x'.repeat(this.#random.below(300))));
    const after: Model = {
      hardState: {
        term,
        votedFor: this.#random.below(3) === 0 ? null : (`m${String(term % 3)}` as MemberId),
        commit: commit + this.#random.below(kept.length + added.length - commit + 1),
      },
      entries: [...kept, ...added],
    };
    const write: Write = {
      id: this.#states.length,
      hardState: after.hardState,
      ...(truncates ? { truncateFrom: from } : {}),
      entries: added,
    };
    const position = this.#states.push(after) - 1;
    void this.#opened?.storage.write(write).then(() => {
      this.#acknowledged = Math.max(this.#acknowledged, position);
    });
  }

  /** Only of what is acknowledged, as a node that applies what is committed. */
  async #snapshot(): Promise<void> {
    await settle();
    const { hardState, entries } = this.#states[this.#acknowledged] ?? assert.fail();
    const index = hardState.commit;
    if (index <= this.#snapshotIndex) return;
    const term = entries[index - 1]?.term ?? 0;
    const storage = this.#opened?.storage;
    const saved = await storage?.saveSnapshot({ index, term, membership }, [new Uint8Array(50)]);
    this.#snapshotIndex = index;
    const keepFrom = Math.max(1, index + 1 - this.#random.below(20));
    storage?.forgetBefore(keepFrom, saved?.hash ?? '');
  }

  /** The power goes after a few more steps, in the middle of whatever is under way. */
  async #cut(): Promise<void> {
    this.#log.steps = this.#random.below(12);
    for (let count = this.#random.below(4); count > 0; count--) this.#write();
    await settle();
    await settle();
    this.#log.steps = Number.POSITIVE_INFINITY;
    this.#log.files.cutPower(this.#random);
  }
}

const same = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

describe('A log through many power cuts', () => {
  const only = process.env['SEED'];
  const count = Number(process.env['SEEDS'] ?? 50);
  const seeds =
    only === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(only)];
  it('always holds what was acknowledged, and whole writes only', async () => {
    for (const seed of seeds) {
      try {
        await new Life(seed).live();
      } catch (error) {
        throw new Error(`SEED=${String(seed)}: ${String(error)}`, { cause: error });
      }
    }
  });
});
