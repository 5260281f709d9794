import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { entryOverheadBytes, Log } from '../../src/log.ts';
import type { Entry } from '../../src/index.ts';
import { randomFrom } from '../random.ts';

/** The same log as one plain array that is searched. */
class Model {
  base = { index: 7, term: 1 };
  entries: Entry[] = [];

  get last(): number {
    return this.base.index + this.entries.length;
  }

  termAt(index: number): number | undefined {
    if (index === this.base.index) return this.base.term;
    return this.entries[index - this.base.index - 1]?.term;
  }

  bytesBetween(from: number, to: number): number {
    return this.entries
      .filter((entry) => entry.index >= from && entry.index <= to)
      .reduce((sum, { data }) => sum + data.byteLength + entryOverheadBytes, 0);
  }

  firstOfTermAt(at: number): number {
    let index = at;
    while (index > this.base.index + 1 && this.termAt(index - 1) === this.termAt(at)) index -= 1;
    return index;
  }

  lastOfTermUpTo(term: number, upTo: number): number {
    let index = Math.min(upTo, this.last);
    while (index > this.base.index && (this.termAt(index) ?? 0) > term) index -= 1;
    return index;
  }
}

function grow(log: Log, model: Model, random: () => number): void {
  let term = log.lastTerm;
  for (let count = Math.floor(random() * 400); count > 0; count--) {
    if (random() < 0.02) term += 1 + Math.floor(random() * 2);
    const data = new Uint8Array(Math.floor(random() * 10));
    const entry: Entry = { index: model.last + 1, term, kind: 'command', data };
    log.append([entry]);
    model.entries.push(entry);
  }
}

function compare(log: Log, model: Model, random: () => number): void {
  assert.equal(log.firstIndex, model.base.index + 1);
  assert.equal(log.lastIndex, model.last);
  assert.equal(log.lastTerm, model.termAt(model.last));
  for (let count = 0; count < 20; count++) {
    const index = model.base.index - 2 + Math.floor(random() * (model.entries.length + 4));
    const other = index + Math.floor(random() * 300);
    assert.equal(log.termAt(index), model.termAt(index), `term at ${String(index)}`);
    assert.equal(log.entryAt(index), model.entries[index - model.base.index - 1]);
    assert.equal(log.bytesBetween(index, other), model.bytesBetween(index, other));
    if (model.termAt(index) === undefined) continue;
    assert.equal(log.firstOfTermAt(index), model.firstOfTermAt(index));
    const term = Math.floor(random() * (log.lastTerm + 2));
    assert.equal(log.lastOfTermUpTo(term, index), model.lastOfTermUpTo(term, index));
    const slice = log.slice(index, other, 500, 30);
    const whole = model.entries.slice(Math.max(0, index - model.base.index - 1));
    if (index > model.base.index) assert.deepEqual(slice, whole.slice(0, slice.length));
  }
}

describe('The log in blocks', () => {
  for (const seed of [1, 2, 3, 4]) {
    it(`answers like a plain array after appends, truncations and compactions (seed ${String(seed)})`, () => {
      const random = randomFrom(seed);
      const log = new Log(7, 1, []);
      const model = new Model();
      for (let round = 0; round < 200; round++) {
        grow(log, model, random);
        const at = model.base.index + 1 + Math.floor(random() * (model.entries.length + 1));
        const what = random();
        if (what < 0.4) {
          log.truncateFrom(at);
          model.entries.length = at - model.base.index - 1;
        } else if (what < 0.7) {
          const term = model.termAt(at - 1) ?? assert.fail();
          log.compact(at);
          model.entries = model.entries.slice(at - 1 - model.base.index);
          model.base = { index: at - 1, term };
        }
        compare(log, model, random);
      }
    });
  }
});
