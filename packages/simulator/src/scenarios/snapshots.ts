/** Scenarios of nodes that fall behind and are helped on by a snapshot. */
import type { SimulatedNode } from '../cluster/node.ts';
import { quickDisk } from '../world/disk.ts';
import { Violation } from '../world/world.ts';
import { unless } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

export const smallLogs = { snapshotLogBytes: 1500, keptEntries: 0, snapshotChunkBytes: 200 };

/** Others go on until the log that this one would need is gone. */
export async function leaveBehind(
  stage: Stage,
  leader: SimulatedNode,
  node: SimulatedNode,
): Promise<void> {
  const others = stage.names(node.id);
  const worker = stage.actor(`worker${String(stage.actors.length)}`, others);
  worker.partFrom([node.id]);
  stage.part(node.id, others);
  const session = await worker.session(60);
  const isBehind = (): boolean =>
    (leader.replica?.status().firstIndex ?? 0) > stage.lastIndex(node) + 1;
  while (!isBehind()) await worker.work(session, 5);
  await worker.work(session, stage.random.below(5));
}

/** @param but With whom it stays parted. */
export function heal(stage: Stage, node: SimulatedNode, ...but: readonly string[]): void {
  for (const other of stage.names(node.id, ...but)) {
    stage.world.network.heal(other, node.id);
    stage.world.network.heal(node.id, other);
  }
}

export const hasCaughtUp = (leader: SimulatedNode, node: SimulatedNode): boolean =>
  (node.replica?.state.index ?? 0) >= (leader.replica?.state.index ?? Infinity);

/** Who watches on a node that a snapshot takes further is told of what is missing. */
async function watchThroughASnapshot(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  const watcher = stage.actor('watcher', [node.id]);
  watcher.partFrom(stage.names(node.id));
  const { chronicle } = stage.witness;
  const watch = async (): Promise<void> => {
    for (;;) {
      const take = chronicle.reader(watcher.name);
      await unless(
        (async () => {
          for await (const { position } of watcher.client.watch()) take(position);
        })(),
      );
      await stage.sleep(20);
    }
  };
  watch().catch((error: unknown) => stage.world.timeline.fail(error));
  const worker = stage.actor('worker', [leader.id]);
  const session = await worker.session(60);
  await worker.work(session, 3);
  await stage.until('one who watches', () => chronicle.told > 0);
  await leaveBehind(stage, leader, node);
  heal(stage, node);
  await stage.until('a node that a snapshot took further', () => hasCaughtUp(leader, node));
  const before = chronicle.told;
  for (let rounds = 0; rounds < 500 && chronicle.told === before; rounds++) {
    await worker.work(session, 1);
    await stage.sleep(50);
  }
  if (chronicle.told === before) throw new Violation('One who watches is told nothing any more.');
}

/** A node's own snapshot is done when the leader has sent a newer one. Then the node leads, and another one needs a snapshot. */
async function ownSnapshotComesLate(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const [name = '', other = ''] = stage.random.shuffled(stage.names(leader.id));
  const [node, behind] = [stage.node(name), stage.node(other)];
  const worker = stage.actor('worker', stage.names(name, other));
  const session = await worker.session(60);
  await worker.work(session, 2);
  // What is under way of its own snapshot stays so for long; what comes after that is quick.
  node.disk.otherConditions = { minDelayMs: 3000, maxDelayMs: 3000 };
  await worker.work(session, 6 + stage.random.below(6));
  await stage.sleep(stage.random.between(0, 50));
  node.disk.otherConditions = quickDisk;
  stage.part(other, stage.names(other));
  await leaveBehind(stage, leader, node);
  heal(stage, node, other);
  await stage.until('a node that a snapshot took further', () => hasCaughtUp(leader, node));
  await stage.sleep(stage.random.between(3000, 4000));
  await leader.engine?.transferLeadership(name);
  await stage.until('another leader', () => stage.cluster.leader() === node);
  heal(stage, behind);
  await stage.must(
    `${other} did not catch up with ${name} within 20 s.`,
    () => hasCaughtUp(node, behind),
    20_000,
  );
}

/** A bit of a snapshot turns while it is received: it is asked for again, and what is not what its hash names is no state. */
async function bitOfAReceivedSnapshotTurns(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  await leaveBehind(stage, leader, node);
  // Slow, so that there are moments between its parts.
  stage.slow(leader.id, node.id, 20);
  heal(stage, node);
  const part = stage.random.pick(['head', 'state'] as const);
  await stage.until('a bit of it that is turned', () => node.disk.flipReceived(part));
  await stage.must(`${node.id} did not catch up.`, () => hasCaughtUp(leader, node), 20_000);
  stage.kill(node);
  stage.start(node);
  await stage.must(`${node.id} did not start again.`, () => node.replica !== undefined, 20_000);
}

/** A log is lost, and the identity is not: the node must refuse, or it would vote again. */
async function logIsLost(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const worker = stage.actor('worker');
  await worker.work(await worker.session(60), 2 + stage.random.below(5));
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  stage.cluster.loseLog(node);
  await stage.must(`${node.id} did not refuse.`, () => !node.machine.isOn, 5000);
}

/** An identity of before the log was made comes back, by a backup of it say: the node must refuse as well. */
async function identityIsPutBack(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const worker = stage.actor('worker');
  await worker.work(await worker.session(60), 2 + stage.random.below(5));
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  stage.cluster.putIdentityBack(node);
  await stage.must(`${node.id} did not refuse.`, () => !node.machine.isOn, 5000);
}

/**
 * A transfer, or the first append after it, takes longer than others need to compact what follows it, again and again: the
 * follower must get there.
 */
async function helpAFollowerUnderLoad(stage: Stage, lateMs: number): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  await leaveBehind(stage, leader, node);
  const worker = stage.actor('busy', stage.names(node.id));
  const session = await worker.session(60);
  const load = { isOver: false };
  const work = async (): Promise<void> => {
    while (!load.isOver) await worker.work(session, 1);
  };
  work().catch((error: unknown) => stage.world.timeline.fail(error));
  stage.slow(leader.id, node.id, lateMs);
  stage.slow(node.id, leader.id, lateMs);
  heal(stage, node);
  await stage.must(
    `${node.id} did not catch up within 10 s under load.`,
    () =>
      leader.replica
        ?.status()
        .progress.some(({ id, state }) => id === node.id && state === 'replicate') === true &&
      // As far behind as the line is long.
      (node.replica?.state.index ?? 0) + 20 + lateMs > (leader.replica?.state.index ?? Infinity),
    10_000,
  );
  load.isOver = true;
}

export const ofSnapshots: Scenarios = {
  watch_through_a_snapshot: { play: watchThroughASnapshot, settings: smallLogs },
  bit_of_a_received_snapshot: { play: bitOfAReceivedSnapshotTurns, settings: smallLogs },
  log_lost: { play: logIsLost },
  identity_put_back: { play: identityIsPutBack },
  follower_helped_under_load: {
    play: (stage) => helpAFollowerUnderLoad(stage, 15),
    settings: smallLogs,
  },
  follower_far_away_under_load: {
    play: (stage) => helpAFollowerUnderLoad(stage, 60),
    // One append after the transfer brings little of what it needs: the rest has to be there when that is answered.
    settings: { ...smallLogs, maxAppendBytes: 1 },
  },
  own_snapshot_late: { play: ownSnapshotComesLate, settings: smallLogs, size: 5 },
};
