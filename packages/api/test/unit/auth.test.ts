import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { operations } from '@holdfast/contract';
import { verbs } from '@holdfast/state';
import type { Answer } from '../harness.ts';
import { startHarness } from '../harness.ts';
import { secured, withKey } from '../secured-api.ts';

function assertRefused(answer: Answer, status: number, code: string): void {
  assert.equal(answer.body['code'], code, answer.text);
  assert.equal(answer.status, status);
}

describe('authentication', () => {
  test('is turned on with the key of an administrator alone (ADMIN-1)', async (t) => {
    const { request, engine } = startHarness(t);
    assertRefused(await request('POST', '/auth/enable'), 409, 'no_administrator');
    const user = await request('POST', '/auth/keys', { identity: 'user' });
    const userKey = withKey(String(user.body['key']));
    assertRefused(await request('POST', '/auth/enable', {}, userKey), 409, 'no_administrator');
    assert.equal(engine.access.isEnabled, false);
    assert.equal((await request('GET', '/locks')).status, 200, 'nobody is asked anything before');
  });

  test('is turned on where nobody else has anything, or that is kept (AUTH-5)', async (t) => {
    const { request, engine } = startHarness(t);
    const planted = await request('POST', '/auth/keys', { identity: 'admin' });
    const made = await request('POST', '/auth/keys', { identity: 'admin', roles: ['admin'] });
    const own = withKey(String(made.body['key']));
    assertRefused(await request('POST', '/auth/enable', {}, own), 409, 'others_have_access');
    assert.equal(engine.access.isEnabled, false);
    const id = String(planted.body['key_id']);
    assert.equal((await request('DELETE', `/auth/keys/${id}`)).status, 200);
    assert.equal((await request('POST', '/auth/enable', {}, own)).status, 200);
    await request('POST', '/auth/disable', {}, own);
    await request('POST', '/auth/keys', { identity: 'ann' });
    assertRefused(await request('POST', '/auth/enable', {}, own), 409, 'others_have_access');
    const kept = await request('POST', '/auth/enable', { keep_others: true }, own);
    assert.equal(kept.status, 200, kept.text);
  });

  test('leaves identities of recovery keys to those (ADMIN-2)', async (t) => {
    const { request } = startHarness(t);
    const identity = 'recovery-k1';
    for (const [path, body] of [
      ['/auth/keys', { identity }],
      ['/auth/identities/recovery-k1/bind', { role: 'admin' }],
      ['/auth/certificates', { field: 'dns', value: 'a', identity }],
      ['/auth/keys', { identity: 'recovery' }],
    ] as const)
      assertRefused(await request('POST', path, body), 400, 'invalid_request');
  });

  test('refuses whoever proves nothing, a wrong key, and what is no key (DENY-1, DENY-2)', async (t) => {
    const { request, root } = await secured(t);
    const anonymous = await request('GET', '/locks');
    assertRefused(anonymous, 401, 'unauthorized');
    assert.equal(anonymous.headers['www-authenticate'], 'Bearer realm="holdfast"');
    const right = String(root['authorization']);
    const wrong = `${right.slice(0, -1)}${right.endsWith('A') ? 'E' : 'A'}`;
    for (const authorization of [wrong, 'Bearer x', 'Basic eDp5', 'Bearer hf_k1_short'])
      for (const url of ['/locks', '/livez', '/auth', '/nothing'])
        assertRefused(await request('GET', url, undefined, { authorization }), 401, 'unauthorized');
    assert.equal((await request('GET', '/livez')).status, 200);
    assert.equal((await request('GET', '/locks', undefined, root)).status, 200);
  });

  test('leaves no secret in the state', async (t) => {
    const { request, root, engine } = await secured(t);
    const key = await request('POST', '/auth/keys', { identity: 'ann' }, root);
    const secret = String(key.body['key']).split('_').slice(2).join('_');
    assert.equal(secret.length, 43);
    const state = Buffer.concat([...engine.state.snapshot()]).toString();
    assert.ok(state.includes(String(key.body['key_id'])));
    assert.ok(!state.includes(secret));
    const list = await request('GET', '/auth/keys', undefined, root);
    assert.ok(!list.text.includes(secret));
    assert.ok(!list.text.includes('hash'));
  });

  test('of a key that has ended is over, and says which', async (t) => {
    const { request, root, identity, keyOf } = await secured(t);
    const ann = await identity('ann', { verb: 'read', kind: 'lock' });
    assert.equal((await request('GET', '/locks', undefined, ann)).status, 200);
    const rotated = await request('POST', `/auth/keys/${keyOf(ann)}/rotate`, {}, root);
    assert.equal(rotated.body['identity'], 'ann');
    assertRefused(await request('GET', '/locks', undefined, ann), 401, 'unauthorized');
    const next = withKey(String(rotated.body['key']));
    assert.equal((await request('GET', '/locks', undefined, next)).status, 200);
    assert.equal(
      (await request('DELETE', `/auth/keys/${keyOf(next)}`, undefined, root)).status,
      200,
    );
    assertRefused(await request('GET', '/locks', undefined, next), 401, 'unauthorized');
  });

  test('says which rule decides', async (t) => {
    const { request, root, identity } = await secured(t);
    await identity('ann', { verb: 'acquire', kind: 'lock', prefix: 'a/' });
    const ask = (name: string) =>
      request(
        'POST',
        '/auth/check',
        { identity: 'ann', verb: 'acquire', kind: 'lock', name },
        root,
      );
    assert.deepEqual((await ask('a/b')).body, {
      allowed: true,
      enabled: true,
      role: 'of-ann',
      rule: 'acquire lock a/*',
      roles: ['of-ann'],
    });
    const no = await ask('b');
    assert.equal(no.body['allowed'], false);
    assert.equal(no.body['rule'], null);
  });

  test('of the kind in the body of a grant gives nobody the right to grant', async (t) => {
    const { request, identity } = await secured(t);
    const ann = await identity('ann', { verb: 'admin', kind: 'lock' });
    const grant = { verb: 'admin', kind: 'lock', name: 'x' };
    assertRefused(await request('POST', '/auth/roles/of-ann/grant', grant, ann), 403, 'forbidden');
    assertRefused(
      await request('POST', '/auth/check', { identity: 'ann', ...grant }, ann),
      403,
      'forbidden',
    );
  });
});

