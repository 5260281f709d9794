/** Bad input is told what is wrong with it, and changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { assertProblem, startHarness } from '../harness.ts';
import type { MemoryEngine } from '../memory-engine.ts';
import { held } from './refusals/case.ts';
import type { Case } from './refusals/case.ts';
import { bodyCases, sessionCases, timeCases } from './refusals/requests.ts';
import { holdCases, nameCases, pathCases } from './refusals/resources.ts';

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
    engine.failWith = new TypeError('secret of the process');

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
