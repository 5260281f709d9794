/** Bad input is told what is wrong with it, and changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { assertProblem, startHarness } from '../harness.ts';
import type { MemoryEngine } from '../memory-engine.ts';

const held = 'orders';

interface Case {
  readonly given: string;
  readonly method?: 'GET' | 'POST' | 'DELETE' | 'PUT';
  /** `{own}` and `{other}` are sessions; `other` holds the lock `orders` with token 1. */
  readonly url: string;
  readonly body?: object | string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  readonly code: ErrorCode;
  readonly status: number;
  /** What the message must name. */
  readonly says?: RegExp;
  readonly details?: Readonly<Record<string, unknown>>;
}

const longName = 'é'.repeat(257);
const create = '/sessions';
const acquire = `/sessions/{own}/locks/${held}`;
const unknown = '00000000-0000-4000-8000-000000000000';

const sessionCases: readonly Case[] = [
  {
    given: 'an unknown session',
    method: 'GET',
    url: `/sessions/${unknown}`,
    code: 'session_not_found',
    status: 404,
    says: new RegExp(unknown),
  },
  {
    given: 'a keepalive of an unknown session',
    url: `/sessions/${unknown}/keepalive`,
    code: 'session_not_found',
    status: 404,
  },
  {
    given: 'the end of an unknown session',
    method: 'DELETE',
    url: `/sessions/${unknown}`,
    code: 'session_not_found',
    status: 404,
  },
  {
    given: 'an acquire for an unknown session',
    url: `/sessions/${unknown}/locks/a`,
    code: 'session_not_found',
    status: 404,
  },
  {
    given: 'an expired session',
    method: 'GET',
    url: '/sessions/{expired}',
    code: 'session_expired',
    status: 410,
  },
  {
    given: 'a keepalive of an expired session',
    url: '/sessions/{expired}/keepalive',
    code: 'session_expired',
    status: 410,
  },
  {
    given: 'an acquire for an expired session',
    url: '/sessions/{expired}/locks/a',
    code: 'session_expired',
    status: 410,
  },
  {
    given: 'a release by an expired session',
    method: 'DELETE',
    url: `/sessions/{expired}/locks/${held}`,
    code: 'session_expired',
    status: 410,
  },
  {
    given: 'a session id that is too long',
    method: 'GET',
    url: `/sessions/${'s'.repeat(129)}`,
    code: 'invalid_request',
    status: 400,
    says: /129 characters/,
  },
  {
    given: 'a session id with NUL',
    method: 'GET',
    url: '/sessions/a%00b',
    code: 'invalid_request',
    status: 400,
    says: /NUL/,
  },
];

const timeCases: readonly Case[] = [
  {
    given: 'a negative timeout',
    url: create,
    body: { timeout: -1 },
    code: 'invalid_request',
    status: 400,
    says: /"timeout" must be at least 1, not -1/,
    details: { field: 'timeout' },
  },
  {
    given: 'a timeout of 0',
    url: create,
    body: { timeout: 0 },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'an absurd timeout',
    url: create,
    body: { timeout: 1e12 },
    code: 'invalid_request',
    status: 400,
    says: /at most 86400/,
  },
  {
    given: 'a timeout above what is configured',
    url: create,
    body: { timeout: 3601 },
    code: 'invalid_request',
    status: 400,
    says: /at most 3600 seconds/,
  },
  {
    given: 'an infinite timeout',
    url: create,
    body: '{"timeout": 1e999}',
    code: 'invalid_request',
    status: 400,
    says: /Infinity/,
  },
  {
    given: 'NaN, which is no JSON',
    url: create,
    body: '{"timeout": NaN}',
    code: 'invalid_json',
    status: 400,
  },
  {
    given: 'a timeout in quotes',
    url: create,
    body: { timeout: '100' },
    code: 'invalid_request',
    status: 400,
    says: /type number, not "100"/,
  },
  {
    given: 'a timeout of null',
    url: create,
    body: { timeout: null },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a negative lock delay',
    url: create,
    body: { lock_delay_seconds: -0.5 },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a negative wait',
    url: acquire,
    body: { wait_seconds: -1 },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a wait longer than configured',
    url: acquire,
    body: { wait_seconds: 61 },
    code: 'invalid_request',
    status: 400,
    says: /at most 60/,
    details: { field: 'wait_seconds', limit: 60 },
  },
  {
    given: 'a negative ttl',
    url: '/locks/a/acquire',
    body: { client_id: 'c', ttl_seconds: -3 },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a ttl longer than configured',
    url: '/locks/a/acquire',
    body: { client_id: 'c', ttl_seconds: 4000 },
    code: 'invalid_request',
    status: 400,
    says: /at most 3600/,
  },
];

