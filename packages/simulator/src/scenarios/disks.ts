/** Scenarios of disks that do not give back what they hold. */
import type { SimulatedNode } from '../cluster/node.ts';
import { unless } from './actor.ts';
import { hasCaughtUp, heal, leaveBehind, smallLogs } from './snapshots.ts';
import type { Scenarios, Stage } from './stage.ts';

/** To stop, by a disk that fails. */
const stopMs = 5000;

/** Others are served while this one is not. */
async function isServed(stage: Stage, down: SimulatedNode): Promise<void> {
  const name = `without ${down.id} (${String(stage.actors.length)})`;
  const client = stage.actor(name, stage.names(down.id));
  let served = false;
  const ask = async (): Promise<void> => {
    while (!served) {
      const session = await unless(client.session(5));
      served = session !== undefined && (await unless(session.lock('red'))) !== undefined;
      await unless(session?.end() ?? Promise.resolve());
      if (!served) await stage.sleep(50);
    }
  };
  ask().catch((error: unknown) => stage.world.timeline.fail(error));
  await stage.must(
    `A client was not served for 10 s while ${down.id} could not read its disk.`,
    () => served,
    10_000,
  );
}

async function comesBack(stage: Stage, node: SimulatedNode): Promise<void> {
  node.disk.trouble = 'none';
  stage.start(node);
  const leader = await stage.leader(node.id);
  await stage.must(
    `${node.id} did not catch up when its disk could be read again.`,
    () => node.replica !== undefined && hasCaughtUp(leader, node),
    20_000,
  );
}

/** No read succeeds while a node starts, or one does not: it stops and says so, others go on, and it has all when its disk is well. */
async function startCannotRead(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const worker = stage.actor('worker');
  await worker.work(await worker.session(60), 3 + stage.random.below(10));
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  for (const trouble of ['failing_read', 'one_failed_read'] as const) {
    stage.kill(node);
    node.disk.trouble = trouble;
    stage.start(node);
    if (trouble === 'failing_read')
      await stage.must(
        `${node.id} runs, and cannot read its disk.`,
        () => !node.machine.isOn,
        stopMs,
      );
    await isServed(stage, node);
    await comesBack(stage, node);
  }
}

/** A leader cannot read the snapshot that a follower needs: it stops and says so, and another one helps the follower on. */
async function leaderCannotReadItsSnapshot(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  await leaveBehind(stage, leader, node);
  leader.disk.trouble = 'failing_read';
  heal(stage, node);
  await stage.must(
    `${leader.id} leads on, and cannot read the snapshot that ${node.id} needs.`,
    () => !leader.machine.isOn,
    stopMs,
  );
  await isServed(stage, leader);
  const next = await stage.leader(leader.id);
  await stage.must(
    `${node.id} did not catch up with ${next.id}.`,
    () => hasCaughtUp(next, node),
    20_000,
  );
  await comesBack(stage, leader);
}

export const ofDisks: Scenarios = {
  start_cannot_read: { play: startCannotRead, settings: smallLogs },
  snapshot_cannot_be_read: { play: leaderCannotReadItsSnapshot, settings: smallLogs },
};
