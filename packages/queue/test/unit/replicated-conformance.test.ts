import { describe } from 'node:test';
import { answerQuery } from '@holdfast/engine/parts';
import { createStateMachine, initialLimits, latestFeatureLevel } from '@holdfast/state';
import type { StoreUnderTest } from '../support/bench.ts';
import { testLimits, testStore } from '../support/conformance.ts';

const asker = { identity: 'test' };

/** The state machine, on a clock that the test moves. */
function replicated(): StoreUnderTest {
  const state = createStateMachine({ ...initialLimits, ...testLimits });
  let [index, timeMs] = [1, 1_000_000];
  const command = { type: 'raise_feature_level', level: latestFeatureLevel } as const;
  state.apply({ index, time: timeMs, commands: [{ identity: 'test', command }] });
  return {
    submit(command) {
      index += 1;
      const commands = [{ identity: 'test', command }];
      const [result] = state.apply({ index, time: timeMs, commands }).results;
      if (result === undefined) throw new Error('A command has no result.');
      return Promise.resolve(result);
    },
    query: (query) =>
      Promise.resolve(
        answerQuery(state, { lastRenewedWallMs: () => undefined }, query, asker, timeMs),
      ),
    pass: (ms) => {
      timeMs += ms;
      return Promise.resolve();
    },
  };
}

describe('Queues in the replicated state', () => {
  const under = replicated();
  testStore(() => under);
});
