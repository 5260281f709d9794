/**
 * One run in which a situation is brought about step by step, from a seed: for mechanisms whose order of events is too rare
 * to be met at random. Which one is told by the seed; what is random in it too. A witness looks at all that nodes do, and the
 * beliefs of clients are compared, as in other runs. At last a cluster must serve again and agree, in states and payloads,
 * and its disks end as those of other runs do. The histories of clients of clusters are judged (`histories.ts`); of lease nodes, whose
 * clients are refused also while nobody holds, the beliefs and the tokens are compared.
 */
import { BrokenRun } from '../run/broken-run.ts';
import type { RunResult } from '../run/cluster-run.ts';
import { Agreement } from '../run/agreement.ts';
import { LastFaults } from '../run/last-faults.ts';
import { World } from '../world/world.ts';
import { unless } from './actor.ts';
import { scenarioNames, scenarios } from './scenarios.ts';
import type { QuorumScenario } from './quorum.ts';
import { QuorumStage } from './quorum-stage.ts';
import { Stage } from './stage.ts';
import type { Scenario } from './stage.ts';

const longestMs = 300_000;
const servesWithinMs = 40_000;

/** What the scenario of a seed is. */
export const scenarioOf = (seed: bigint): string => {
  const name = scenarioNames[Number(seed % BigInt(scenarioNames.length))];
  if (name === undefined) throw new Error('There are no scenarios.');
  return name;
};

/** @throws BrokenRun */
export function simulateScenario(seed: bigint, trace?: (line: string) => void): Promise<RunResult> {
  const name = scenarioOf(seed);
  const scenario = scenarios[name];
  if (scenario === undefined) throw new Error('There are no scenarios.');
  return playScenario(seed, name, scenario, trace);
}

/** @throws BrokenRun */
export async function playScenario(
  seed: bigint,
  name: string,
  scenario: Scenario | QuorumScenario,
  trace?: (line: string) => void,
): Promise<RunResult> {
  const world = new World(seed, trace);
  world.tell('run', `scenario ${name}`);
  const played =
    'playQuorum' in scenario ? onLeaseNodes(world, scenario) : onACluster(world, scenario);
  const onRejection = (reason: unknown): void => world.timeline.fail(reason);
  process.on('unhandledRejection', onRejection);
  try {
    let isOver = false;
    const play = async (): Promise<void> => {
      await played.play();
      isOver = true;
    };
    play().catch((error: unknown) => world.timeline.fail(error));
    await world.timeline.run(longestMs, () => isOver);
    if (!isOver) throw new Error(`The scenario ${name} does not end.`);
    await played.last();
    const undecided = played.judge();
    return {
      seed,
      virtualMs: world.nowMs,
      events: world.timeline.events,
      ...played.counts(),
      cycles: 1,
      undecided,
      recoveredMs: null,
    };
  } catch (error) {
    throw error instanceof BrokenRun ? error : new BrokenRun(error, []);
  } finally {
    process.off('unhandledRejection', onRejection);
    played.end();
  }
}

interface Played {
  readonly play: () => Promise<void>;
  /** What is done to it when it is over; it lets the time of the world go on by itself. */
  readonly last: () => Promise<void>;
  /** Returns the keys of histories that could not be decided. @throws BrokenRun */
  readonly judge: () => readonly string[];
  readonly counts: () => Pick<RunResult, 'commands' | 'grants' | 'operations' | 'refusedWrites'>;
  readonly end: () => void;
}

function onACluster(world: World, scenario: Scenario): Played {
  const stage = new Stage(world, scenario);
  return {
    play: async () => {
      await scenario.play(stage);
      await servesAgain(stage);
    },
    last: async () => {
      // What a scenario does at a write it has done by now.
      stage.witness.afterWrite = () => undefined;
      const { cluster, witness, random } = stage;
      const agreement = new Agreement(world, cluster, witness);
      await agreement.compare();
      const faults = new LastFaults({ world, random, cluster, agreement });
      await faults.tearOne(true);
      await faults.damageOne();
    },
    judge: () => stage.histories.judge(),
    counts: () => ({
      commands: stage.witness.commands,
      grants: stage.witness.grants,
      operations: stage.histories.operations,
      refusedWrites: stage.beliefs.refusedWrites,
    }),
    end: () => {
      for (const { machine } of stage.actors) machine.end();
      stage.cluster.close();
    },
  };
}

function onLeaseNodes(world: World, scenario: QuorumScenario): Played {
  const stage = new QuorumStage(world, scenario);
  return {
    play: async () => {
      await scenario.playQuorum(stage);
      await stage.servesAgain('red', 'comer');
    },
    last: () => Promise.resolve(),
    judge: () => [],
    counts: () => ({
      commands: stage.votes,
      grants: stage.votes,
      operations: 0,
      refusedWrites: 0,
    }),
    end: () => stage.end(),
  };
}

/** All is mended: a client that comes new is served, and all nodes have the same state. */
async function servesAgain(stage: Stage): Promise<void> {
  const { cluster, world } = stage;
  stage.healAll();
  for (const node of cluster.all) {
    node.machine.resume();
    stage.start(node);
  }
  let served = false;
  const comer = stage.actor('comer');
  const ask = async (): Promise<void> => {
    while (!served) {
      const session = await unless(comer.session(5));
      if (session !== undefined && (await unless(session.lock('comer'))) !== undefined)
        served = true;
      else await stage.sleep(100);
    }
  };
  ask().catch((error: unknown) => world.timeline.fail(error));
  await stage.must(
    `A whole cluster did not serve a client within ${String(servesWithinMs)} ms.`,
    () => served,
    servesWithinMs,
  );
  const members = (): typeof cluster.running => {
    const ids = cluster
      .leader()
      ?.replica?.status()
      .membership.members.map(({ id }) => id);
    return cluster.running.filter(({ id }) => ids?.some((one) => one === id) === true);
  };
  const agree = (): boolean => {
    const indexes = new Set(members().map(({ replica }) => replica?.state.index));
    return members().length > 0 && indexes.size === 1;
  };
  await stage.must('Not all members agree after all was mended.', agree, servesWithinMs);
}
