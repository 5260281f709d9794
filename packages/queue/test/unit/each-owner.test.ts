/** A command of which each owner does its part, with owners that answer as they are told. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { CommandResult, FenceToken, QueueCommand, ResourceName } from '@holdfast/state';
import { askEach } from '../../src/redis/each-owner.ts';
import type { AskedEach } from '../../src/redis/each-owner.ts';
import type { Executed } from '../../src/redis/partitions.ts';

type Does = Executed | ErrorCode;
interface Asked {
  readonly node: string;
  readonly command: QueueCommand;
  readonly forMs: number;
}

const name = 'jobs' as ResourceName;
const pop: QueueCommand = { type: 'queue_pop', name, count: 10 };
const purge = {
  type: 'queue_purge',
  name,
  part: 'messages',
  through: Number.MAX_SAFE_INTEGER,
  count: 1000,
} as const;
const redrive: QueueCommand = { type: 'queue_redrive', name, count: 2, ids: [64, 65] };

const done = (result: CommandResult): Executed => ({ type: 'done', result });
const moved = (count: number, through: number): Executed =>
  done({ ok: true, type: 'queue_moved', count, more: false, through });
const took = (id: number): Executed =>
  done({
    ok: true,
    type: 'queue_taken',
    deliveries: [
      { id, key: 'k', payload: '1', delivery: 1, fenceToken: 1 as FenceToken, maxDeliveries: 5 },
    ],
  });

/** Each owner takes so long, and an owner that fails all the time that it is given. */
class Owners {
  readonly asked: Asked[] = [];
  readonly #does: Readonly<Record<string, Does>>;
  nowMs = 0;

  constructor(does: Readonly<Record<string, Does>>) {
    this.#does = does;
  }

  all(command: QueueCommand, deadlineMs = 10_000, signal?: AbortSignal): Promise<AskedEach> {
    return askEach(command, Object.keys(this.#does), {
      ask: async (node, asked, untilMs) => {
        this.asked.push({ node, command: asked, forMs: untilMs - this.nowMs });
        const does = this.#does[node] ?? assert.fail();
        if (typeof does !== 'string') return Promise.resolve(does);
        this.nowMs = untilMs;
        return Promise.reject(new HoldfastError(does, 'It did not answer.'));
      },
      nowMs: () => this.nowMs,
      deadlineMs,
      signal,
    });
  }

  get names(): readonly string[] {
    return this.asked.map(({ node }) => node);
  }
}

function movedOf({ result }: AskedEach) {
  assert.ok(result.ok && result.type === 'queue_moved', JSON.stringify(result));
  const { count, more, through } = result;
  return { count, more, through };
}

function idsOf({ result }: AskedEach): readonly number[] {
  assert.ok(result.ok && result.type === 'queue_taken', JSON.stringify(result));
  return result.deliveries.map(({ id }) => id);
}

describe('a command that goes from owner to owner', () => {
  it('of which none did its part says that there is more, and names no end of it (RSTORE-5)', async () => {
    for (const command of [redrive, purge]) {
      const owners = new Owners({ a: { type: 'not_owner' }, b: { type: 'not_owner' } });
      const all = await owners.all(command);
      const through = Number.MAX_SAFE_INTEGER;
      assert.deepEqual(movedOf(all), { count: 0, more: true, through });
      assert.equal(all.hasMissed, true);
    }
  });

  it('tells what owners have done where a later one cannot be asked, and that there is more (RSTORE-5)', async () => {
    const owners = new Owners({ a: moved(3, 900), b: 'store_unavailable', c: moved(4, 990) });
    assert.deepEqual(movedOf(await owners.all(purge)), { count: 7, more: true, through: 900 });
    assert.deepEqual(owners.names, ['a', 'b', 'c']);
  });

  it('fails where the first cannot be asked, and where it is not known what a later one did', async () => {
    const first = new Owners({ a: 'store_unavailable', b: moved(4, 990) });
    await assert.rejects(first.all(purge), { code: 'store_unavailable' });
    assert.deepEqual(first.names, ['a']);
    const later = new Owners({ a: moved(3, 900), b: 'outcome_unknown' });
    await assert.rejects(later.all(purge), { code: 'outcome_unknown' });
  });

  it('leaves time for those behind an owner that does not answer (EACH-2)', async () => {
    const owners = new Owners({ a: 'outcome_unknown', b: 'outcome_unknown', c: took(5) });
    assert.deepEqual(idsOf(await owners.all(pop)), [5]);
    assert.deepEqual(
      owners.asked.map(({ forMs }) => forMs),
      [5000, 2500, 2500],
    );
    const hurried = new Owners({ a: 'outcome_unknown', b: took(5) });
    assert.deepEqual(idsOf(await hurried.all(pop, 1500)), [5]);
    assert.deepEqual(
      hurried.asked.map(({ forMs }) => forMs),
      [1000, 500],
    );
  });

  it('does not say that there are no messages where an owner may have taken some (EACH-3)', async () => {
    const nothing = done({ ok: true, type: 'queue_taken', deliveries: [] });
    for (const does of [
      { a: 'outcome_unknown', b: nothing },
      { a: nothing, b: 'outcome_unknown' },
      { a: 'outcome_unknown', b: 'store_unavailable', c: nothing },
    ] as const)
      await assert.rejects(new Owners(does).all(pop), { code: 'outcome_unknown' });
    const undone = new Owners({ a: 'store_unavailable', b: nothing });
    assert.deepEqual(idsOf(await undone.all(pop)), []);
    const taken = new Owners({ a: 'outcome_unknown', b: took(5), c: nothing });
    assert.deepEqual(idsOf(await taken.all(pop)), [5]);
  });

  it('asks nobody after its time, and fails with what was found by then (EACH-1)', async () => {
    const owners = new Owners({ a: 'outcome_unknown', b: took(5) });
    await assert.rejects(owners.all(pop, 800), { code: 'outcome_unknown' });
    assert.deepEqual(owners.names, ['a']);
  });

  it('asks nobody once its caller has gone (EACH-1)', async () => {
    const gone = AbortSignal.abort();
    const owners = new Owners({ a: took(5), b: took(6) });
    assert.deepEqual(idsOf(await owners.all(pop, 10_000, gone)), []);
    const purged = await owners.all(purge, 10_000, gone);
    assert.equal(movedOf(purged).more, true);
    assert.deepEqual(owners.asked, []);
  });
});