const bodyCases: readonly Case[] = [
  {
    given: 'a body that is too large',
    url: create,
    body: { client_id: 'x'.repeat(70_000) },
    code: 'body_too_large',
    status: 413,
    says: /65536 bytes/,
  },
  { given: 'invalid JSON', url: create, body: '{"client_id": ', code: 'invalid_json', status: 400 },
  {
    given: 'a body that is not UTF-8',
    url: create,
    body: Buffer.from([0x22, 0xff, 0x22]),
    code: 'invalid_json',
    status: 400,
    says: /UTF-8/,
  },
  {
    given: 'a body that is a list',
    url: create,
    body: '[]',
    code: 'invalid_request',
    status: 400,
    says: /The body must be of type object/,
  },
  { given: 'a body that is null', url: create, body: 'null', code: 'invalid_request', status: 400 },
  {
    given: 'an unknown field',
    url: create,
    body: { client_id: 'c', time_out: 3 },
    code: 'invalid_request',
    status: 400,
    says: /no field "time_out" here.*"timeout"/,
    details: { field: 'time_out' },
  },
  {
    given: 'an unknown field where none is expected',
    url: '/sessions/{own}/keepalive',
    body: { now: true },
    code: 'invalid_request',
    status: 400,
    says: /No fields are expected/,
  },
  {
    given: 'a field __proto__',
    url: create,
    body: '{"__proto__": {"timeout": 5}}',
    code: 'invalid_request',
    status: 400,
    says: /__proto__/,
  },
  {
    given: 'a field of the path in the body',
    url: acquire,
    body: { name: 'other' },
    code: 'invalid_request',
    status: 400,
    says: /no field "name"/,
  },
  {
    given: 'a form',
    url: create,
    body: 'client_id=c',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    code: 'unsupported_media_type',
    status: 415,
    says: /Content-Type: application\/json/,
  },
  {
    given: 'a mode that there is none of',
    url: acquire,
    body: { mode: 'SHARED' },
    code: 'invalid_request',
    status: 400,
    says: /"exclusive", "shared"/,
  },
  {
    given: 'a request id that is no number',
    url: acquire,
    body: { request_id: '1' },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a request id beyond what can be counted',
    url: acquire,
    body: { request_id: 2 ** 53 },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a client id with half of a surrogate pair',
    url: create,
    body: '{"client_id": "\\ud800"}',
    code: 'invalid_request',
    status: 400,
    says: /surrogate/,
  },
  {
    given: 'an empty client id',
    url: create,
    body: { client_id: '' },
    code: 'invalid_request',
    status: 400,
    says: /must not be empty/,
  },
];

