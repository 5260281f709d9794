import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { NetworkLines } from '../../src/quorum/lines.ts';
import type { Machine } from '../../src/world/machine.ts';
import { World } from '../../src/world/world.ts';

describe('The lines of a quorum lease', () => {
  let world: World;
  let lines: NetworkLines;
  let [one, other]: Machine[] = [];
  beforeEach(() => {
    world = new World(1n);
    lines = new NetworkLines(world.network, world.random.fork());
    [one, other] = ['one', 'other'].map((name) => world.machine(name, 0));
    one?.start();
    other?.start();
  });

  /** When each of these arrives, in ms. */
  async function arrivals(from: Machine, to: Machine): Promise<number[]> {
    const startedMs = world.nowMs;
    const passedMs: number[] = [];
    for (let index = 0; index < 50; index++)
      lines.send(from, to, () => void passedMs.push(world.nowMs - startedMs));
    await world.timeline.run(startedMs + 10_000);
    return passedMs;
  }

  it('are slow in one direction alone, until they are mended', async () => {
    assert.ok(one && other);
    lines.slow('one', 'other', 3000);
    const slow = await arrivals(one, other);
    assert.equal(slow.length, 50);
    assert.ok(Math.max(...slow) > 2000 && Math.max(...slow) < 3010);
    assert.ok(Math.max(...(await arrivals(other, one))) < 10);
    lines.mend('one', 'other');
    assert.ok(Math.max(...(await arrivals(one, other))) < 10);
  });

  it('bring nothing to a later process, and nothing that was under way when they were cut', async () => {
    assert.ok(one && other);
    lines.slow('one', 'other', 3000);
    const toEarlier = arrivals(one, other);
    world.timeline.after(100, () => {
      other?.end();
      other?.start();
    });
    assert.ok((await toEarlier).every((ms) => ms < 100));
    const overCut = arrivals(one, other);
    world.timeline.after(100, () => world.network.cut('one', 'other'));
    assert.ok((await overCut).every((ms) => ms < 100));
  });
});
