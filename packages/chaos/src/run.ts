/**
 * One chaos run: nodes, clients, and one nemesis after the other; each is mended and the time until every
 * node serves again is measured. At the end the clients' histories are judged.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { checkLinearizable, lockModel } from '@holdfast/checker';
import type { Verdict } from '@holdfast/checker';
import { Chance } from './chance.ts';
import { ClientProcess } from './clients/client-process.ts';
import type { LockOperation } from './clients/journal.ts';
import { ChaosCluster } from './cluster/cluster.ts';
import { recoveryMs } from './cluster/operator.ts';
import {
  cutBothWays,
  cutOneWay,
  isolateLeader,
  muteLeader,
  part,
  slowLinks,
} from './nemeses/links.ts';
import { damageLog, fillDisk, jumpWallClock, SmallDisks } from './nemeses/machines.ts';
import type { Nemesis, Stage, Struck } from './nemeses/nemesis.ts';
import {
  killClient,
  killLeader,
  killNode,
  stopClient,
  stopLeader,
  stopNode,
} from './nemeses/processes.ts';

/** What the service promises after a heal. */
export const recoveryBoundMs = 5000;
/** Asked beyond the promise, so that a broken one is measured and not only told. */
const recoveryPatienceMs = 20_000;
const smallDiskMegabytes = 96;
const calmMs = 400;

export interface RunOptions {
  readonly folder: string;
  readonly nodes: number;
  readonly clients: number;
  readonly seed: number;
  /** No nemesis is begun after so long. */
  readonly seconds: number;
  /** Names of nemeses; absent: all of them, each at least once where there is time. */
  readonly only?: readonly string[];
  readonly tell: (line: string) => void;
}

export interface Strike {
  readonly nemesis: string;
  readonly target: string;
  readonly lastedMs: number;
  readonly recoveryMs: number;
}

export interface RunOutcome {
  readonly strikes: readonly Strike[];
  readonly skipped: readonly string[];
  readonly operations: number;
  readonly granted: number;
  readonly unknown: number;
  readonly verdict: Verdict;
  readonly history: readonly LockOperation[];
  /** What went wrong apart from the verdict. */
  readonly failures: readonly string[];
}

const nemesesWith = (disks: SmallDisks): readonly Nemesis[] => [
  killLeader,
  stopLeader,
  isolateLeader,
  stopClient,
  part,
  killNode,
  muteLeader,
  jumpWallClock,
  fillDisk(disks),
  cutOneWay,
  slowLinks,
  killClient,
  stopNode,
  cutBothWays,
  damageLog,
];

export const nemesisNames: readonly string[] = nemesesWith(new SmallDisks()).map(
  ({ name }) => name,
);

export async function runChaos(options: RunOptions): Promise<RunOutcome> {
  const { folder, tell } = options;
  mkdirSync(folder, { recursive: true });
  const disks = new SmallDisks();
  const chance = new Chance(options.seed);
  const failures: string[] = [];
  const strikes: Strike[] = [];
  let cluster: ChaosCluster | undefined;
  const clients: ClientProcess[] = [];
  const chosen = nemesesWith(disks).filter(({ name }) => options.only?.includes(name) ?? true);
  const possible = chosen.filter(({ missing }) => missing === undefined);
  const skipped = chosen.flatMap(({ name, missing }) =>
    missing === undefined ? [] : [`${name}: ${missing}`],
  );
  try {
    if (SmallDisks.missing === undefined) {
      // Before the nodes are started: what they find is a disk that has room.
      for (let number = 1; number <= options.nodes; number++)
        disks.mount(
          { folderOf: (id) => `${folder}/${id}` },
          `node-${String(number)}`,
          smallDiskMegabytes,
        );
    }
    cluster = await ChaosCluster.start(folder, options.nodes);
    clients.push(...startClients(cluster, options));
    const stage: Stage = { cluster, clients, chance };
    await recoveryMs(cluster.nodes, recoveryPatienceMs);
    const endMs = performance.now() + options.seconds * 1000;
    let order: readonly Nemesis[] = [];
    for (let round = 0; performance.now() < endMs; round++) {
      if (round % possible.length === 0) order = round === 0 ? possible : chance.shuffled(possible);
      const nemesis = order[round % possible.length];
      if (nemesis === undefined) break;
      strikes.push(await strike(nemesis, stage, tell));
      await pause(calmMs);
    }
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  for (const client of clients) {
    await client.stop();
    if (client.failure !== undefined) failures.push(`${client.name} ended: ${client.failure}`);
  }
  await cluster?.close();
  disks.unmountAll();
  rmSync(folder, { recursive: true, force: true });
  const history = clients.flatMap((client) => client.history());
  return { strikes, skipped, failures, history, ...judge(history) };
}

function startClients(cluster: ChaosCluster, { clients, folder }: RunOptions): ClientProcess[] {
  const journals = `${folder}-journals`;
  mkdirSync(journals, { recursive: true });
  return Array.from({ length: clients }, (_, index) => {
    const client = new ClientProcess({
      name: `client-${String(index + 1)}`,
      folder: journals,
      urls: cluster.urls,
      locks: ['red', 'blue'],
    });
    client.start();
    return client;
  });
}

async function strike(
  nemesis: Nemesis,
  stage: Stage,
  tell: (line: string) => void,
): Promise<Strike> {
  const startedMs = performance.now();
  const { target, heal }: Struck = await nemesis.strike(stage);
  await pause(stage.chance.between(...nemesis.lasts));
  await heal();
  const healedMs = performance.now();
  const recovery = await recoveryMs(stage.cluster.nodes, recoveryPatienceMs);
  const struck: Strike = {
    nemesis: nemesis.name,
    target,
    lastedMs: healedMs - startedMs,
    recoveryMs: recovery,
  };
  tell(
    `  ${nemesis.name.padEnd(18)} ${target.padEnd(34)} lasted ${(struck.lastedMs / 1000).toFixed(1).padStart(4)} s, all nodes served again after ${recovery.toFixed(0).padStart(5)} ms`,
  );
  return struck;
}

function judge(
  history: readonly LockOperation[],
): Pick<RunOutcome, 'operations' | 'granted' | 'unknown' | 'verdict'> {
  const granted = history.filter(
    ({ outcome }) => outcome.type === 'answered' && outcome.answer.type === 'granted',
  );
  const unknown = history.filter(({ outcome }) => outcome.type === 'unknown');
  return {
    operations: history.length,
    granted: granted.length,
    unknown: unknown.length,
    verdict: checkLinearizable(lockModel(), history, { maxSteps: 50_000_000 }),
  };
}