const nameCases: readonly Case[] = [
  {
    given: 'a name of 257 characters',
    url: `/sessions/{own}/locks/${encodeURIComponent(longName)}`,
    code: 'name_too_long',
    status: 400,
    says: /257 characters/,
    details: { length: 257, limit: 256 },
  },
  {
    given: 'the status of a name of 257 characters',
    method: 'GET',
    url: `/locks/${encodeURIComponent(longName)}/status`,
    code: 'name_too_long',
    status: 400,
  },
  {
    given: 'an empty name',
    url: '/sessions/{own}/locks/',
    code: 'invalid_request',
    status: 400,
    says: /"name" must not be empty/,
  },
  {
    given: 'a name with NUL',
    url: '/sessions/{own}/locks/a%00',
    code: 'invalid_request',
    status: 400,
    says: /NUL/,
  },
  {
    given: 'a name that is not UTF-8',
    url: '/sessions/{own}/locks/%FF',
    code: 'invalid_request',
    status: 400,
    says: /percent-encoded/,
  },
  {
    given: 'a name that encodes a surrogate',
    url: '/sessions/{own}/locks/%ED%A0%80',
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a bare slash in a name',
    url: '/locks/a/b/acquire',
    body: { client_id: 'c' },
    code: 'route_not_found',
    status: 404,
    says: /%2F/,
  },
];

const holdCases: readonly Case[] = [
  {
    given: "somebody else's lock, to acquire",
    url: acquire,
    code: 'lock_held',
    status: 409,
    says: /client "other" with fence token 1/,
    details: { holders: [{ client_id: 'other', fence_token: 1, mode: 'exclusive' }] },
  },
  {
    given: "somebody else's lock, to release",
    method: 'DELETE',
    url: acquire,
    body: { fence_token: 1 },
    code: 'not_holder',
    status: 403,
  },
  {
    given: 'a lock that nobody holds, to release',
    method: 'DELETE',
    url: '/sessions/{own}/locks/free',
    code: 'lock_not_found',
    status: 404,
  },
  {
    given: 'a stale token',
    method: 'DELETE',
    url: `/sessions/{other}/locks/${held}`,
    body: { fence_token: 99 },
    code: 'stale_fence_token',
    status: 409,
    details: { fence_token: 99, current_fence_token: 1 },
  },
  {
    given: 'a token of 0',
    method: 'DELETE',
    url: `/sessions/{other}/locks/${held}`,
    body: { fence_token: 0 },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a stale token, to renew',
    url: `/locks/${held}/renew`,
    body: { session_id: '{other}', fence_token: 99 },
    code: 'stale_fence_token',
    status: 409,
  },
  {
    given: 'a stale token of a client, to renew',
    url: `/locks/${held}/renew`,
    body: { client_id: 'other', fence_token: 99 },
    code: 'stale_fence_token',
    status: 409,
  },
  {
    given: 'a lock of another session, to renew',
    url: `/locks/${held}/renew`,
    body: { session_id: '{own}', fence_token: 1 },
    code: 'not_holder',
    status: 403,
  },
  {
    given: 'a lock of another client, to release',
    url: `/locks/${held}/release`,
    body: { client_id: 'me', fence_token: 1 },
    code: 'not_holder',
    status: 403,
  },
  {
    given: 'a release by client id without a token',
    url: `/locks/${held}/release`,
    body: { client_id: 'other' },
    code: 'invalid_request',
    status: 400,
    says: /"fence_token" is missing/,
  },
  {
    given: 'a stale token of a client',
    url: `/locks/${held}/release`,
    body: { client_id: 'other', fence_token: 5 },
    code: 'stale_fence_token',
    status: 409,
  },
  {
    given: 'a release by client id of a free lock',
    url: '/locks/free/release',
    body: { client_id: 'other', fence_token: 5 },
    code: 'lock_not_found',
    status: 404,
  },
  {
    given: 'an acquire by nobody',
    url: '/locks/a/acquire',
    code: 'invalid_request',
    status: 400,
    says: /Provide session_id/,
  },
  {
    given: 'an acquire by two',
    url: '/locks/a/acquire',
    body: { session_id: '{own}', client_id: 'c' },
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a ttl for a session',
    url: '/locks/a/acquire',
    body: { session_id: '{own}', ttl_seconds: 5 },
    code: 'invalid_request',
    status: 400,
    says: /ttl_seconds/,
  },
  {
    given: 'a check without a token',
    url: `/locks/${held}/check`,
    code: 'invalid_request',
    status: 400,
    says: /"fence_token" is missing/,
  },
];

