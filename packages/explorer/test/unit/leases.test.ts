/** The short form for the quorum lease: small enough for every run of the tests, each to the end. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { leaseConfigurations } from '../../src/leases/configurations.ts';
import { inputCode } from '../../src/leases/inputs.ts';
import { newFile } from '../../src/leases/lease-node-run.ts';
import { alikeIn, LeaseModel } from '../../src/leases/lease-model.ts';
import type { LeaseConfiguration } from '../../src/leases/lease-model.ts';
import { LeaseSteps } from '../../src/leases/lease-steps.ts';
import { fileId } from '../../src/leases/moments.ts';
import { LeaseRenamings } from '../../src/leases/renaming.ts';
import { LeaseSymmetry } from '../../src/leases/symmetry.ts';
import { search } from '../../src/search/breadth-first.ts';
import type { SearchResult } from '../../src/search/breadth-first.ts';

const unlimited = { maxStates: 500_000, maxDepth: 1000, maxMs: Infinity, now: () => 0 };

const walk = (configuration: LeaseConfiguration): Promise<SearchResult> =>
  walkAll(new LeaseModel(configuration));

async function walkAll(model: LeaseModel): Promise<SearchResult> {
  const found = await search(model, unlimited);
  assert.equal(found.broken, undefined, found.broken?.trace.join('\n'));
  assert.equal(found.ended, 'exhausted');
  return found;
}

const { leases } = leaseConfigurations;

it('lets one client at a time hold a lease while time passes and a node restarts', async () => {
  const found = await walk({
    ...leases,
    copies: 0,
    silences: 0,
    releases: 0,
    ticks: 2,
    restarts: 1,
    attempts: [1, 0],
  });
  assert.ok(found.distinct > 200, String(found.distinct));
});

it('gives rising tokens to two clients', async () => {
  const found = await walk({ ...leases, copies: 0, silences: 0, restarts: 0, ticks: 0 });
  assert.ok(found.distinct > 1000, String(found.distinct));
});

it('begins a new cluster only with files that were all new at one moment', async () => {
  const small = { ...leaseConfigurations.founding, attempts: [0, 0], rounds: [2, 0, 0] } as const;
  const found = await walk({ ...small, losses: 2 });
  assert.ok(found.distinct > 500, String(found.distinct));
});

/** @param ways Steps that are compared, at least. */
function assertSameEverAfter(model: LeaseModel, ways: number): void {
  let compared = 0;
  assert.doesNotThrow(() => (compared = model.steps.audit()));
  assert.ok(compared >= ways, String(compared));
}

it('leaves nothing out of the image of a lease node: what looks the same does and sends the same', async () => {
  const model = new LeaseModel({ ...leases, copies: 0, silences: 0, restarts: 1, ticks: 1 });
  await search(model, unlimited);
  assertSameEverAfter(model, 180);
});

/** Counts each state as often as there are namings of it. */
class NamedModel extends LeaseModel {
  namings = 0;

  override judge(state: Int32Array): string | undefined {
    this.namings += this.symmetries / this.rows.likenesses(state);
    return super.judge(state);
  }
}

interface SmallConfiguration {
  readonly configuration: LeaseConfiguration;
  readonly symmetries: number;
  /** Steps, at least, from states of a node that were reached in two ways. */
  readonly ways: number;
}

const quiet = { ...leases, ticks: 0, restarts: 0, copies: 0, silences: 0, releases: 0 } as const;
const small: Readonly<Record<string, SmallConfiguration>> = {
  'two clients and three nodes that are alike': { configuration: quiet, symmetries: 12, ways: 15 },
  'one client, time, a restart and a copy': {
    configuration: { ...quiet, attempts: [1, 0], ticks: 2, restarts: 1, copies: 1 },
    symmetries: 6,
    ways: 60,
  },
  'a client that asks again, a voter that is not waited for': {
    configuration: { ...quiet, attempts: [2, 0], silences: 1, releases: 1 },
    symmetries: 6,
    ways: 100,
  },
  'a lost file, and rounds of questions of all nodes': {
    configuration: {
      ...quiet,
      attempts: [0, 0],
      losses: 1,
      ticks: 2,
      rounds: [1, 1, 1],
    },
    symmetries: 12,
    ways: 30,
  },
  'a lost file, and rounds of questions of the first node alone': {
    configuration: { ...quiet, attempts: [1, 0], ticks: 2, losses: 1, rounds: [1, 0, 0] },
    symmetries: 2,
    ways: 240,
  },
  'new files of which some are lost, and rounds of two nodes': {
    configuration: {
      ...quiet,
      haveVoted: false,
      attempts: [0, 0],
      losses: 1,
      rounds: [1, 1, 0],
    },
    symmetries: 4,
    ways: 120,
  },
};

