/** TEXT-1: no text that a user reads has a retired word, and each says what to do next. */
import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { describe, it, test } from 'node:test';
import { errorDefinitions } from '@holdfast/protocol';
import type { Refusal } from '@holdfast/state';
import { retiredWords } from '../../../../scripts/check-words.ts';
import * as ofKernel from '../../../state/src/kernel/refusals.ts';
import type { FenceToken, ResourceName, SessionId } from '../../../state/src/kernel/names.ts';
import type { EndedHold } from '../../../state/src/kernel/view-types.ts';
import { notLeading } from '../../../state/src/primitives/election/refusals.ts';
import { lockNotFound } from '../../../state/src/primitives/lock/refusals.ts';
import * as ofQueues from '../../../state/src/primitives/queue/refusals.ts';
import { notPermitHolder } from '../../../state/src/primitives/semaphore/refusals.ts';
import { internalError, requestErrorOf, stoppingError } from '../../src/request-error.ts';
import { cannotRecord } from '../../src/pipeline/auditing.ts';
import { startHarness } from '../harness.ts';
import { StreamClient } from '../stream-client.ts';
import { saysWhatToDo } from '../next-step.ts';
import { prepared, unprepared } from './effects/provoked.ts';
import type { Asked } from './effects/provoked.ts';
import { startWorld } from './effects/world.ts';

const name = 'x' as ResourceName;
const sessionId = 's' as SessionId;
const endedBy = (reason: EndedHold['reason']): EndedHold => ({
  fenceToken: 7 as FenceToken,
  kind: 'lock',
  name,
  clientId: 'a',
  reason,
  revision: 9,
});
const endings = [undefined, ...(['expired', 'forced', 'max_hold'] as const).map(endedBy)];
const receipt = { messageId: 1, delivery: 2, fenceToken: 3 as FenceToken };
const refused = (
  code: Refusal['code'],
  message: string,
  details: Refusal['details'] = {},
): Refusal => ({ ok: false, code, message, details });

/** What the state machine refuses in more than one way; each code once stands in the tables of provoked.ts. */
const variants: readonly Refusal[] = [
  ofKernel.sessionNotFound(sessionId),
  ofKernel.sessionEnded(sessionId, 'expired'),
  ofKernel.sessionEnded(sessionId, 'ended'),
  ofKernel.ownHoldEnded('r'),
  ofKernel.sessionExists(sessionId),
  ofKernel.waitCancelled(name, 3),
  ofKernel.waitCancelled(name, 'r'),
  ofKernel.requestForgotten(3, 5),
  ofKernel.requestForgotten('r', 5),
  ofKernel.outcomeForgotten('r'),
  ofKernel.requestTooOld({ madeAtMs: 1, liveMs: 2 }, 9),
  ofKernel.requestReused(3, 'an acquire of "y"'),
  ...endings.flatMap((ended) => [
    lockNotFound(name, ended),
    notLeading(name, ended),
    notPermitHolder(name, 3, ended),
  ]),
  ...(['waiting', 'in_flight', 'delayed', 'dead'] as const).map((state) =>
    ofQueues.staleReceipt(name, receipt, { state, deliveries: 3 }),
  ),
  ofQueues.staleReceipt(name, receipt, undefined),
  ofQueues.queueNotFound(name),
  ofQueues.delayedByKey(name),
  ofQueues.withoutKey(name),
  ofQueues.orderInUse(name, 'key', 3),
  ofQueues.queueNotEmpty(name, 1, 2),
  ofQueues.tooManyQueues(3),
  ofQueues.tooManyDedupIds(3),
  ofQueues.queueFull(name, 'max_messages_per_queue', 3),
  ...(['wait_timeout', 'wait_abandoned'] as const).map((code) =>
    refused(
      code,
      'The wait for barrier "x" was given up by its caller; this session is out again.',
      {
        resource: name,
      },
    ),
  ),
  refused('wait_timeout', 'The wait for "x" ran out before it was free.', {
    resource: name,
    holders: [],
    waiter_count: 0,
  }),
  ...[
    'max_remembered_sessions',
    'max_remembered_bytes',
    'max_remembered_sessions_per_caller',
    'max_remembered_bytes_per_caller',
  ].map((limit) =>
    ofKernel.limitExceeded(limit, 3, 'Late requests are kept from being carried out twice.'),
  ),
  refused('limit_mismatch', 'Barrier "x" is for 3 parties in this round, not 4.', {
    resource: name,
    parties: 3,
    given: 4,
  }),
  refused('not_elected', '"x" is not won: 2 candidates are ahead. Wait or try again later.', {
    resource: name,
    leader: null,
    candidate_count: 2,
  }),
];

/** "Ran out" and "forced open" are no retired words of code, for leases and files do so. */
const ofOldTexts = /ran out|forced open|stays closed|close a circle/;

function assertGood(text: string, what: string): void {
  assert.deepEqual(retiredWords(what, text), []);
  assert.doesNotMatch(text, ofOldTexts, what);
  assert.ok(saysWhatToDo(text), `${what} does not say what to do next: ${text}`);
}

