import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Witness } from '../../src/checks/witness.ts';
import { Cluster } from '../../src/cluster/cluster.ts';
import { BrokenRun, isBrokenPromise } from '../../src/run/broken-run.ts';
import { mostUndecided } from '../../src/run/series.ts';
import { usualSettings } from '../../src/scenarios/stage.ts';
import { NodeFailure, Violation, World } from '../../src/world/world.ts';

/** As classes of the product, which reports know by their names. */
const named = (name: string): Error => Object.assign(new Error('x'), { name });

/** What a run ends with of which the only node ends with this error. */
async function endOf(error: Error): Promise<unknown> {
  const world = new World(1n);
  const cluster = new Cluster({
    world,
    random: world.random.fork(),
    witness: new Witness(world, 0),
    settings: usualSettings,
    size: 1,
    clockDrift: 0,
  });
  const [node] = cluster.all;
  assert.ok(node !== undefined);
  node.disk.open = () => Promise.reject(error);
  cluster.start(node);
  await new Promise((resolve) => setImmediate(resolve));
  const end: unknown = await world.timeline.run(10).then(
    () => undefined,
    (failed: unknown) => failed,
  );
  cluster.close();
  return new BrokenRun(end, []);
}

describe('A run whose node ends with an error', () => {
  it('breaks a promise where a check of the node said so', async () => {
    const told = [
      'RaftInvariantError',
      'StateInvariantError',
      'StorageDamagedError',
      'LogMissingError',
    ];
    for (const name of [...told, 'FeatureLevelError'])
      assert.ok(isBrokenPromise(await endOf(named(name))), name);
    assert.ok(isBrokenPromise(await endOf(new Violation('a check of the simulated disk'))));
  });

  it('breaks none where the error is any other one, and keeps it', async () => {
    const error = new TypeError('undefined is not a function');
    const broken = await endOf(error);
    assert.ok(!isBrokenPromise(broken));
    assert.ok(broken instanceof BrokenRun && broken.cause instanceof NodeFailure);
    assert.equal(broken.cause.cause, error);
    assert.match(broken.message, /^n1 stopped: TypeError: undefined is not a function/);
  });
});

describe('A run that ends with an error beside its nodes', () => {
  it('breaks a promise where it is a violation', () => {
    assert.ok(isBrokenPromise(new BrokenRun(new Violation('x'), [])));
    assert.ok(!isBrokenPromise(new BrokenRun(new Error('x'), [])));
    assert.ok(!isBrokenPromise(new Violation('not of a run')));
  });
});

describe('A series of runs', () => {
  it('fails where more than one of a hundred is undecided', () => {
    assert.deepEqual([1, 12, 199, 200, 10_000].map(mostUndecided), [1, 1, 1, 2, 100]);
  });
});
