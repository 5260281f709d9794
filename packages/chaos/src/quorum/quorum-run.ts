/**
 * One chaos run of a quorum: independent lease nodes, clients, and one nemesis after the other; after each
 * heal every node must vote and every client be given a lock. At the end it is judged what the clients
 * believed.
 */
import { rmSync } from 'node:fs';
import { checkLinearizable, lockModel } from '@holdfast/checker';
import { campaign, possibleAmong, recoveryPatienceMs } from '../campaign.ts';
import type { Strike } from '../campaign.ts';
import { Randomness } from '../randomness.ts';
import { SmallDisks } from '../nemeses/machines.ts';
import type { RunOutcome } from '../run.ts';
import { GuardedResource } from './guarded-resource.ts';
import { readHolds } from './hold-log.ts';
import type { HoldRecord } from './hold-log.ts';
import { brokenPromises, historyOf, waitsAfter } from './judge.ts';
import { QuorumCluster } from './quorum-cluster.ts';
import { quorumNemeses } from './quorum-nemeses.ts';
import { sharedLocks } from './terms.ts';
import { recoveryMs } from './votes.ts';

const smallDiskMegabytes = 24;
const nodes = 5;

export interface QuorumChaosOptions {
  readonly folder: string;
  readonly clients: number;
  readonly seed: number;
  /** No nemesis is begun after so long. */
  readonly seconds: number;
  /** Names of nemeses; absent: all of them, each at least once where there is time. */
  readonly only?: readonly string[];
  /** TLS of all nodes, certificates of clients, and a key. */
  readonly isSecured?: boolean;
  readonly tell: (line: string) => void;
}

export async function runQuorumChaos(options: QuorumChaosOptions): Promise<RunOutcome> {
  const { folder, clients, tell } = options;
  const disks = new SmallDisks();
  const randomness = new Randomness(options.seed);
  const failures: string[] = [];
  const strikes: Strike[] = [];
  const { possible, skipped } = possibleAmong(quorumNemeses(disks), options.only);
  const guarded = new GuardedResource();
  let cluster: QuorumCluster | undefined;
  try {
    mountDisks(disks, folder);
    cluster = await QuorumCluster.start({
      folder,
      clients,
      guarded: await guarded.listen(),
      isSecured: options.isSecured === true,
    });
    const running = cluster;
    await campaign({
      stage: { cluster, clients: cluster.clients, randomness },
      nemeses: possible,
      seconds: options.seconds,
      recovered: () => recoveryMs(running, recoveryPatienceMs),
      struck: strikes,
      tell,
    });
  } catch (error) {
    failures.push(error instanceof Error ? error.message : String(error));
  }
  const records: HoldRecord[] = [];
  await Promise.all((cluster?.clients ?? []).map((client) => client.stop()));
  for (const client of cluster?.clients ?? []) {
    if (client.failure !== undefined) failures.push(`${client.name} ended: ${client.failure}`);
    for (const one of client.journals().flatMap((one) => readHolds(one.client, one.path)))
      records.push(one);
  }
  await cluster?.close();
  guarded.close();
  disks.unmountAll();
  rmSync(folder, { recursive: true, force: true });
  for (const one of brokenPromises(records)) failures.push(one);
  const notes = notesOf(records, strikes);
  const names = possible.map(({ name }) => name);
  return { possible: names, strikes, skipped, failures, ...judged(records), notes };
}

/** Before the nodes are started: what they find is a disk that has room. */
function mountDisks(disks: SmallDisks, folder: string): void {
  if (SmallDisks.missing !== undefined) return;
  for (let number = 1; number <= nodes; number++)
    disks.mount(
      { folderOf: (id) => `${folder}/${id}` },
      `node-${String(number)}`,
      smallDiskMegabytes,
    );
}

function judged(
  records: readonly HoldRecord[],
): Pick<RunOutcome, 'history' | 'operations' | 'granted' | 'unknown' | 'verdict'> {
  const history = historyOf(records);
  return {
    history,
    operations: records.length,
    granted: records.filter(({ granted }) => granted !== undefined).length,
    unknown: records.filter(({ granted, refused }) => granted === undefined && !refused).length,
    verdict: checkLinearizable(lockModel(), history),
  };
}

function notesOf(records: readonly HoldRecord[], strikes: readonly Strike[]): string[] {
  const heals = strikes.map(({ healedAtMs }) => healedAtMs);
  const { medianMs, longestMs } = waitsAfter(heals, records, sharedLocks);
  const writes = records.flatMap((record) => record.writes);
  const zombies = writes.filter(({ accepted }) => !accepted).length;
  const woken = records.flatMap(({ awakenings }) => awakenings);
  const lost = woken.filter(({ code }) => code === 'hold_lost').length;
  return [
    `shared       each client held a lock that all want after ${medianMs.toFixed(0)} ms median, ${longestMs.toFixed(0)} ms longest`,
    `writes       ${writes.length.toLocaleString('en')}, ${String(zombies)} of zombies refused (a resource that trusts the lock would have taken them)`,
    `awakenings   ${String(woken.length)} of holders that were paused past their lease, ${String(lost)} told hold_lost`,
  ];
}
