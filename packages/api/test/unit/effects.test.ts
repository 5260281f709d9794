/** What the table of errors says of each code is so: where it says that nothing was done, nothing was. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import type { ResourceName } from '@holdfast/state';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';

interface World extends Harness {
  /** Holds lock `x`, the only permit of semaphore `s`, election `e`; is in barrier `b` alone. */
  readonly holder: string;
  /** Has nothing. */
  readonly other: string;
}

/** What all can see. */
function visible({ engine: { state } }: Harness, sessions: readonly string[]): string {
  const at = (name: string): ResourceName => name as ResourceName;
  return JSON.stringify([
    state.stats(),
    state.list('lock', { prefix: '', limit: 100 }),
    ['s', 'free'].map((name) => state.show('semaphore', at(name))),
    ['e', 'free'].map((name) => state.show('election', at(name))),
    ['b', 'free'].map((name) => state.show('barrier', at(name))),
    ['k', 'free'].map((name) => state.show('latch', at(name))),
    sessions.map((id) => {
      const { renewal: _renewal, ...rest } = { renewal: 0, ...state.session(id as never) };
      return rest;
    }),
  ]);
}

type Ask = (world: World) => readonly ['POST' | 'DELETE', string, unknown?];
const post =
  (path: string, body: (world: World) => object): Ask =>
  (world) => ['POST', path, body(world)];
const failing =
  (code: ErrorCode): Ask =>
  (world) => {
    world.engine.failWith = new HoldfastError(code, 'Played.');
    return ['POST', '/locks/free/acquire', { session_id: world.other }];
  };

const provoked: Readonly<Partial<Record<ErrorCode, Ask>>> = {
  invalid_request: post('/locks/free/acquire', () => ({})),
  name_too_long: post(`/locks/${'x'.repeat(257)}/acquire`, ({ other }) => ({ session_id: other })),
  invalid_json: () => ['POST', '/locks/free/acquire', '{'],
  route_not_found: () => ['POST', '/nowhere', {}],
  session_not_found: post('/locks/free/acquire', () => ({ session_id: 'nobody' })),
  lock_held: post('/locks/x/acquire', ({ other }) => ({ session_id: other })),
  lock_not_found: post('/locks/free/release', ({ other }) => ({ session_id: other })),
  not_holder: post('/locks/x/release', ({ other }) => ({ session_id: other })),
  stale_fence_token: post('/locks/x/release', ({ holder }) => ({
    session_id: holder,
    fence_token: 999,
  })),
  request_reused: post('/locks/free/acquire', ({ holder }) => ({
    session_id: holder,
    request_id: 1,
  })),
  no_permits: post('/semaphores/s/acquire', ({ other }) => ({ session_id: other })),
  limit_mismatch: post('/semaphores/s/acquire', ({ other }) => ({ session_id: other, limit: 2 })),
  semaphore_not_found: post('/semaphores/free/acquire', ({ other }) => ({ session_id: other })),
  semaphore_in_use: () => ['DELETE', '/semaphores/s'],
  not_elected: post('/election/e/campaign', ({ other }) => ({ session_id: other })),
  barrier_closed: post('/barriers/b/enter', ({ other }) => ({ session_id: other, parties: 1 })),
  not_entered: post('/barriers/b/leave', ({ other }) => ({ session_id: other })),
  latch_not_found: post('/latches/free/count-down', () => ({})),
  overloaded: failing('overloaded'),
  no_quorum: failing('no_quorum'),
  not_leader: failing('not_leader'),
  limit_exceeded: failing('limit_exceeded'),
};

async function startWorld(harness: Harness): Promise<World> {
  const holder = await harness.session();
  const other = await harness.session();
  const ask = (path: string, body: object) => harness.request('POST', path, body);
  await ask('/locks/x/acquire', { session_id: holder, request_id: 1 });
  await ask('/semaphores/s/acquire', { session_id: holder, limit: 1 });
  await ask('/election/e/campaign', { session_id: holder });
  await ask('/barriers/b/enter', { session_id: holder, parties: 1 });
  return { ...harness, holder, other };
}

describe('a request that is refused with a code that says that nothing was done', () => {
  for (const [code, ask] of Object.entries(provoked)) {
    test(`given ${code}, then nothing is changed that anybody can see`, async (t) => {
      const world = await startWorld(startHarness(t));
      const sessions = [world.holder, world.other];
      const before = visible(world, sessions);
      const [method, url, body] = ask(world);
      const answer = await world.request(method, url, body as object);
      assert.equal(answer.body['code'], code, answer.text);
      world.engine.failWith = undefined;
      assert.equal(visible(world, sessions), before);
    });
  }
});

describe('a code that leaves open what was done', () => {
  test('given session_expired, then others may have seen the grant', async (t) => {
    const world = await startWorld(startHarness(t));
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

  test('given wait_abandoned, then it may have been held for a while, and is not now', async (t) => {
    const world = await startWorld(startHarness(t));
    const body = { session_id: world.other, request_id: 9 };
    await world.request('POST', '/locks/free/acquire', body);
    const giveUp = { request_id: 9, kind: 'lock', name: 'free' };
    await world.request('POST', `/sessions/${world.other}/give-up`, giveUp);
    const copy = await world.request('POST', '/locks/free/acquire', body);
    assert.equal(copy.body['code'], 'wait_abandoned');
    assert.equal(errorDefinitions.wait_abandoned.effect, 'perhaps');
  });
});

test('docs/errors.md says of every code what the table says', () => {
  const text = readFileSync(new URL('../../../../docs/errors.md', import.meta.url), 'utf8');
  const finders = { cluster: 'the cluster', node: 'one node', client: 'the client' } as const;
  for (const [code, { effect, by, note }] of Object.entries(errorDefinitions)) {
    const row = text.split('\n').find((line) => line.startsWith(`| \`${code}\``));
    const cells = row?.split('|').map((cell) => cell.trim());
    const done = effect === 'none' ? 'no' : 'perhaps';
    assert.equal(cells?.[4], note === undefined ? done : `${done}: ${note}`, code);
    assert.equal(cells?.[5], finders[by], code);
  }
});
