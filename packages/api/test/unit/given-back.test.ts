/** Floods of requests that give back what their caller does not have: what comes of them into the log (RATE-5, GONE-1). */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import type { AuditedRequest, NodeAuditing } from '../../src/index.ts';
import { mostRefusedReturns } from '../../src/pipeline/given-back.ts';
import { secured } from '../secured-api.ts';

type Headers = Readonly<Record<string, string>>;

const standing = (): typeof systemClock & { nowMs: number } => {
  const clock = { ...systemClock, nowMs: 1000, now: () => clock.nowMs };
  return clock;
};

const auditing = (told: AuditedRequest[]): NodeAuditing => ({
  isOn: true,
  recordsReads: false,
  cannotRecord: false,
  cannotRecordReads: false,
  tell: (request) => told.push(request),
  status: () => ({ isFailing: false, refusesChanges: false, chains: [] }),
  latest: async () => ({ records: [], isWhole: true }),
  checkpoint: async () => undefined,
});

describe('given authentication and any one rule', () => {
  test('a flood of ends of sessions that are not there, or are of others, brings nothing into the log', async (t) => {
    const told: AuditedRequest[] = [];
    const { request, identity, root, engine } = await secured(t, { auditing: auditing(told) });
    await request('POST', '/audit/enable', {}, root);
    const caller = await identity('caller', { verb: 'read', kind: 'lock', name: 'x' });
    const foreign = await request('POST', '/sessions', {}, root);
    const before = { size: engine.audit.size, count: engine.submitted.length };
    told.length = 0;
    const ids = [...Array.from({ length: 100 }, () => randomUUID()), foreign.body['session_id']];
    for (const id of ids) {
      const answer = await request('DELETE', `/sessions/${String(id)}`, undefined, caller);
      assert.deepEqual([answer.status, answer.body['code']], [404, 'session_not_found']);
    }
    assert.deepEqual({ size: engine.audit.size, count: engine.submitted.length }, before);
    const recorded = told.filter(({ outcome }) => outcome === 'session_not_found');
    assert.equal(recorded.length, ids.length, 'the node that was asked is told of each');
    const own = await request('POST', '/sessions', {}, caller);
    const path = `/sessions/${String(own.body['session_id'])}`;
    assert.equal((await request('DELETE', path, undefined, caller)).status, 200);
    const again = await request('DELETE', path, undefined, caller);
    assert.equal(again.body['code'], 'session_expired');
    const byRoot = `/sessions/${String(foreign.body['session_id'])}`;
    assert.equal((await request('DELETE', byRoot, undefined, root)).status, 200);
  });

  test('a flood of releases of what is not held is bounded, and no release of what is held is refused', async (t) => {
    const clock = standing();
    const { request, identity, engine } = await secured(t, { clock });
    const caller = await identity(
      'caller',
      ...['lock', 'semaphore', 'election'].map((kind) => ({ verb: 'acquire', kind })),
    );
    const session = await request('POST', '/sessions', {}, caller);
    const session_id = String(session.body['session_id']);
    const post = (path: string, body: object, headers: Headers = caller) =>
      request('POST', path, { session_id, ...body }, headers);
    const held = await post('/locks/mine/acquire', {});
    const permits = await post('/semaphores/mine/acquire', { permits: 1, limit: 1 });
    const lead = await post('/elections/mine/campaign', {});
    const before = engine.submitted.length;
    const codes = new Map<unknown, number>();
    for (let count = 0; count < 150; count++) {
      const { body } = await post('/locks/theirs/release', { fence_token: 999 });
      codes.set(body['code'], (codes.get(body['code']) ?? 0) + 1);
    }
    assert.equal(engine.submitted.length - before, mostRefusedReturns);
    assert.deepEqual(Object.fromEntries(codes), {
      lock_not_found: mostRefusedReturns,
      limit_exceeded: 150 - mostRefusedReturns,
    });
    const returns: readonly (readonly [string, object])[] = [
      ['/locks/mine/release', { fence_token: held.body['fence_token'] }],
      ['/semaphores/mine/release', { fence_token: permits.body['fence_token'] }],
      ['/elections/mine/resign', { fence_token: lead.body['fence_token'] }],
    ];
    for (const [path, body] of returns) {
      const answer = await post(path, body);
      assert.equal(answer.status, 200, `${path}: ${answer.text}`);
    }
    const other = await identity('other', { verb: 'acquire', kind: 'lock' });
    const own = await request('POST', '/sessions', {}, other);
    const theirs = { session_id: own.body['session_id'], fence_token: 999 };
    const unbounded = await request('POST', '/locks/theirs/release', theirs, other);
    assert.equal(unbounded.body['code'], 'lock_not_found', 'each identity has a limit of its own');
    clock.nowMs += 1000;
    const later = await post('/locks/theirs/release', { fence_token: 999 });
    assert.equal(later.body['code'], 'lock_not_found', 'it fills with time');
  });
});
