/** What the node that leads is told of its own lines, without the network. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Status } from '@holdfast/raft';
import { createStateMachine } from '@holdfast/state';
import { CacheLeader } from '../../src/cache/leading.ts';
import { keysPerMessage } from '../../src/cache/sharer.ts';
import { StillClock } from './still-clock.ts';

const membership = { members: [{ id: 'leader' }, { id: 'node' }] };
const leads = {
  role: 'leader',
  ready: true,
  term: 1,
  lastIndex: 1,
  membership,
  membershipIndex: 1,
  commit: 1,
} as unknown as Status;

/** The ends of turns are told by hand. */
class TurnClock extends StillClock {
  ends: (() => void)[] = [];
  override endOfTurn(callback: () => void): void {
    this.ends.push(callback);
  }
  endTurn(): void {
    for (const end of this.ends.splice(0)) end();
  }
}

describe('The node that leads', () => {
  test('is told of many keys in messages of bounded size, of which each occasions the next (SHARER-8, CACHE-LEAD-2)', async () => {
    const clock = new TurnClock();
    const machine = createStateMachine();
    const messages: number[] = [];
    const leader = new CacheLeader(
      {
        nodeId: 'leader',
        clock,
        state: () => machine,
        clusterTime: () => 0,
        prove: () => Promise.resolve(),
        status: () => leads,
        tell: () => Promise.resolve(true),
        askEarlier: () => Promise.resolve(true),
      },
      {
        onInvalidation: ({ shared }) => {
          messages.push(shared.length);
          return true;
        },
        onNewLeader: () => Promise.resolve(true),
      },
    );
    leader.onStatus(leads);
    const keys = Array.from({ length: 2 * keysPerMessage + 5 }, (_, at) => `k${String(at)}`);
    for (const key of keys)
      for (const node of ['leader', 'node']) await leader.readHere(node, key, 'e');
    for (let turns = 0; turns < 5; turns++) {
      clock.endTurn();
      clock.pass(1);
    }
    assert.deepEqual(messages, [keysPerMessage, keysPerMessage, 5]);
  });
});
