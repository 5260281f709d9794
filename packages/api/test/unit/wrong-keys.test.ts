/** How many wrong keys somebody may try. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import { StillClock } from '../../../engine/test/unit/still-clock.ts';
import { HoldfastError } from '@holdfast/protocol';
import { secured } from '../secured-api.ts';
import { AccessControl } from '../../src/pipeline/access-control.ts';
import { RequestError } from '../../src/request-error.ts';
import { WrongKeys } from '../../src/pipeline/wrong-keys.ts';

class Guessing {
  nowMs = 0;
  readonly keys: WrongKeys = new WrongKeys(10, () => this.nowMs);

  /** @returns How many of them were told to be wrong. */
  told(count: number, keyId = 'k1', address = '192.0.2.1'): number {
    let told = 0;
    for (let at = 0; at < count; at++) if (this.keys.wrong(keyId, address) === undefined) told += 1;
    return told;
  }
}

describe('wrong keys', () => {
  test('are told so many times a second under one id, then refused as too many (WRONG-KEY-1)', () => {
    const guessing = new Guessing();
    assert.equal(guessing.told(1000), 10);
    assert.equal(guessing.told(10, 'k1', '192.0.2.2'), 10, 'of another address');
    guessing.nowMs += 500;
    assert.equal(guessing.told(1000), 5);
    assert.partialDeepStrictEqual(guessing.keys.wrong('k1', '192.0.2.1')?.details, {
      limit: 'max_wrong_keys_per_second_per_address',
      scope: 'node',
      retry_after_seconds: 1,
    });
  });

  test('are told so many times a second under all ids together (WRONG-KEY-1)', () => {
    const guessing = new Guessing();
    let told = 0;
    for (let at = 0; at < 500; at++) told += guessing.told(1, `k${String(at)}`);
    assert.equal(told, 50);
  });

  test('are kept of a bounded number of addresses and ids (WRONG-KEY-3)', () => {
    const guessing = new Guessing();
    for (let at = 0; at < 25_000; at++) {
      const address = `2001:db8:${at.toString(16)}::1`;
      guessing.keys.wrong('k1', address);
    }
    assert.ok(guessing.keys.size <= 10_000);
  });
});

test('a node refuses them with 429, and no key that holds, of that id or another one (WRONG-KEY-1, WRONG-KEY-2)', async (t) => {
  const clock = { ...systemClock, now: () => 1000 };
  const { request, root, identity } = await secured(t, { clock });
  const other = await identity('other', { verb: 'read', kind: 'lock' });
  assert.equal((await request('GET', '/locks', undefined, other)).status, 200);
  const wrong = { authorization: `${String(root['authorization']).slice(0, -2)}__` };
  for (let at = 0; at < 20; at++)
    assert.equal((await request('GET', '/locks', undefined, wrong)).status, 401);
  const refused = await request('GET', '/locks', undefined, wrong);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [429, '1']);
  for (const right of [root, other])
    assert.equal((await request('GET', '/locks', undefined, right)).status, 200);
});

test('a node that has not caught up since its start refuses nobody for good, and for good from then on (DENY-5)', async (t) => {
  const { request, root, identity, engine } = await secured(t);
  const reader = await identity('reader', { verb: 'read', kind: 'lock' });
  const wrong = { authorization: `${String(root['authorization']).slice(0, -2)}__` };
  const codes = async (): Promise<readonly unknown[]> => {
    const asked = [wrong, reader, {}].map((headers) =>
      request('POST', '/auth/disable', {}, headers).then(({ body }) => body['code']),
    );
    return Promise.all(asked);
  };
  const now = engine.revision;
  let revision = -1;
  Object.defineProperty(engine, 'revision', { get: () => revision });
  assert.deepEqual(await codes(), ['not_leader', 'not_leader', 'not_leader']);
  revision = now;
  const late = ['unauthorized', 'forbidden', 'unauthorized'];
  assert.deepEqual(await codes(), late);
  // Under load something is always committed and not applied yet; and now and then nobody leads.
  const status = engine.status();
  const changes = [
    { appliedIndex: 5, commitIndex: 9 },
    { ready: false },
    { role: 'learner' },
  ] as const;
  for (const change of changes) {
    engine.status = () => ({ ...status, ...change });
    assert.deepEqual(await codes(), late, JSON.stringify(change));
  }
});

test('a node that nobody led when it started asks again by itself: what is refused later does not wait for that (DENY-5)', async (t) => {
  const { engine, root } = await secured(t);
  const clock = new StillClock();
  let asked = 0;
  let isReached = false;
  engine.query = (async () => {
    asked += 1;
    if (!isReached) throw new HoldfastError('no_quorum', 'No leader is known.');
    return { type: 'stats', stats: engine.state.stats(), revision: engine.revision };
  }) as typeof engine.query;
  const control = new AccessControl({
    engine,
    isRequired: false,
    clock,
    onKeyUsed: () => undefined,
  });
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  await turn();
  clock.pass(1000);
  await turn();
  isReached = true;
  clock.pass(1000);
  await turn();
  clock.pass(10_000);
  assert.equal(asked, 3, 'until there is an answer');
  const authorization = `${String(root['authorization']).slice(0, -2)}__`;
  const proven = control.authenticate({
    authorization,
    certificateNames: () => [],
    address: '192.0.2.1',
  });
  assert.ok(proven instanceof RequestError);
  assert.equal(proven.code, 'unauthorized');
  control.close();
});

test('a node that was away believes no commit index from before: what it refuses waits for a word of the leader (DENY-5)', async (t) => {
  const { engine, request, root } = await secured(t);
  // The api of a node that starts again: all that it knows is applied, and the cluster is further.
  let isReached = false;
  let leaderRevision = engine.revision + 3;
  engine.query = (async () => {
    if (!isReached) throw new HoldfastError('no_quorum', 'No leader is known.');
    return { type: 'stats', stats: engine.state.stats(), revision: leaderRevision };
  }) as typeof engine.query;
  const control = new AccessControl({
    engine,
    isRequired: false,
    clock: systemClock,
    onKeyUsed: () => undefined,
  });
  const wrong = `${String(root['authorization']).slice(0, -2)}__`;
  const code = async (): Promise<unknown> => {
    const shown = { authorization: wrong, certificateNames: () => [], address: '192.0.2.1' };
    const proven = control.authenticate(shown);
    await new Promise((resolve) => setImmediate(resolve)); // What it asked the leader has an answer.
    return proven instanceof RequestError ? proven.code : 'proven';
  };
  assert.ok(engine.status().appliedIndex >= engine.status().commitIndex, 'as it knows itself');
  assert.deepEqual(
    [await code(), await code()],
    ['not_leader', 'not_leader'],
    'no leader is known',
  );
  isReached = true;
  assert.deepEqual([await code(), await code()], ['not_leader', 'not_leader'], 'it is behind');
  while (engine.revision < leaderRevision)
    await request('POST', '/auth/keys', { identity: 'ann' }, root);
  assert.equal(await code(), 'unauthorized');
  leaderRevision += 100;
  assert.equal(await code(), 'unauthorized', 'it has caught up once');
});