describe('rules', () => {
  test('have the verbs that operations are declared with', () => {
    const declared = new Set(operations.map(({ access }) => access.verb));
    assert.deepEqual([...declared].toSorted(), [...verbs].toSorted());
  });

  test('give back the simple lock of an owner, whoever else calls itself so (OWNER-1)', async (t) => {
    const { request, identity } = await secured(t);
    const rule = { verb: 'acquire', kind: 'lock' };
    const [ann, bob] = [await identity('ann', rule), await identity('bob', rule)];
    const acquire = { name: 'y', owner: 'o', ttl_seconds: 60, mode: 'shared' };
    for (const who of [bob, ann])
      assert.equal((await request('POST', '/lock/acquire', acquire, who)).status, 200);
    const first = await request('POST', '/lock/acquire', acquire, ann);
    const again = await request('POST', '/lock/acquire', acquire, ann);
    assert.equal(again.body['fence_token'], first.body['fence_token'], 'a renewal is no new hold');
    const release = { name: 'y', owner: 'o' };
    const released = await request('POST', '/lock/release', release, ann);
    assert.equal(released.status, 200, released.text);
    assert.equal((await request('POST', '/lock/release', release, bob)).status, 200);
  });

  test('are asked about each part of an acquire of several', async (t) => {
    const { request, identity } = await secured(t);
    const ann = await identity('ann', { verb: 'acquire', kind: 'lock', prefix: 'a/' });
    const { body } = await request('POST', '/sessions', {}, ann);
    const many = (...resources: readonly object[]) =>
      request('POST', '/locks/acquire-many', { session_id: body['session_id'], resources }, ann);
    const own = { kind: 'lock', name: 'a/1' };
    assertRefused(await many(own, { kind: 'lock', name: 'b/1' }), 403, 'forbidden');
    assertRefused(await many(own, { kind: 'semaphore', name: 'a/2', limit: 1 }), 403, 'forbidden');
    assert.equal((await many(own, { kind: 'lock', name: 'a/2' })).status, 200);
  });

  test('leave out of lists what may not be read, and where the next one of it would be (LIST-3)', async (t) => {
    const { request, root, identity } = await secured(t);
    const { body } = await request('POST', '/sessions', {}, root);
    const names = ['a/1', 'a/2', 'b/1', 'b/2', 'c', 'c/1', 'd/1'];
    for (const name of names)
      await request(
        'POST',
        `/sessions/${String(body['session_id'])}/locks/${encodeURIComponent(name)}`,
        {},
        root,
      );
    const ann = await identity(
      'ann',
      { verb: 'read', kind: 'lock', prefix: 'b/' },
      { verb: 'read', kind: 'lock', name: 'c' },
      { verb: 'read', kind: 'lock', prefix: 'd/' },
    );
    for (const limit of [1, 2, 3, 100]) {
      const seen: string[] = [];
      const told: (string | null)[] = [];
      let after: string | undefined;
      for (let page = 0; page < 20; page++) {
        const from = after === undefined ? '' : `&after=${encodeURIComponent(after)}`;
        const list = await request('GET', `/locks?limit=${String(limit)}${from}`, undefined, ann);
        assert.equal(list.status, 200, list.text);
        for (const { resource } of list.body['locks'] as readonly { resource: string }[])
          seen.push(resource);
        const next = list.body['next_after'] as string | null;
        told.push(next);
        if (next === null) break;
        after = next;
      }
      assert.deepEqual(seen, ['b/1', 'b/2', 'c', 'd/1'], `limit ${String(limit)}`);
      assert.ok(
        told.every((name) => name === null || seen.includes(name)),
        told.join(', '),
      );
    }
    const inPrefix = await request('GET', '/locks?prefix=c', undefined, ann);
    assert.deepEqual(
      (inPrefix.body['locks'] as readonly { resource: string }[]).map(({ resource }) => resource),
      ['c'],
    );
    assertRefused(await request('GET', '/semaphores', undefined, ann), 403, 'forbidden');
  });

  test('leave out of events what may not be read, also of one name that others begin with', async (t) => {
    const { request, root, identity } = await secured(t);
    const ann = await identity('ann', { verb: 'read', kind: 'lock', name: 'a' });
    const session = await request('POST', '/sessions', {}, root);
    for (const name of ['a', 'ab', 'b'])
      await request(
        'POST',
        `/sessions/${String(session.body['session_id'])}/locks/${name}`,
        {},
        root,
      );
    for (const query of ['', '?prefix=a', '?name=a', '?name=ab']) {
      const { body } = await request('GET', `/events${query}`, undefined, ann);
      const named = (body['events'] as readonly { resource: string }[]).map((one) => one.resource);
      assert.deepEqual(named, query === '?name=ab' ? [] : ['a'], query);
    }
    await request(
      'POST',
      '/auth/roles/of-ann/revoke',
      { verb: 'read', kind: 'lock', name: 'a' },
      root,
    );
    assertRefused(await request('GET', '/events', undefined, ann), 403, 'forbidden');
  });
});

