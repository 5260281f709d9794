import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { simulateScenario, scenarioOf } from '../../src/scenarios/scenario-run.ts';
import { scenarioNames } from '../../src/scenarios/scenarios.ts';

describe('A scenario', () => {
  for (const [index, name] of scenarioNames.entries()) {
    it(`is brought about and breaks no promise: ${name}`, async () => {
      const seed = BigInt(index + scenarioNames.length);
      assert.equal(scenarioOf(seed), name);
      const { commands } = await simulateScenario(seed);
      assert.ok(commands > 2, String(commands));
    });
  }

  it('ends with its disks as other runs do', async () => {
    const lines: string[] = [];
    const seed = BigInt(scenarioNames.indexOf('older_entry_overwritten'));
    await simulateScenario(seed, (line) => lines.push(line));
    for (const end of [/has a part of a frame in/, /has a turned bit in/, /refuses to start/])
      assert.ok(
        lines.some((line) => end.test(line)),
        String(end),
      );
  });

  it('is the same twice, from its seed', async () => {
    const seed = BigInt(scenarioNames.indexOf('older_entry_overwritten'));
    const traceOf = async (): Promise<readonly string[]> => {
      const lines: string[] = [];
      await simulateScenario(seed, (line) => lines.push(line));
      return lines;
    };
    assert.deepEqual(await traceOf(), await traceOf());
  });
});
