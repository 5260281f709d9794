/** What clients of scenarios are answered is judged: answers that no order of their calls explains are found. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import { BrokenRun, isBrokenPromise } from '../../src/run/broken-run.ts';
import { playScenario } from '../../src/scenarios/scenario-run.ts';
import { unless } from '../../src/scenarios/actor.ts';
import type { Actor } from '../../src/scenarios/actor.ts';
import type { Stage } from '../../src/scenarios/stage.ts';

/**
 * Two clients that take turns, and one that looks. `plant` changes what the second one is answered, and `read` what the last read
 * tells.
 *
 * @param read Of the token of the first one, and the tokens of those who hold the lock.
 */
async function play(
  plant: (other: Actor) => void,
  read: (first: number, held: readonly number[]) => number[] = (_first, held) => [...held],
): Promise<string> {
  const scenario = {
    play: async (stage: Stage): Promise<void> => {
      await stage.begin();
      const one = stage.actor('one');
      const other = stage.actor('other');
      const reader = stage.actor('reader');
      plant(other);
      const session = await one.session(20);
      const hold = await one.lock(session, 'red');
      await reader.tokens('red');
      await hold.release();
      await hold.release(); // Nothing is asked any more, and so nothing is recorded.
      const tries = await other.session(20);
      await (await unless(tries.lock('red')))?.release();
      await stage.histories.read(reader.name, 'red', async () => {
        const { holders } = await reader.client.call('lock_status', { name: 'red' });
        return read(
          hold.fenceToken,
          holders.map(({ fence_token }) => fence_token),
        );
      });
      await session.end();
    },
  };
  try {
    const { operations } = await playScenario(3n, 'turns', scenario);
    assert.equal(operations, 8);
    return 'linearizable';
  } catch (error) {
    assert.ok(isBrokenPromise(error), String(error));
    assert.ok(error instanceof BrokenRun);
    return error.verdict?.type ?? error.message;
  }
}

describe('The history of a scenario (SIM-HISTORY-1)', () => {
  it('is linearizable where nothing is planted', async () => {
    assert.equal(await play(() => undefined), 'linearizable');
  });

  it('is not where a read tells of a hold that was given back', async () => {
    const told = await play(
      () => undefined,
      (token) => [token],
    );
    assert.equal(told, 'violation');
  });

  it('is not where a try is refused what is free', async () => {
    const planted = ({ client }: Actor): void => {
      const begin = client.session.bind(client);
      client.session = async (options) => {
        const session = await begin(options);
        session.lock = () => Promise.reject(new HoldfastError('lock_held', 'planted'));
        return session;
      };
    };
    assert.equal(await play(planted), 'violation');
  });
});
