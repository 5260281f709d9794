/**
 * One chaos run: nodes, clients, and one nemesis after the other; after each heal every node must serve
 * again. At the end the clients' histories are judged.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { checkLinearizable, lockModel } from '@holdfast/checker';
import type { LockOperation, Verdict } from '@holdfast/checker';
import { campaign, possibleAmong, recoveryPatienceMs } from './campaign.ts';
import type { Strike } from './campaign.ts';
import { Randomness } from './randomness.ts';
import { ClientProcess } from './clients/client-process.ts';
import { readJournal } from './clients/journal.ts';
import { ChaosCluster } from './cluster/cluster.ts';
import { whileKeysChange } from './cluster/keys-of-cluster.ts';
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
import type { Nemesis } from './nemeses/nemesis.ts';
import {
  killClient,
  killLeader,
  killNode,
  stopClient,
  stopLeader,
  stopNode,
} from './nemeses/processes.ts';

const smallDiskMegabytes = 96;

export interface ChaosOptions {
  readonly folder: string;
  readonly nodes: number;
  readonly clients: number;
  readonly seed: number;
  /** No nemesis is begun after so long. */
  readonly seconds: number;
  /** Names of nemeses; absent: all of them, each at least once where there is time. */
  readonly only?: readonly string[];
  /** TLS on all ports, certificates of members, keys of clients; and keys and rules that change meanwhile. */
  readonly isSecured?: boolean;
  readonly tell: (line: string) => void;
}

export interface RunOutcome {
  /** Names of the nemeses that could strike. */
  readonly possible: readonly string[];
  readonly strikes: readonly Strike[];
  readonly skipped: readonly string[];
  readonly operations: number;
  readonly granted: number;
  readonly unknown: number;
  readonly verdict: Verdict;
  readonly history: readonly LockOperation[];
  /** What went wrong apart from the verdict. */
  readonly failures: readonly string[];
  /** What else a person may want to know. */
  readonly notes?: readonly string[];
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

export async function runChaos(options: ChaosOptions): Promise<RunOutcome> {
  const { folder, tell } = options;
  mkdirSync(folder, { recursive: true });
  const disks = new SmallDisks();
  const randomness = new Randomness(options.seed);
  const failures: string[] = [];
  const strikes: Strike[] = [];
  const notes: string[] = [];
  let cluster: ChaosCluster | undefined;
  const clients: ClientProcess[] = [];
  const { possible, skipped } = possibleAmong(nemesesWith(disks), options.only);
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
    cluster = await ChaosCluster.start(folder, options.nodes, {}, options.isSecured);
    for (const one of clientsOf(cluster, options)) clients.push(one);
    await Promise.all(clients.map((client) => client.start()));
    const running = cluster;
    const keys = await whileKeysChange(running, () =>
      campaign({
        stage: { cluster: running, clients, randomness },
        nemeses: possible,
        seconds: options.seconds,
        recovered: () => recoveryMs(running.nodes, recoveryPatienceMs),
        struck: strikes,
        tell,
      }),
    );
    for (const note of keys.notes) notes.push(note);
    for (const failure of keys.failures) failures.push(failure);
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
  const journals = clients.flatMap((client) => client.journals());
  const history = journals.flatMap(({ client, path }) => readJournal(client, path));
  const names = possible.map(({ name }) => name);
  return { possible: names, strikes, skipped, failures, notes, history, ...judge(history) };
}

function clientsOf(cluster: ChaosCluster, { clients, folder }: ChaosOptions): ClientProcess[] {
  const journals = `${folder}-journals`;
  mkdirSync(journals, { recursive: true });
  return Array.from(
    { length: clients },
    (_, index) =>
      new ClientProcess({
        name: `client-${String(index + 1)}`,
        folder: journals,
        program: new URL('./clients/client-entry', import.meta.url),
        environment: () => ({
          CHAOS_URLS: cluster.urls.join(','),
          CHAOS_LOCKS: 'red,blue',
          ...cluster.security?.clientEnvironment,
        }),
      }),
  );
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
