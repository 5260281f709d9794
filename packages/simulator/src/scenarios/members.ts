/** Scenarios of members that come and go while others cannot be reached. */
import type { MemberId } from '@holdfast/raft';
import { Violation } from '../world/world.ts';
import { unless } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

/** One of three is gone, and another one is to be removed: the two that run go on serving. */
async function removeWithoutAMajority(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const [gone = '', other = ''] = stage.random.shuffled(stage.names(leader.id));
  stage.kill(stage.node(gone));
  await stage.sleep(stage.random.between(500, 1500));
  const { engine } = leader;
  engine?.removeMember(other).catch(() => undefined);
  await stage.sleep(stage.random.between(100, 2000));
  const client = stage.actor('client', [leader.id, other]);
  let served = false;
  const ask = async (): Promise<void> => {
    while (!served) {
      const session = await unless(client.session(5));
      served = session !== undefined && (await unless(session.lock('red'))) !== undefined;
      if (!served) await stage.sleep(50);
    }
  };
  ask().catch((error: unknown) => stage.world.timeline.fail(error));
  await stage.must(
    `A client was not served for 30 s by two of three, one of which was to be removed.`,
    () => served,
    30_000,
  );
}

/** A learner is cut off from everybody: it names nobody as its leader for long. */
async function cutOffALearner(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const newcomer = stage.cluster.addNewcomer();
  await stage.until('a newcomer that runs', () => newcomer.replica !== undefined);
  leader.engine?.addMember(newcomer.id, newcomer.id).catch(() => undefined);
  const isLearner = (): boolean => {
    const { leader: its, membership } = newcomer.replica?.status() ?? {};
    const role = membership?.members.find(({ id }) => id === newcomer.id)?.role;
    return typeof its === 'string' && role === 'learner';
  };
  await stage.until('a learner with a leader', isLearner);
  stage.part(newcomer.id, stage.names(newcomer.id));
  await stage.sleep(stage.random.between(2000, 4000));
  const named = newcomer.status()?.leader;
  if (typeof named === 'string')
    throw new Violation(
      `${newcomer.id} names ${named} as its leader, from which it has heard nothing for ten election timeouts.`,
    );
}

/** One of four is to be removed, leads, and has that in its log alone: with one more gone nobody can be elected without it. */
async function removeInOneLogAlone(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  await stage.sleep(stage.random.between(200, 600));
  const [gone = '', ...others] = stage.random.shuffled(stage.names(leader.id));
  let at = 0;
  // As soon as the leader has it, before it has reached the others.
  stage.witness.afterWrite = (id, { entries }) => {
    const removal = entries.find(({ kind }) => kind === 'membership');
    if (id !== leader.id || removal === undefined) return;
    at = removal.index;
    stage.part(leader.id, [gone, ...others]);
  };
  // Of the core: the engine transfers leadership first, where another voter answers (MEMBERS-3 of the engine).
  await stage.until(
    'the removal in its own log',
    () =>
      leader.replica?.changeMembership({ type: 'remove', id: leader.id as MemberId }).ok === true,
  );
  await stage.until(
    'the removal on its own disk',
    () => at > 0 && stage.witness.disks.ends(leader.id) >= at,
  );
  stage.witness.afterWrite = () => undefined;
  stage.kill(leader);
  stage.kill(stage.node(gone));
  stage.healAll();
  stage.start(leader);
  await stage.must(
    `Three of four elected nobody within 30 s: the removal of ${leader.id} is in its own log alone.`,
    () => stage.cluster.leader() !== undefined,
    30_000,
  );
}

export const ofMembers: Scenarios = {
  removal_without_a_majority: { play: removeWithoutAMajority },
  learner_cut_off: { play: cutOffALearner },
  removal_in_one_log: { play: removeInOneLogAlone, size: 4 },
};