describe('a session of another identity', () => {
  test('is not found, and its id is left out of what others are told (VISIBLE-1)', async (t) => {
    const { request, root, identity } = await secured(t);
    const rules = [
      { verb: 'acquire', kind: 'lock' },
      { verb: 'read', kind: 'lock' },
      { verb: 'read', kind: 'session' },
    ];
    const ann = await identity('ann', ...rules);
    const bob = await identity('bob', ...rules);
    const made = await request('POST', '/sessions', { client_id: 'c' }, ann);
    const id = String(made.body['session_id']);
    const url = `/sessions/${id}/locks/x`;
    const held = await request('POST', url, {}, ann);
    assert.equal(held.status, 200, held.text);
    const fence = Number(held.body['fence_token']);
    for (const [method, path, body] of [
      ['GET', `/sessions/${id}`, undefined],
      ['GET', `/sessions/${id}/locks`, undefined],
      ['GET', `/sessions/${id}/waits`, undefined],
      ['POST', `/sessions/${id}/keepalive`, {}],
      ['POST', `/sessions/${id}/locks/y`, {}],
      ['DELETE', url, undefined],
      ['DELETE', `/sessions/${id}`, undefined],
      ['POST', '/cancel', { session_id: id, kind: 'lock', name: 'x', request_id: 1 }],
    ] as const)
      assertRefused(await request(method, path, body, bob), 404, 'session_not_found');
    const status = await request('GET', '/locks/x/status', undefined, bob);
    assert.equal(status.status, 200, status.text);
    assert.ok(!status.text.includes(id));
    assert.ok((await request('GET', '/locks/x/status', undefined, ann)).text.includes(id));
    const list = await request('GET', '/sessions', undefined, bob);
    assert.deepEqual(list.body['sessions'], []);
    assert.equal((await request('GET', '/sessions', undefined, root)).text.includes(id), true);
    const release = { client_id: 'c', fence_token: fence };
    const other = await request('POST', '/locks/x/release', release, bob);
    assert.equal(other.status, 403, other.text);
    assert.ok(!other.text.includes(id));
    assert.equal((await request('DELETE', `/sessions/${id}`, undefined, root)).status, 200);
  });

  test('is not entered by the client id and request id that it was made with (ID-1)', async (t) => {
    const { request, identity } = await secured(t);
    const ann = await identity('ann', { verb: 'acquire', kind: 'lock' });
    const bob = await identity('bob', { verb: 'acquire', kind: 'lock' });
    const body = { client_id: 'c', request_id: 'r' };
    const one = await request('POST', '/sessions', body, ann);
    const other = await request('POST', '/sessions', body, bob);
    assert.equal(other.status, 200);
    assert.notEqual(other.body['session_id'], one.body['session_id']);
    assert.equal(
      (await request('POST', '/sessions', body, ann)).body['session_id'],
      one.body['session_id'],
    );
  });
});

