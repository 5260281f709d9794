/** Floods of changes that the cluster refuses: what comes of them into the log and the audit of all nodes (RATE-6). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import { ReplicatedQueues } from '@holdfast/queue';
import type { AuditedRequest, NodeAuditing } from '../../src/index.ts';
import { provenCaller } from '../../src/pipeline/caller.ts';
import { RefusedChanges } from '../../src/pipeline/refused-changes.ts';
import { RequestError } from '../../src/request-error.ts';
import { MemoryEngine } from '../memory-engine.ts';
import { secured } from '../secured-api.ts';
import type { Secured } from '../secured-api.ts';

const perSecond = 10;
const asked = 50;

interface Flooded extends Secured {
  readonly clock: { nowMs: number };
  readonly told: AuditedRequest[];
  /** Asks so often for a lock that somebody else holds; counts the codes. */
  flood(headers: Readonly<Record<string, string>>): Promise<ReadonlyMap<unknown, number>>;
  readonly caller: Readonly<Record<string, string>>;
  readonly other: Readonly<Record<string, string>>;
}

async function flooded(
  t: TestContext,
  isOn: boolean,
  options: Parameters<typeof secured>[1] = {},
): Promise<Flooded> {
  const clock = { ...systemClock, nowMs: 1000, now: () => clock.nowMs };
  const told: AuditedRequest[] = [];
  const auditing: NodeAuditing = {
    isOn,
    recordsReads: false,
    cannotRecord: false,
    cannotRecordReads: false,
    tell: (request) => told.push(request),
    status: () => ({ isFailing: false, refusesChanges: false, chains: [] }),
    latest: async () => ({ records: [], isWhole: true }),
    checkpoint: async () => undefined,
  };
  const limits = { maxRefusedChangesPerSecondPerCaller: perSecond };
  const world = await secured(t, { clock, auditing, limits, ...options });
  const { request, identity, root } = world;
  if (isOn) await request('POST', '/audit/enable', {}, root);
  const caller = await identity('caller', { verb: 'acquire', kind: 'lock' });
  const other = await identity('other', { verb: 'acquire', kind: 'lock' });
  const owner = await request('POST', '/sessions', {}, root);
  const path = `/sessions/${String(owner.body['session_id'])}/locks/theirs`;
  assert.equal((await request('POST', path, {}, root)).status, 200);
  return {
    ...world,
    clock,
    told,
    caller,
    other,
    async flood(headers) {
      const session = await request('POST', '/sessions', {}, headers);
      const url = `/sessions/${String(session.body['session_id'])}/locks/theirs`;
      const codes = new Map<unknown, number>();
      for (let count = 0; count < asked; count++) {
        const { body } = await request('POST', url, {}, headers);
        codes.set(body['code'], (codes.get(body['code']) ?? 0) + 1);
      }
      return codes;
    },
  };
}

describe('given an audit, when one caller is refused again and again', () => {
  test('then so many come into the log, and the node that was asked is told of each of the others', async (t) => {
    const { flood, caller, engine, told, clock } = await flooded(t, true);
    const before = { size: engine.audit.size, count: engine.submitted.length };
    told.length = 0;
    const expected = new Map([
      ['lock_held', perSecond],
      ['limit_exceeded', asked - perSecond],
    ]);
    assert.deepEqual(await flood(caller), expected);
    // Its session, and what was refused.
    assert.equal(engine.submitted.length - before.count, 1 + perSecond);
    assert.equal(engine.audit.size - before.size, 1 + perSecond);
    const there = told.filter(({ outcome }) => outcome === 'limit_exceeded');
    assert.equal(there.length, asked - perSecond);
    for (const { identity, isRefused, changes } of there)
      assert.deepEqual([identity, isRefused, changes], ['caller', true, false]);
    clock.nowMs += 500;
    assert.equal((await flood(caller)).get('lock_held'), perSecond / 2, 'it fills with time');
  });

  test('then it is told when another try makes sense, keeps what it has, and nobody else is refused', async (t) => {
    const { flood, caller, other, request } = await flooded(t, true);
    const session = await request('POST', '/sessions', {}, caller);
    const path = `/sessions/${String(session.body['session_id'])}`;
    assert.equal((await request('POST', `${path}/locks/mine`, {}, caller)).status, 200);
    await flood(caller);
    const refused = await request('POST', `${path}/locks/theirs`, {}, caller);
    assert.equal(refused.status, 429);
    assert.equal(refused.headers['retry-after'], '1');
    assert.deepEqual(
      [refused.body['limit'], refused.body['value'], refused.body['scope']],
      ['max_refused_changes_per_second_per_caller', perSecond, 'node'],
    );
    assert.equal((await request('POST', `${path}/keepalive`, {}, caller)).status, 200);
    assert.equal((await request('DELETE', `${path}/locks/mine`, {}, caller)).status, 200);
    assert.equal((await request('DELETE', path, undefined, caller)).status, 200);
    assert.equal((await flood(other)).get('lock_held'), perSecond);
  });
});

