/** Whom a member asks for payloads, and how often (PASK-3, PASK-4, PRECENT-1, PRECENT-2). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { PayloadAsks } from '../../src/payloads/payload-asks.ts';
import type { GivenPayload, WirePayload } from '../../src/payloads/wire-payloads.ts';
import { storedOf, textOf } from './payload-stage.ts';

/** What a member answers; it may be no answer, or not be connected. */
type Other = ((id: number) => GivenPayload) | 'silent' | 'away';

const has = (id: number): GivenPayload => textOf(id);
const denies = (): GivenPayload => null;
const unreadable = (): GivenPayload => false;

/** Members by their ids: `a` leads. */
function members(others: Record<string, Other>) {
  /** Who was asked for what. */
  const asked: (readonly [member: string, ids: readonly number[]])[] = [];
  const clock = {
    nowMs: 1000,
    pauses: 0,
    now: () => clock.nowMs,
    after: (_ms: number, callback: () => void) => {
      clock.pauses += 1;
      setImmediate(callback);
      return () => undefined;
    },
  };
  const asks = new PayloadAsks({
    clock,
    transport: () => ({
      isConnected: (to) => others[to] !== 'away',
      call: (to, request) => {
        const { wanted } = request as { readonly wanted: readonly WirePayload[] };
        const ids = wanted.map(([id]) => id);
        asked.push([to, ids]);
        const give = others[to];
        return typeof give === 'function'
          ? Promise.resolve({ type: 'ok', value: ids.map((id) => give(id)) })
          : Promise.reject(new Error('It does not answer.'));
      },
    }),
    others: () => Object.keys(others) as MemberId[],
    leader: () => 'a' as MemberId,
  });
  const fetch = (...ids: readonly number[]) => asks.fetch(ids.map(storedOf), () => undefined);
  /** Who was asked since the last call. */
  const whoWasAsked = (): string =>
    asked
      .splice(0)
      .map(([member]) => member)
      .join('');
  return { clock, others, fetch, whoWasAsked };
}

describe('Pages of payloads that are missing', () => {
  it('wait once for a member that is away, and not each of them (PASK-4)', async () => {
    const { clock, fetch, whoWasAsked } = members({ a: denies, b: denies, c: 'away' });
    for (let page = 1; page <= 100; page++) {
      const { missing, nowhere, isAnswered } = await fetch(page);
      assert.equal(missing.length, 1);
      assert.equal(nowhere.size, 0, 'the member that is away may have it (PASK-3)');
      assert.equal(isAnswered, true);
    }
    assert.equal(clock.pauses, 2);
    assert.equal(whoWasAsked(), 'ababab' + 'ab'.repeat(99));
  });

  it('wait once for one that does not answer or cannot read its disk, and ask it all the same (PASK-3, PASK-4)', async () => {
    for (const c of ['silent', unreadable] as const) {
      const { clock, fetch, whoWasAsked } = members({ a: denies, b: denies, c });
      for (let page = 1; page <= 10; page++) assert.equal((await fetch(page)).nowhere.size, 0);
      assert.equal(clock.pauses, 2);
      assert.equal(whoWasAsked(), 'abcabcabc' + 'abc'.repeat(9));
    }
  });

  it('are said to be nowhere once the last one denies them, and fetched once it has them (PASK-3)', async () => {
    const { others, fetch } = members({ a: denies, b: denies, c: 'away' });
    await fetch(1);
    others['c'] = denies;
    assert.deepEqual([...(await fetch(1)).nowhere], [1]);
    others['c'] = has;
    assert.deepEqual((await fetch(1)).missing, []);
  });

  it('wait again after a while, and for who has answered since (PASK-4, PRECENT-2)', async () => {
    const { clock, others, fetch } = members({ a: denies, c: 'away' });
    await fetch(1);
    await fetch(1);
    assert.equal(clock.pauses, 2);
    clock.nowMs += 10_000;
    await fetch(1);
    assert.equal(clock.pauses, 4);
    others['c'] = denies;
    await fetch(1);
    others['c'] = 'away';
    await fetch(1);
    assert.equal(clock.pauses, 6);
  });

  it('wait for another member than the one that was asked in vain (PASK-4)', async () => {
    const { clock, others, fetch } = members({ a: denies, b: denies, c: 'away' });
    await fetch(1);
    others['b'] = unreadable;
    await fetch(2);
    assert.equal(clock.pauses, 4);
  });

  it('are asked of the leader first, and of who gave something before who did not (PRECENT-1)', async () => {
    const { clock, fetch, whoWasAsked } = members({ c: 'silent', b: has, a: denies });
    await fetch(1);
    assert.equal(whoWasAsked(), 'acb');
    await fetch(2, 3);
    await fetch(4);
    assert.equal(whoWasAsked(), 'bb');
    clock.nowMs += 10_000;
    await fetch(5);
    assert.equal(whoWasAsked(), 'acb', 'what it answered is forgotten (PRECENT-2)');
  });

  it('are asked of who gave all but one of them before who gave none (PRECENT-1)', async () => {
    const some = (id: number): GivenPayload => (id === 2 ? null : has(id));
    const { fetch, whoWasAsked } = members({ a: some, b: denies });
    await fetch(1, 2);
    await fetch(3);
    assert.equal(whoWasAsked(), 'aaba');
  });
});