for (const [name, { configuration, symmetries, ways }] of Object.entries(small)) {
  it(`finds the same states with symmetry and without, as many as there are namings of them: ${name}`, async () => {
    const model = new NamedModel(configuration);
    assert.equal(model.symmetries, symmetries);
    const one = await walkAll(model);
    const all = await walkAll(new LeaseModel(configuration, []));
    assert.equal(all.depth, one.depth);
    assert.equal(all.distinct, model.namings);
  });

  it(`leaves nothing out of the image of a lease node: ${name}`, async () => {
    const model = new LeaseModel(configuration);
    await walkAll(model);
    assertSameEverAfter(model, ways);
  });

  it(`takes each step under other names as well: ${name}`, async () => {
    const model = new LeaseModel(configuration);
    await walkAll(model);
    const compared = await model.symmetry.audit();
    assert.ok(compared > 100, String(compared));
  });
}

it('compares no way to a state of a lease node with itself', () => {
  const steps = new LeaseSteps(2);
  const symmetry = new LeaseSymmetry(steps, new LeaseRenamings([[0, 1]]));
  const start = steps.startNode(0, newFile(fileId(0, 0), false));
  const asked = steps.next(steps.step(start, inputCode('ask_others')));
  steps.step(asked, inputCode('tick'));
  const exchanged = symmetry.state(1, asked);
  assert.notEqual(exchanged, asked);
  assert.equal(symmetry.state(1, exchanged), asked);
  assert.equal(steps.audit(), 0);
});

/** A client that sends less to the first node than to the others, and another that does not. */
class PartialSteps extends LeaseSteps {
  override sent(transition: number): readonly number[] {
    return super.sent(transition).filter((number) => {
      const { type, from, to } = this.messages.value(number);
      return type !== 'acquire' || from !== 3 || to !== 0;
    });
  }
}

it('uses no symmetry where a client does not treat the nodes alike', async () => {
  const steps = new PartialSteps(2);
  steps.step(steps.startClient(0), inputCode('begin'));
  await steps.learn();
  const nodes = new LeaseSymmetry(steps, new LeaseRenamings([[0, 1, 2]]));
  await assert.rejects(nodes.audit(), /are not treated alike/);
  const clients = new LeaseSymmetry(steps, new LeaseRenamings([[3, 4]]));
  await assert.rejects(clients.audit(), /are not treated alike/);
  const others = new LeaseSymmetry(steps, new LeaseRenamings([[1, 2]]));
  assert.ok((await others.audit()) > 0);
});

/** The second node does not answer the second client. */
class SilentSteps extends LeaseSteps {
  override sent(transition: number): readonly number[] {
    return super.sent(transition).filter((number) => {
      const { type, from, to } = this.messages.value(number);
      return type !== 'voted' || from !== 1 || to !== 4;
    });
  }
}

it('finds what differs only where a node and a client have other names at once', async () => {
  const steps = new SilentSteps(2);
  const node = steps.startNode(0, newFile(fileId(0, 0), true));
  const message = steps.message({ type: 'acquire', from: 3, to: 0, lease: '1.1' });
  steps.step(node, inputCode('deliver', message));
  const both = new LeaseSymmetry(
    steps,
    new LeaseRenamings([
      [0, 1],
      [3, 4],
    ]),
  );
  await assert.rejects(both.audit(), /are not treated alike/);
});

it('exchanges the names of those alone whose bounds are equal', () => {
  const { tokens, 'short-founding': founding, 'lost-file': lostFile } = leaseConfigurations;
  assert.deepEqual(alikeIn(tokens), [[0, 1, 2], [3], [4]]);
  assert.deepEqual(alikeIn(founding), [[0], [1], [2], [3, 4]]);
  assert.deepEqual(alikeIn(lostFile), [
    [0, 1, 2],
    [3, 4],
  ]);
});