test('given an audit, when a limit of the cluster refuses one caller again and again, then that is bounded alike', async (t) => {
  const { caller, engine, request } = await flooded(t, true);
  const create = async (): Promise<unknown> =>
    (await request('POST', '/sessions', {}, caller)).body['code'];
  while ((await create()) === undefined);
  const before = engine.submitted.length;
  for (let count = 0; count < asked; count++) assert.equal(await create(), 'limit_exceeded');
  assert.equal(engine.submitted.length - before, perSecond - 1);
});

describe('given an audit, when one caller is refused changes of queues again and again', () => {
  const codes = async ({ identity, request }: Flooded): Promise<ReadonlyMap<unknown, number>> => {
    const operator = await identity('operator', { verb: 'manage', kind: 'queue' });
    const counts = new Map<unknown, number>();
    for (let count = 0; count < asked; count++) {
      const { body } = await request('POST', '/queue/delete', { queue: 'none' }, operator);
      counts.set(body['code'], (counts.get(body['code']) ?? 0) + 1);
    }
    return counts;
  };

  test('then that is bounded where they are in the log', async (t) => {
    const expected = new Map([
      ['queue_not_found', perSecond],
      ['limit_exceeded', asked - perSecond],
    ]);
    assert.deepEqual(await codes(await flooded(t, true)), expected);
  });

  test('then it is not where they are kept elsewhere: nothing of it comes into the log', async (t) => {
    const elsewhere = new MemoryEngine();
    const queues = new ReplicatedQueues(elsewhere, { onRaw: () => () => undefined });
    const world = await flooded(t, true, { queues });
    const isDelete = ({ command }: (typeof elsewhere.submitted)[number]): boolean =>
      command.type === 'queue_delete';
    assert.deepEqual(await codes(world), new Map([['queue_not_found', asked]]));
    assert.equal(world.engine.submitted.filter(isDelete).length, 0);
    assert.equal(elsewhere.submitted.filter(isDelete).length, asked);
  });
});

test('given no audit, then nobody is refused for having been refused', async (t) => {
  const { flood, caller } = await flooded(t, false);
  assert.deepEqual(await flood(caller), new Map([['lock_held', asked]]));
});

test('many waits of one caller that run out at once refuse it nothing for longer than a second', async () => {
  const refused = new RefusedChanges(perSecond, () => nowMs);
  let nowMs = 1000;
  const caller = provenCaller('caller', { keyId: 'k' }, '192.0.2.1');
  const timedOut = new RequestError('wait_timeout', 'The wait timed out.');
  const ends: (() => void)[] = [];
  const waits = Array.from({ length: 1000 }, async () =>
    refused.run(caller, () => new Promise((resolve) => ends.push(() => resolve(timedOut)))),
  );
  for (const end of ends) end();
  await Promise.all(waits);
  const code = async (): Promise<unknown> => {
    const outcome = await refused.run(caller, async () => ({ done: true }));
    return outcome instanceof RequestError ? outcome.code : 'done';
  };
  assert.equal(await code(), 'limit_exceeded');
  nowMs += 1200;
  assert.equal(await code(), 'done');
});
