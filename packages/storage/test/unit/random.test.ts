/** Long runs of one log, with power cuts, against a model that is a plain array. `SEED=…` runs one, `SEEDS=…` so many. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry, HardState, MemberId, SnapshotMeta, Write } from '@holdfast/raft';
import type { Opened } from '../../src/index.ts';
import { bytesOf, entry, LogInMemory, membership, plain, settle } from '../log-in-memory.ts';

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
  /** Those that it has, if none was deleted. */
  readonly entries: readonly Entry[];
  /** Where they begin, or would. */
  readonly firstIndex: number;
  readonly snapshotIndex: number;
}

const nothing: Model = {
  hardState: { term: 0, votedFor: null, commit: 0 },
  entries: [],
  firstIndex: 1,
  snapshotIndex: 0,
};

const endOf = ({ entries, firstIndex }: Pick<Model, 'entries' | 'firstIndex'>): number =>
  entries.at(-1)?.index ?? firstIndex - 1;

/** A snapshot as another node has it. */
async function madeElsewhere(
  index: number,
  term: number,
): Promise<{ readonly meta: SnapshotMeta; readonly data: Uint8Array }> {
  const opened = await new LogInMemory().open();
  const { storage } = opened;
  await opened.storage.write({
    id: 1,
    entries: Array.from({ length: index }, (_, at) => entry(at + 1, term)),
  });
  const state = bytesOf(`state at ${String(index)} of term ${String(term)}`);
  const meta = await storage.saveSnapshot({ index, term, membership }, [state]);
  assert.ok(meta !== undefined);
  const data = await storage.openSnapshot(meta.hash)?.read(0, meta.byteLength);
  return { meta, data: data ?? assert.fail() };
}

class LogRun {
  readonly #random: ReturnType<typeof randomOf>;
  readonly #log = new LogInMemory();
  #opened: Opened | undefined;
  #acknowledged = 0;
  /** The state after each write, the first being the one that was recovered. */
  #states: Model[] = [nothing];
  installs = 0;

  constructor(seed: number) {
    this.#random = randomOf(seed);
    this.#log.segments = {
      segmentBytes: 512 * (1 + this.#random.below(12)),
      maxSpares: this.#random.below(3),
    };
  }

  async execute(): Promise<void> {
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
    const { hardState, entries, snapshot } = opened.recovered ?? {
      ...nothing,
      snapshot: { index: 0 },
    };
    const firstIndex = entries[0]?.index ?? snapshot.index + 1;
    assert.ok(firstIndex <= snapshot.index + 1);
    // What is there is one of the states since the last that was acknowledged: none in between, none older.
    const found = this.#states.findLastIndex(
      (state, position) =>
        position >= this.#acknowledged &&
        state.snapshotIndex === snapshot.index &&
        same(hardState, state.hardState) &&
        same(plain(entries), plain(state.entries.filter(({ index }) => index >= firstIndex))),
    );
    const what = JSON.stringify([hardState, snapshot.index, firstIndex, entries.at(-1)?.index]);
    assert.ok(found >= 0, `${what} is none of the states there were`);
    this.#states = [this.#states[found] ?? assert.fail()];
    this.#acknowledged = 0;
  }

  async #turn(): Promise<void> {
    const writes = 1 + this.#random.below(4);
    for (let count = 0; count < writes; count++) this.#write();
    if (this.#random.below(2) === 0) await settle();
    if (this.#random.below(5) === 0) await this.#snapshot();
    if (this.#random.below(12) === 0) await this.#install();
  }

  #hand(write: Omit<Write, 'id'>, after: Model): void {
    const position = this.#states.push(after) - 1;
    void this.#opened?.storage.write({ id: position, ...write }).then(() => {
      this.#acknowledged = Math.max(this.#acknowledged, position);
    });
  }

  #write(): void {
    const before = this.#states.at(-1) ?? assert.fail();
    const { commit } = before.hardState;
    const lastIndex = endOf(before);
    const truncates = this.#random.below(6) === 0 && lastIndex > commit;
    const term = before.hardState.term + (truncates || this.#random.below(10) === 0 ? 1 : 0);
    const from = commit + 1 + this.#random.below(Math.max(1, lastIndex - commit));
    const kept = truncates ? before.entries.filter(({ index }) => index < from) : before.entries;
    const end = endOf({ ...before, entries: kept });
    const added = Array.from({ length: this.#random.below(4) }, (_, position) =>
      entry(end + position + 1, term, 'x'.repeat(this.#random.below(300))),
    );
    const hardState: HardState = {
      term,
      votedFor: this.#random.below(3) === 0 ? null : (`m${String(term % 3)}` as MemberId),
      commit: commit + this.#random.below(end + added.length - commit + 1),
    };
    this.#hand(
      { hardState, ...(truncates ? { truncateFrom: from } : {}), entries: added },
      { ...before, hardState, entries: [...kept, ...added] },
    );
  }

  /** Of what is committed, as a node makes it. */
  async #snapshot(): Promise<void> {
    await settle();
    const position = this.#states.length - 1;
    assert.equal(this.#acknowledged, position);
    const state = this.#states[position] ?? assert.fail();
    const index = state.hardState.commit;
    if (index <= state.snapshotIndex) return;
    const term = state.entries.find((one) => one.index === index)?.term ?? 0;
    const storage = this.#opened?.storage;
    const saved = await storage?.saveSnapshot({ index, term, membership }, [new Uint8Array(50)]);
    this.#states[position] = { ...state, snapshotIndex: index };
    const keepFrom = Math.max(1, index + 1 - this.#random.below(20));
    storage?.forgetBefore(keepFrom, saved?.hash ?? '');
  }

  /** One of the leader's, of an entry that the log has or of a later one. Sometimes the power goes in the middle. */
  async #install(): Promise<void> {
    await settle();
    const before = this.#states.at(-1) ?? assert.fail();
    const { term: termBefore, commit } = before.hardState;
    const index = commit + 1 + this.#random.below(6);
    const known = before.entries.find((one) => one.index === index);
    const keepsRest = known !== undefined && this.#random.below(2) === 0;
    const term = keepsRest ? known.term : termBefore + 1;
    const { meta, data } = await madeElsewhere(index, term);
    const base = {
      entries: keepsRest ? before.entries : [],
      firstIndex: keepsRest ? before.firstIndex : index + 1,
      snapshotIndex: index,
    };
    this.installs += 1;
    const hardState: HardState = { term: termBefore + 1, votedFor: null, commit: index };
    const chunk = { meta, offset: 0, data };
    void this.#opened?.storage.write({ id: 0, entries: [], snapshotChunks: [chunk] });
    this.#hand({ hardState, entries: [], installSnapshot: meta }, { ...base, hardState });
    if (this.#random.below(2) === 0) {
      await this.#cut();
      await this.#open();
    }
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
    let installs = 0;
    for (const seed of seeds) {
      const run = new LogRun(seed);
      try {
        await run.execute();
      } catch (error) {
        throw new Error(`SEED=${String(seed)}: ${String(error)}`, { cause: error });
      }
      installs += run.installs;
    }
    assert.ok(installs >= seeds.length);
  });
});
