/** Which sessions a stream follows: as many as it uses, and none that anybody makes up. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { operations } from '@holdfast/contract';
import type { Operation } from '@holdfast/contract';
import { FollowedSessions } from '../../src/stream/followed.ts';
import type { Followed } from '../../src/stream/followed.ts';
import { RequestError } from '../../src/request-error.ts';

function following(most?: number): { sessions: FollowedSessions; told: Set<string> } {
  const told = new Set<string>();
  const sessions = new FollowedSessions({
    begin: (id) => told.add(id),
    end: (id) => told.delete(id),
    ...(most === undefined ? {} : { most }),
  });
  return { sessions, told };
}

function declared(name: string): Operation {
  const operation = operations.find((one) => one.name === name);
  assert.ok(operation !== undefined);
  return operation;
}

const acquire = declared('acquire');
const create = declared('create_session');

function named(sessions: FollowedSessions, session_id: string): Followed {
  const followed = sessions.name(acquire, { session_id });
  assert.ok(followed !== undefined && !(followed instanceof RequestError));
  return followed;
}

const refused = (code: 'session_not_found' | 'session_expired' | 'forbidden'): RequestError =>
  new RequestError(code, 'No.');

describe('the sessions of a stream', () => {
  test('given a request, then its session is followed before it is answered, and after it was done (FOLLOWED-1)', () => {
    const { sessions, told } = following();
    const request = named(sessions, 'a');
    assert.deepEqual([...told], ['a']);
    sessions.answered(request, {});
    assert.deepEqual([...told], ['a']);
    sessions.answered(named(sessions, 'a'), refused('forbidden'));
    assert.deepEqual([...told], ['a'], 'it was there');
  });

  test('given a request that is refused, then its name is forgotten once none under it is unanswered (FOLLOWED-2)', () => {
    const { sessions, told } = following();
    const [first, second] = [named(sessions, 'a'), named(sessions, 'a')];
    sessions.answered(first, refused('forbidden'));
    assert.deepEqual([...told], ['a'], 'the other one may be done');
    sessions.answered(second, refused('forbidden'));
    assert.deepEqual([...told], []);
  });

  for (const code of ['session_not_found', 'session_expired'] as const)
    test(`given the answer ${code}, then its name is forgotten, whatever was done before (FOLLOWED-2)`, () => {
      const { sessions, told } = following();
      sessions.answered(named(sessions, 'a'), {});
      sessions.answered(named(sessions, 'a'), refused(code));
      assert.deepEqual([...told], []);
    });

  test('given as many sessions as may be, then one more is refused, but for what keeps or gives back (FOLLOWED-3)', () => {
    const { sessions, told } = following(2);
    sessions.answeredUnnamed(create, { session_id: 'a' });
    sessions.answered(named(sessions, 'b'), {});
    for (const [operation, body] of [
      [acquire, { session_id: 'c' }],
      [create, {}],
    ] as const) {
      const answer = sessions.name(operation, body);
      assert.ok(answer instanceof RequestError);
      assert.equal(answer.code, 'limit_exceeded');
      const told = { limit: 'max_sessions_per_stream', value: 2, scope: 'node' };
      assert.deepEqual(answer.details, told);
    }
    assert.equal(sessions.name(declared('keepalive'), { session_id: 'c' }), undefined);
    assert.equal(named(sessions, 'a').sessionId, 'a', 'what it uses goes on');
    sessions.ended('a');
    assert.equal(named(sessions, 'c').sessionId, 'c');
    assert.deepEqual([...told].toSorted(), ['b', 'c']);
  });

  test('given a session that is created, then it is followed from the answer on, and where that refuses none is (FOLLOWED-4)', () => {
    const { sessions, told } = following();
    assert.equal(sessions.name(create, {}), undefined);
    sessions.answeredUnnamed(create, refused('forbidden'));
    assert.deepEqual([...told], []);
    sessions.answeredUnnamed(create, { session_id: 'a' });
    sessions.answered(named(sessions, 'a'), refused('forbidden'));
    assert.deepEqual([...told], ['a'], 'it was there from the beginning');
  });

  test('given an answer that tells of a session and creates none, then that is not followed (FOLLOWED-4)', () => {
    const { sessions, told } = following();
    sessions.answeredUnnamed(declared('check'), { session_id: 'a' });
    assert.deepEqual([...told], []);
  });

  test('given a request that ends a session, then it is not followed for that (FOLLOWED-4)', () => {
    const { sessions, told } = following();
    assert.equal(sessions.name(declared('end_session'), { session_id: 'a' }), undefined);
    assert.deepEqual([...told], []);
  });
});
