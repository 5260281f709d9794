/** What goes wrong for a quorum, beside what goes wrong for every kind of node. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { QuorumSet } from '@holdfast/protocol';
import { askOfSet, changeSet } from '@holdfast/quorum';
import { recoveryPatienceMs } from '../campaign.ts';
import type { NodeProcess } from '../cluster/node-process.ts';
import { bothWays, cut, ruled } from '../nemeses/links.ts';
import type { Pair } from '../nemeses/links.ts';
import { fill, jumpWallClock, SmallDisks } from '../nemeses/machines.ts';
import { anyNode } from '../nemeses/nemesis.ts';
import type { Nemesis } from '../nemeses/nemesis.ts';
import { killClient, killNode, stopClient, stopNode } from '../nemeses/processes.ts';
import { nowMs } from '../now.ts';
import { databaseOf } from './quorum-cluster.ts';
import type { QuorumCluster } from './quorum-cluster.ts';
import { driftBufferMs, ttlMs } from './terms.ts';
import { untilSays } from './votes.ts';

type QuorumNemesis = Nemesis<QuorumCluster>;

/** The lock goes to another while it believes nothing has happened. */
const stopHolder: QuorumNemesis = {
  name: 'stop a holder',
  lasts: [1.1 * ttlMs, 1.6 * ttlMs],
  strike: async ({ cluster, randomness }) => {
    const client = randomness.pick(cluster.clients);
    await client.standHolding(recoveryPatienceMs);
    return {
      target: client.name,
      heal: () => {
        client.signal('SIGCONT');
        return Promise.resolve();
      },
    };
  },
};

/** All of them, or as many as decide; back at once, while leases from before still stand. */
const killMajority: QuorumNemesis = {
  name: 'kill -9 majority',
  lasts: [0, 300],
  strike: async ({ cluster: { nodes }, randomness }) => {
    const killed = randomness.shuffled(nodes).slice(0, randomness.pick([2, 3]));
    await Promise.all(killed.map((node) => node.end('SIGKILL')));
    return {
      target: killed.map(({ nodeId }) => nodeId).join('+'),
      heal: async () => {
        await Promise.all(killed.map((node) => node.start()));
      },
    };
  },
};

/** Gone, or no longer readable. Begun only when every node votes: who lost its file has to ask them. */
const loseFile: QuorumNemesis = {
  name: 'lost file',
  lasts: [0, 0],
  strike: async (stage) => {
    const node = anyNode(stage);
    const how = stage.randomness.pick(['gone', 'damaged'] as const);
    await node.end('SIGKILL');
    const file = databaseOf(node.dataFolder);
    const bytes = readFileSync(file);
    for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
    // What is left of it tells that it was a lease node's.
    if (how === 'damaged') writeFileSync(file, bytes.fill('no database', 200));
    const startedAtMs = nowMs();
    await node.start();
    return { target: `${node.nodeId}, ${how}`, heal: () => untilItMayVote(node, startedAtMs) };
  },
};

/** @throws Error where it votes while a lease that it may have granted stands. */
async function untilItMayVote(node: NodeProcess, startedAtMs: number): Promise<void> {
  await untilSays(node, 'GRANTED', recoveryPatienceMs);
  const afterMs = nowMs() - startedAtMs;
  if (afterMs < ttlMs + driftBufferMs)
    throw new Error(
      `${node.nodeId} lost its file and voted ${afterMs.toFixed(0)} ms later, before its leases had ended.`,
    );
}

/** It refuses what it cannot write, lives on, and votes again when there is room. */
const fillDisk = (disks: SmallDisks): QuorumNemesis => ({
  name: 'full disk',
  ...(SmallDisks.missing === undefined ? {} : { missing: SmallDisks.missing }),
  lasts: [200, 1500],
  strike: async ({ cluster, randomness }) => {
    const node = randomness.pick(cluster.nodes.filter(({ dataFolder }) => disks.has(dataFolder)));
    const filler = join(node.dataFolder, 'filler');
    fill(filler);
    // What it keeps to write its log into its file would let it go on for long.
    rmSync(`${databaseOf(node.dataFolder)}-reserve`, { force: true });
    fill(filler);
    await untilSays(node, 'storage_failed', recoveryPatienceMs);
    return {
      target: node.nodeId,
      heal: () => {
        rmSync(filler, { force: true });
        return Promise.resolve();
      },
    };
  },
});

/** A node hears nobody, or nobody hears it. */
const cutOneWay: QuorumNemesis = ruled('cut one way', [500, 3000], (stage) => {
  const node = anyNode(stage).nodeId;
  const callers = stage.cluster.callersOf(node);
  const [target, pairs] = stage.randomness.pick([
    [`all > ${node}`, callers.map((caller): Pair => [caller, node])],
    [`${node} > all`, callers.map((caller): Pair => [node, caller])],
  ] as const);
  return Promise.resolve({ target, pairs, rule: cut });
});

const cutBothWays: QuorumNemesis = ruled('cut both ways', [500, 3000], (stage) => {
  const node = anyNode(stage).nodeId;
  const caller = stage.randomness.pick(stage.cluster.callersOf(node));
  return Promise.resolve({
    target: `${caller} <> ${node}`,
    pairs: bothWays(caller, node),
    rule: cut,
  });
});