describe('a request that is repeated after authentication was turned on', () => {
  const session = { client_id: 'c', request_id: 'r' };
  const acquire = { client_id: 'c', ttl_seconds: 60, request_id: 1 };

  /** @returns Both before and after, by the client of these headers: none before where it had no key yet. */
  const acrossTheSwitch = async (t: TestContext, hasKeyBefore: boolean) => {
    const { request } = startHarness(t);
    const made = await request('POST', '/auth/keys', { identity: 'ann', roles: ['admin'] });
    const ann = withKey(String(made.body['key']));
    const ask = async (headers: Readonly<Record<string, string>> | undefined) => ({
      session: await request('POST', '/sessions', session, headers),
      hold: await request('POST', '/locks/x/acquire', acquire, headers),
    });
    const before = await ask(hasKeyBefore ? ann : undefined);
    assert.equal(before.hold.status, 200, before.hold.text);
    assert.equal((await request('POST', '/auth/enable', {}, ann)).status, 200);
    return { request, ann, before, after: await ask(ann) };
  };

  test('is the same one where the client showed its key before (ID-1)', async (t) => {
    const { before, after } = await acrossTheSwitch(t, true);
    assert.equal(after.session.body['session_id'], before.session.body['session_id']);
    assert.equal(after.hold.status, 200, after.hold.text);
    assert.equal(after.hold.body['fence_token'], before.hold.body['fence_token']);
  });

  test('is a new one where it had none: what anybody could have made is given to nobody (ID-1, OWNER-1)', async (t) => {
    const { request, ann, before, after } = await acrossTheSwitch(t, false);
    const id = String(before.session.body['session_id']);
    assert.equal(after.session.status, 200, after.session.text);
    assert.notEqual(after.session.body['session_id'], id);
    assertRefused(after.hold, 409, 'lock_held');
    const keepalive = await request('POST', `/sessions/${id}/keepalive`, {}, ann);
    assertRefused(keepalive, 404, 'session_not_found');
    // From here on it is recognised.
    const again = await request('POST', '/sessions', session, ann);
    assert.equal(again.body['session_id'], after.session.body['session_id']);
  });
});

describe('a wait', () => {
  test('ends with the key, and with the rule, that it stands on, and no other one does (DENY-4)', async (t) => {
    const { request, root, identity, keyOf, engine } = await secured(t);
    const rule = { verb: 'acquire', kind: 'lock', name: 'x' };
    const holder = await request('POST', '/sessions', {}, root);
    await request('POST', `/sessions/${String(holder.body['session_id'])}/locks/x`, {}, root);
    const waiting = async (name: string) => {
      const headers = await identity(name, rule);
      const { body } = await request('POST', '/sessions', {}, headers);
      const path = `/sessions/${String(body['session_id'])}/locks/x`;
      const answer = request('POST', path, { wait_seconds: 50, request_id: 1 }, headers);
      return { headers, answer };
    };
    const ann = await waiting('ann');
    const bob = await waiting('bob');
    const cy = await waiting('cy');
    while (engine.waiterCount < 3) await new Promise((resolve) => setImmediate(resolve));
    await request('DELETE', `/auth/keys/${keyOf(ann.headers)}`, undefined, root);
    assertRefused(await ann.answer, 401, 'unauthorized');
    await request('POST', '/auth/roles/of-bob/revoke', rule, root);
    assertRefused(await bob.answer, 403, 'forbidden');
    assert.equal(engine.waiterCount, 1);
    await request('DELETE', `/sessions/${String(holder.body['session_id'])}`, undefined, root);
    assert.equal((await cy.answer).status, 200);
  });
});
