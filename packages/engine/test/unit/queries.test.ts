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
    const fenceToken = state.lock('z' as ResourceName).holders[0]?.fenceToken;
    assert.ok(fenceToken !== undefined);
    const holders = () =>
      answerQuery(state, new LeaseTable(), {
        type: 'holders',
        kind: 'lock',
        name: 'z',
        fenceToken,
      });
    const before = holders();
    assert.ok(before.type === 'holders' && before.holders.length === 1);

    entry(2, [{ type: 'expire_session', sessionId, renewal: state.renewalOf(sessionId) ?? 0 }]);
    assert.equal(state.lock('z' as ResourceName).holders.length, 1, 'it is not given back yet');
    const after = holders();
    assert.ok(after.type === 'holders');
    assert.deepEqual(after.holders, []);
    assert.equal(after.ended?.reason, 'expired');
  });
});