/** From a majority, for so long that what it holds is lost. */
const isolateClient: QuorumNemesis = ruled(
  'isolate client',
  [1.1 * ttlMs, 1.6 * ttlMs],
  (stage) => {
    const { cluster, randomness } = stage;
    const { name } = randomness.pick(cluster.clients);
    const left = anyNode(stage).nodeId;
    const nodes = cluster.nodes.map(({ nodeId }) => nodeId).filter((nodeId) => nodeId !== left);
    return Promise.resolve({
      target: `${name} <> ${nodes.join('+')}`,
      pairs: nodes.flatMap((node) => bothWays(name, node)),
      rule: cut,
    });
  },
);

const part: QuorumNemesis = ruled('part in two', [500, 4000], ({ cluster, randomness }) => {
  const [alone, ...others] = randomness.shuffled(cluster.nodes.map(({ nodeId }) => nodeId));
  const names = randomness.shuffled(cluster.clients.map(({ name }) => name));
  const beside = names.slice(0, Math.floor(names.length / 2));
  const left = [alone ?? '', ...beside];
  const right = [...others, ...names.slice(beside.length)];
  return Promise.resolve({
    target: `${left.join('+')} | others`,
    pairs: left.flatMap((one) => right.flatMap((other) => bothWays(one, other))),
    rule: cut,
  });
});

const slowLinks: QuorumNemesis = ruled('slow links', [1000, 3000], ({ cluster, randomness }) => {
  const delayMs = Math.round(randomness.between(20, 150));
  return Promise.resolve({
    target: `all, ${String(delayMs)} ms`,
    pairs: cluster.nodes.flatMap(({ nodeId }) =>
      cluster.callersOf(nodeId).flatMap((caller) => bothWays(caller, nodeId)),
    ),
    rule: { delayMs },
  });
});

/** What strikes the nodes that keep its lease is healed while it is paused, and may still believe. */
const whileHolderStands = (other: QuorumNemesis): QuorumNemesis => ({
  name: `${stopHolder.name} and ${other.name}`,
  lasts: [0.8 * ttlMs, 1.2 * ttlMs],
  strike: async (stage) => {
    const holder = await stopHolder.strike(stage);
    const struck = await other.strike(stage);
    // spread: a pair of bounds
    await pause(stage.randomness.between(...other.lasts));
    await struck.heal();
    return { target: `${holder.target}; ${struck.target}`, heal: holder.heal };
  },
});

/**
 * The set becomes one of three or of five, or the same under the next epoch, while clients work; now and then whoever
 * changes it dies in between, at any step, and another one goes on. Clients hear of it one after the other.
 */
const changeOfSet: QuorumNemesis = {
  name: 'change of set',
  lasts: [0, 0],
  strike: async ({ cluster, randomness }) => {
    const from = cluster.set;
    const names = cluster.all.map(({ url }) => url);
    const to = { epoch: from.epoch + 1, members: names.slice(0, randomness.pick([3, 5])).sort() };
    const joining = cluster.all.filter(
      ({ url }) => !from.members.includes(url) && to.members.includes(url),
    );
    await Promise.all(joining.map(beginAnew));
    if (randomness.next() < 0.5)
      await change(cluster, to, randomness.between(0, ttlMs * 1.5)).catch(() => undefined);
    await change(cluster, to, recoveryPatienceMs);
    cluster.set = to;
    for (const client of randomness.shuffled(cluster.clients)) client.use(to);
    return {
      target: `epoch ${String(to.epoch)}, ${String(to.members.length)} nodes`,
      heal: () => Promise.resolve(),
    };
  },
};

/** What it was a member of is over: it begins with a new file. */
async function beginAnew(node: NodeProcess): Promise<void> {
  await node.end('SIGKILL');
  const file = databaseOf(node.dataFolder);
  for (const suffix of ['', '-wal', '-shm']) rmSync(file + suffix, { force: true });
  await node.start();
}

/** @param withinMs Then it ends, wherever it is: what was asked before is still under way. */
async function change(
  { set: from, security }: QuorumCluster,
  to: QuorumSet,
  withinMs: number,
): Promise<void> {
  const ask = askOfSet((member) => member, security?.apiKey, security?.fetchAny);
  const endMs = nowMs() + withinMs;
  const inTime = (): void => {
    if (nowMs() > endMs) throw new Error('Who changed the set has died.');
  };
  await changeSet({
    from,
    to,
    ask: (member, question) => {
      inTime();
      return ask(member, question);
    },
    pause: async (ms) => {
      inTime();
      await pause(ms);
    },
    now: nowMs,
    tell: () => undefined,
    patienceMs: withinMs,
  });
}

export const quorumNemeses = (disks: SmallDisks): readonly QuorumNemesis[] => [
  stopHolder,
  killMajority,
  loseFile,
  changeOfSet,
  cutOneWay,
  whileHolderStands(killMajority),
  killNode,
  isolateClient,
  fillDisk(disks),
  jumpWallClock,
  whileHolderStands(loseFile),
  part,
  killClient,
  stopNode,
  slowLinks,
  stopClient,
  cutBothWays,
];

export const quorumNemesisNames: readonly string[] = quorumNemeses(new SmallDisks()).map(
  ({ name }) => name,
);