describe('What a refusal of the state machine says (TEXT-1)', () => {
  for (const refusal of variants)
    it(`is in standard terms: ${refusal.code}, ${refusal.message}`, () => {
      const { code, message } = requestErrorOf(refusal);
      assertGood(message, code);
      assert.ok(code in errorDefinitions);
    });

  it('is the stored text where nothing better can be made of the details', () => {
    for (const code of ['deadlock', 'lock_delayed', 'not_holder'] as const)
      assert.equal(requestErrorOf(refused(code, 'stored')).message, 'stored');
  });

  it('is told of what is called otherwise in logs and snapshots by its name on the wire', () => {
    assert.equal(requestErrorOf(ofKernel.waitCancelled(name, 3)).code, 'wait_cancelled');
  });
});

describe('What a node answers to a request that it refuses (TEXT-1)', () => {
  test('is in standard terms, whatever needs no preparation', async (t) => {
    const world = await startWorld(t);
    for (const [code, provoke] of Object.entries(unprepared)) {
      const { method, url, body, headers, meanwhile }: Asked = await provoke(world);
      const waiting = world.engine.waiterCount;
      const answering = world.request(method, url, body, headers);
      if (meanwhile !== undefined) {
        while (world.engine.waiterCount === waiting)
          await new Promise((resolve) => setImmediate(resolve));
        meanwhile();
      }
      assertGood(String((await answering).body['detail']), code);
    }
  });

  for (const [code, provoke] of Object.entries(prepared))
    test(`is in standard terms: ${code}`, async (t) => {
      const world = await startWorld(t, { limits: { maxEventsKept: 5 } });
      const { method, url, body, headers }: Asked = await provoke(world);
      const answer = await world.request(method, url, body, headers);
      assert.equal(answer.body['code'], code);
      assertGood(String(answer.body['detail']), code);
    });

  test('is in standard terms, of its own errors', () => {
    for (const { code, message } of [internalError, stoppingError, cannotRecord])
      assertGood(message, code);
  });

  test('names the election that is in its lock-delay period', async (t) => {
    const { engine, request, session } = startHarness(t);
    const gone = await session({ lock_delay_seconds: 4.18 });
    const other = await session();
    await request('POST', '/election/leader/campaign', { session_id: gone });
    engine.expire(gone);
    const refusal = await request('POST', '/election/leader/campaign', { session_id: other });
    assert.equal(refusal.body['code'], 'lock_delayed');
    assert.match(
      String(refusal.body['detail']),
      /^"leader" is in its lock-delay period for another 4\.2 s/,
    );
  });

  test('names the lock that is in its lock-delay period, of several', async (t) => {
    const { engine, request, session, acquire } = startHarness(t);
    const gone = await session({ lock_delay_seconds: 4.18 });
    const other = await session();
    await acquire(gone, 'b');
    engine.expire(gone);
    const resources = ['a', 'b', 'c'].map((one) => ({ kind: 'lock', name: one }));
    const refusal = await request('POST', '/locks/acquire-many', { session_id: other, resources });
    assert.equal(refusal.body['code'], 'lock_delayed', refusal.text);
    assert.match(String(refusal.body['detail']), /^"b" is in its lock-delay period/);
  });

  test('names the cycle of a deadlock, and how many members it does not list', async (t) => {
    const { engine, request, session, acquire } = startHarness(t);
    const ids: string[] = [];
    for (let at = 0; at < 12; at++) {
      const id = await session({ client_id: `c${String(at)}` });
      ids.push(id);
      await acquire(id, `l${String(at)}`);
    }
    const wait = (at: number) =>
      request('POST', `/locks/l${String((at + 1) % 12)}/acquire`, {
        session_id: ids[at],
        wait_seconds: 60,
      });
    for (let at = 1; at < 12; at++) {
      void wait(at);
      while (engine.waiterCount < at) await new Promise((resolve) => setImmediate(resolve));
    }
    const refusal = await wait(0);
    assert.equal(refusal.body['code'], 'deadlock');
    assert.match(
      String(refusal.body['detail']),
      /^Waiting would cause a deadlock: c0 → c1 → .* → c9 → … \(2 more\) → c0\. The request was not executed\./,
    );
  });

  test('is the same on a stream', async (t) => {
    const world = await startWorld(t);
    await world.built.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.built.app.server.address() as AddressInfo;
    const client = await StreamClient.open(`http://127.0.0.1:${String(port)}`);
    const body = { session_id: world.other, name: 'free', fence_token: 5 };
    const ofStream = await client.call('release', body);
    const ofHttp = await world.request('POST', '/locks/free/release', {
      session_id: world.other,
      fence_token: 5,
    });
    assert.equal(ofStream.body['detail'], ofHttp.body['detail']);
    assertGood(String(ofStream.body['detail']), 'lock_not_found');
  });

  test('names the whole cycle of two', async (t) => {
    const world = await startWorld(t);
    const { method, url, body } = await prepared.deadlock(world);
    const refusal = await world.request(method, url, body);
    assert.match(String(refusal.body['detail']), /deadlock: (\S+) → (\S+) → \1\./);
    assert.doesNotMatch(String(refusal.body['detail']), /more/);
  });
});
