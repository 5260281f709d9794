import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createStateMachine, initialLimits } from '@holdfast/state';
import type { Command, ResourceName, SessionId } from '@holdfast/state';
import { LeaseTable } from '../../src/leases.ts';
import { answerQuery } from '../../src/queries.ts';

describe('The holders of a resource', () => {
  it('are those who can use it: not a session that has expired and has not given it back yet', () => {
    const state = createStateMachine({ ...initialLimits, maxWorkPerEntry: 1 });
    const sessionId = 'large' as SessionId;
    const names = ['x', 'y', 'z'] as ResourceName[];
    const commands: Command[] = [
      {
        type: 'create_session',
        sessionId,
        clientId: 'tester',
        timeoutMs: 1000,
        lockDelayMs: 0,
        createdAtMs: 0,
      },
      ...names.map((name): Command => ({
        type: 'acquire',
        sessionId,
        requestId: name,
        name,
        mode: 'exclusive',
        waitMs: 0,
        acquiredAtMs: 0,
      })),
    ];
    const entry = (index: number, list: readonly Command[]): void =>
      void state.apply({
        index,
        time: 0,
        commands: list.map((command) => ({ identity: 'anonymous', command })),
      });
    entry(1, commands);
    const fenceToken = state.show('lock', 'z' as ResourceName).holders[0]?.fenceToken;
    assert.ok(fenceToken !== undefined);
    const found = () => {
      const answer = answerQuery(
        state,
        new LeaseTable(),
        {
          type: 'find_hold',
          kind: 'lock',
          name: 'z',
          fenceToken,
        },
        { identity: 'anonymous' },
      );
      assert.ok(answer.type === 'found_hold');
      return answer;
    };
    assert.equal(found().found.hold?.sessionId, sessionId);

    entry(2, [{ type: 'expire_session', sessionId, renewal: state.renewalOf(sessionId) ?? 0 }]);
    assert.equal(
      state.show('lock', 'z' as ResourceName).holders.length,
      1,
      'it is not given back yet',
    );
    const after = found();
    assert.equal(after.found.hold, undefined);
    assert.equal(after.found.currentToken, undefined);
    assert.equal(after.ended?.reason, 'expired');
  });
});

describe('The list of sessions', () => {
  it('tells of each when the leader heard of it last, where this node has its lease', () => {
    const state = createStateMachine(initialLimits);
    const create = (sessionId: string): Command => ({
      type: 'create_session',
      sessionId: sessionId as SessionId,
      clientId: 'tester',
      timeoutMs: 1000,
      lockDelayMs: 0,
      createdAtMs: 0,
    });
    const commands = ['a', 'b'].map((id) => ({ identity: 'anonymous', command: create(id) }));
    state.apply({ index: 1, time: 0, commands });
    const leases = { lastRenewedWallMs: (id: string) => (id === 'b' ? 5000 : undefined) };
    const answer = answerQuery(
      state,
      leases,
      { type: 'list', kind: 'session', wanted: { prefix: '', limit: 10 } },
      { identity: 'anonymous' },
    );
    assert.ok(answer.type === 'list');
    assert.deepEqual(answer.keepAlivesMs, [null, 5000]);
  });
});
