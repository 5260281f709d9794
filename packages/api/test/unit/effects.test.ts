/** What the table of errors says of each code is so: where it says that nothing was done, nothing was. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { errorDefinitions } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { StreamClient } from '../stream-client.ts';
import { prepared, unprepared } from './effects/provoked.ts';
import type { Provocation } from './effects/provoked.ts';
import { startWorld, visible } from './effects/world.ts';
import type { World } from './effects/world.ts';

const packages = new URL('../../../', import.meta.url);
const codes = Object.keys(errorDefinitions) as readonly ErrorCode[];

/** Codes that this package does not make, or not by a request alone: the file of the test that provokes each, why it is there,
 * and a part of its title where the code is not in that. */
const provokedElsewhere: Readonly<
  Partial<Record<ErrorCode, readonly [file: string, why: string, title?: string]>>
> = {
  overloaded: ['api/test/unit/effects.test.ts', 'it takes many requests in flight: see below'],
  no_quorum: ['engine/test/integration/effects.test.ts', 'it takes a member that is down'],
  not_supported_yet: ['engine/test/integration/effects.test.ts', 'it takes an older member'],
  learner_not_ready: ['engine/test/integration/effects.test.ts', 'it takes a learner'],
  membership_change_in_progress: [
    'engine/test/integration/effects.test.ts',
    'it takes a change that cannot be committed',
  ],
  wrong_epoch: ['quorum/test/unit/effects.test.ts', 'lease nodes alone answer so'],
  another_set: ['quorum/test/unit/effects.test.ts', 'lease nodes alone answer so'],
  not_voting: ['quorum/test/unit/effects.test.ts', 'lease nodes alone answer so'],
  store_unavailable: [
    'queue/test/integration/redis-effects.test.ts',
    'it takes a Redis that is down',
  ],
  fill_superseded: [
    'engine/test/unit/cache-writes.test.ts',
    'it takes a leader that gives turns to load values (WRITE-3)',
    'then it is looked at when the write has its turn',
  ],
  audit_unavailable: [
    'api/test/unit/auditing.test.ts',
    'it takes an audit whose disk is full',
    'refuses changes while it cannot record them',
  ],
  cache_busy: [
    'state/test/unit/cache.test.ts',
    'no leader of this release puts two writes of a key in one entry (WRITE-1)',
    'is written once in an entry',
  ],
};

const titlesIn = (text: string): readonly string[] =>
  Array.from(text.matchAll(/\b(?:it|test)\(\s*['"`]([^\n]*)/g), ([, title = '']) => title);

test('every code that says that nothing was done is provoked, here or in the test that is named', () => {
  for (const code of codes) {
    const isHere = code in prepared || code in unprepared;
    const elsewhere = provokedElsewhere[code];
    const isCertain = errorDefinitions[code].effect === 'none';
    assert.equal(Number(isHere) + Number(elsewhere !== undefined), isCertain ? 1 : 0, code);
    if (elsewhere === undefined) continue;
    const [file, , title = code] = elsewhere;
    const text = readFileSync(new URL(file, packages), 'utf8');
    assert.ok(text.includes(code), `${file}: ${code}`);
    assert.ok(
      titlesIn(text).some((one) => one.includes(title)),
      `no test in ${file}: ${title}`,
    );
  }
});

async function assertUnchanged(code: string, provoke: Provocation, world: World): Promise<void> {
  const { method, url, body, headers, meanwhile } = await provoke(world);
  const before = visible(world);
  const waiting = world.engine.waiterCount;
  const answering = world.request(method, url, body, headers);
  if (meanwhile !== undefined) {
    while (world.engine.waiterCount === waiting)
      await new Promise((resolve) => setImmediate(resolve));
    assert.notDeepEqual(visible(world), before, 'that it waits can be seen');
    meanwhile();
  }
  const answer = await answering;
  assert.equal(answer.body['code'], code, answer.text);
  assert.deepEqual(visible(world), before);
}

describe('a request that is refused with a code that says that nothing was done', () => {
  test('given one that takes no preparation, then nothing is changed that anybody can see', async (t) => {
    const world = await startWorld(t);
    for (const [code, provoke] of Object.entries(unprepared))
      await t.test(`given ${code}`, () => assertUnchanged(code, provoke, world));
  });

  for (const [code, provoke] of Object.entries(prepared))
    test(`given ${code}, then nothing is changed that anybody can see`, async (t) => {
      const world = await startWorld(t, { limits: { maxEventsKept: 5 } });
      await assertUnchanged(code, provoke, world);
    });

  test('given overloaded, then nothing is changed that anybody can see', async (t) => {
    const world = await startWorld(t, { limits: { maxRequestsPerStream: 1 } });
    await world.built.app.listen({ host: '127.0.0.1', port: 0 });
    const { port } = world.built.app.server.address() as AddressInfo;
    const client = await StreamClient.open(`http://127.0.0.1:${String(port)}`);
    const ask = (name: string) => ({ session_id: world.other, name, wait_seconds: 60 });
    void client.call('acquire', ask('x'));
    while (world.engine.waiterCount === 0) await new Promise((resolve) => setImmediate(resolve));
    const before = visible(world);
    const reply = await client.call('acquire', ask('free'));
    assert.equal(reply.body['code'], 'overloaded');
    assert.deepEqual(visible(world), before);
  });
});

describe('a code that leaves open what was done', () => {
  test('given session_expired, then others may have seen the grant', async (t) => {
    const world = await startWorld(t);
    const body = { session_id: world.other, request_id: 9 };
    const granted = await world.request('POST', '/locks/free/acquire', body);
    assert.equal(granted.status, 200);
    const seen = await world.request('GET', '/locks/free/status');
    assert.equal(seen.body['locked'], true);
    await world.request('DELETE', `/sessions/${world.other}`);
    const copy = await world.request('POST', '/locks/free/acquire', body);
    assert.equal(copy.body['code'], 'session_expired');
    assert.equal(errorDefinitions.session_expired.effect, 'perhaps');
    const after = await world.request('GET', '/locks/free/status');
    assert.equal(after.body['locked'], false);
  });

  test('given wait_cancelled, then it may have been held for a while, and is not now', async (t) => {
    const world = await startWorld(t);
    const body = { session_id: world.other, request_id: 9 };
    await world.request('POST', '/locks/free/acquire', body);
    const cancelRequest = { request_id: 9, kind: 'lock', name: 'free' };
    await world.request('POST', `/sessions/${world.other}/cancel`, cancelRequest);
    const copy = await world.request('POST', '/locks/free/acquire', body);
    assert.equal(copy.body['code'], 'wait_cancelled');
    assert.equal(errorDefinitions.wait_cancelled.effect, 'perhaps');
  });
});

test('docs/errors.md says of every code what the table says', () => {
  const text = readFileSync(new URL('../docs/errors.md', packages), 'utf8');
  const finders = { cluster: 'the cluster', node: 'one node', client: 'the client' } as const;
  for (const code of codes) {
    const { effect, by, note } = errorDefinitions[code];
    const row = text.split('\n').find((line) => line.startsWith(`| \`${code}\``));
    const cells = row?.split('|').map((cell) => cell.trim());
    const done = effect === 'none' ? 'no' : 'perhaps';
    assert.equal(cells?.[4], note === undefined ? done : `${done}: ${note}`, code);
    assert.equal(cells?.[5], finders[by], code);
  }
});