const pathCases: readonly Case[] = [
  {
    given: 'an unknown path',
    method: 'GET',
    url: '/nowhere',
    code: 'route_not_found',
    status: 404,
    says: /GET \/nowhere.*openapi/,
  },
  {
    given: 'a method that the path has not',
    method: 'PUT',
    url: '/sessions',
    body: {},
    code: 'method_not_allowed',
    status: 405,
  },
  {
    given: 'an unknown consistency',
    method: 'GET',
    url: `/locks/${held}/status?consistency=maybe`,
    code: 'invalid_request',
    status: 400,
    says: /"linearizable", "stale"/,
  },
  {
    given: 'an unknown field in the query',
    method: 'GET',
    url: '/locks?prefx=a',
    code: 'invalid_request',
    status: 400,
    says: /"prefx"/,
  },
  {
    given: 'a query where none is expected',
    url: '/sessions?timeout=5',
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a page size in words',
    method: 'GET',
    url: '/locks?limit=ten',
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a page size in hexadecimal',
    method: 'GET',
    url: '/locks?limit=0x10',
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a page of nothing',
    method: 'GET',
    url: '/locks?limit=0',
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a field twice in the query',
    method: 'GET',
    url: '/locks?prefix=a&prefix=b',
    code: 'invalid_request',
    status: 400,
  },
  {
    given: 'a member without an address',
    url: '/cluster/members',
    body: { node_id: 'n' },
    code: 'invalid_request',
    status: 400,
    says: /"address" is missing/,
  },
  {
    given: 'a member with an address without a port',
    url: '/cluster/members',
    body: { node_id: 'n', address: 'host' },
    code: 'invalid_request',
    status: 400,
  },
  ...['::1:7000', '[::]:7000', '0.0.0.0:7000', 'h:0', 'h:70000', 'a/b:1'].map((address) => ({
    given: `a member with the address ${address}, which leads nobody there`,
    url: '/cluster/members',
    body: { node_id: 'n', address },
    code: 'invalid_request' as const,
    status: 400,
    says: /"address" must /,
  })),
  {
    given: 'a member that is one already',
    url: '/cluster/members',
    body: { node_id: 'node-2', address: 'h:1' },
    code: 'member_exists',
    status: 409,
  },
  {
    given: 'a vote for a member that there is none of',
    url: '/cluster/members/node-9/promote',
    code: 'member_not_found',
    status: 404,
  },
  {
    given: 'a member that there is none of',
    method: 'DELETE',
    url: '/cluster/members',
    body: { node_id: 'node-9' },
    code: 'member_not_found',
    status: 404,
  },
  {
    given: 'a member that there is none of, named in the path',
    method: 'DELETE',
    url: '/cluster/members/node-9',
    code: 'member_not_found',
    status: 404,
  },
  {
    given: 'nobody to remove',
    method: 'DELETE',
    url: '/cluster/members',
    code: 'invalid_request',
    status: 400,
    says: /"node_id" is missing/,
  },
  {
    given: 'a page of another origin',
    url: '/sessions',
    headers: { origin: 'https://evil.example' },
    code: 'forbidden',
    status: 403,
    says: /evil\.example/,
  },
];

/** All that a client could see, but for the count of how often a session was heard from. */
function stateOf({ state }: MemoryEngine): object {
  return {
    sessions: [...state.sessions()].map((session) => ({ ...session, renewal: 0 })),
    locks: state.list('lock', { prefix: '', limit: 100 }),
    stats: state.stats(),
  };
}

function fill<T>(value: T, ids: Readonly<Record<string, string>>): T {
  const text = JSON.stringify(value).replaceAll(
    /\{(own|other|expired)\}/g,
    (_all, id: string) => ids[id] ?? '',
  );
  return JSON.parse(text) as T;
}

const groups: Readonly<Record<string, readonly Case[]>> = {
  sessions: sessionCases,
  times: timeCases,
  bodies: bodyCases,
  names: nameCases,
  holds: holdCases,
  paths: pathCases,
};

for (const [group, cases] of Object.entries(groups)) {
  describe(`bad input: ${group}`, () => {
    for (const {
      given,
      method = 'POST',
      url,
      body,
      headers,
      code,
      status,
      says,
      details,
    } of cases) {
      test(`given ${given}, then ${code}, and nothing has changed`, async (t) => {
        const {
          engine,
          request,
          session,
          acquire: take,
        } = startHarness(t, {
          limits: { maxSessionTimeoutSeconds: 3600 },
        });
        const other = await session({ client_id: 'other' });
        const own = await session({ client_id: 'own' });
        const expired = await session();
        await take(other, held);
        engine.expire(expired);
        const ids = { own, other, expired };
        const digestBefore = engine.state.digest();
        const stateBefore = stateOf(engine);

        const payload = body === undefined || body instanceof Buffer ? body : fill(body, ids);
        const answer = await request(method, fill(url, ids), payload, headers);

        assertProblem(answer, status, code);
        if (says !== undefined) assert.match(String(answer.body['detail']), says);
        for (const [field, value] of Object.entries(details ?? {})) {
          assert.deepEqual(answer.body[field], value, field);
        }
        const reachedTheLog = engine.submitted.length > 4;
        if (!reachedTheLog) assert.equal(engine.state.digest(), digestBefore);
        assert.deepEqual(stateOf(engine), stateBefore);
      });
    }
  });
}

describe('refusals', () => {
  test('given a lock that is held, when it is refused, then no session id of the holder is told', async (t) => {
    const { request, session, acquire: take } = startHarness(t);
    const holder = await session({ client_id: 'holder' });
    await take(holder, held);
    const own = await session();

    const answer = await request('POST', `/sessions/${own}/locks/${held}`);

    assertProblem(answer, 409, 'lock_held');
    assert.ok(!answer.text.includes(holder));
  });

  for (const code of [
    'no_quorum',
    'not_leader',
    'outcome_unknown',
    'overloaded',
    'shutting_down',
  ] as const) {
    test(`given a cluster that answers ${code}, then 503 with when to ask again`, async (t) => {
      const { engine, request } = startHarness(t);
      engine.failWith = new HoldfastError(code, 'As the engine says it.');

      const answer = await request('POST', '/sessions');

      assertProblem(answer, 503, code);
      assert.equal(answer.headers['retry-after'], '1');
      assert.equal(answer.body['detail'], 'As the engine says it.');
    });
  }

  test('given a defect of the node, then internal without its message, which is logged', async (t) => {
    const { engine, request, logged } = startHarness(t);
    engine.failWith = new TypeError('secret of the house');

    const answer = await request('POST', '/sessions');

    assertProblem(answer, 500, 'internal');
    assert.ok(!answer.text.includes('secret'));
    assert.equal(logged.length, 1);
  });

  test('given a rule that refuses, then its code, and nothing was submitted', async (t) => {
    const asked: string[] = [];
    const { engine, request } = startHarness(t, {
      authorize: ({ identity }, { operation, body }) => {
        asked.push(`${identity} ${operation} ${JSON.stringify(body)}`);
        throw new HoldfastError('forbidden', 'Not this one.');
      },
    });

    assertProblem(await request('POST', '/sessions', { timeout: 5 }), 403, 'forbidden');
    assertProblem(await request('GET', '/metrics'), 403, 'forbidden');

    assert.deepEqual(asked, ['anonymous create_session {"timeout":5}', 'anonymous metrics {}']);
    assert.equal(engine.submitted.length, 0);
  });
});
