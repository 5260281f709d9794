/** Scenarios of calls and answers that are late: what clients believe meanwhile, and what late copies do. */
import { Violation } from '../world/world.ts';
import type { Session } from '@holdfast/client';
import { unless } from './actor.ts';
import type { Actor } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

/** A client's answers are late, and then it reaches nobody: a rival gets the lock when its session has expired. */
async function answersComeLate(stage: Stage): Promise<void> {
  await stage.begin();
  const holder = stage.actor('holder');
  const session = await holder.session(3);
  await holder.lock(session, 'red');
  for (const node of stage.names()) stage.slow(node, holder.name, 600);
  await stage.sleep(stage.random.between(3000, 4000));
  stage.cut(holder.name, stage.names());
  stage.every(5, () => stage.beliefs.compare('red'));
  const rival = stage.actor('rival');
  await rival.lock(await rival.session(10), 'red');
}

/** What a client asks at the end of its lease is in the log and not applied when its expiry is proposed. */
async function actsAtTheEndOfItsLease(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const client = stage.actor('client', [leader.id]);
  const session = await client.session(1);
  await client.work(session, 1);
  await stage.sleep(1500);
  await stage.until('a renewed lease', () => session.validForMs > 880);
  client.machine.pause();
  for (const other of stage.names(leader.id)) stage.slow(leader.id, other, 600);
  await stage.sleep(stage.random.between(600, 850));
  client.machine.resume();
  await unless(session.lock('red', { waitMs: 0 }));
  await stage.sleep(2000);
}

/** A holder downgrades its hold, and hears late that readers have come in. */
async function downgradeIsAnsweredLate(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const holder = stage.actor('holder', [leader.id]);
  const reader = stage.actor('reader');
  const session = await holder.session(10);
  const hold = await holder.lock(session, 'red');
  const readers = await reader.session(10);
  const read = reader.lock(readers, 'red', { mode: 'shared' });
  await stage.sleep(100);
  for (const node of stage.names()) stage.slow(node, holder.name, 500);
  const downgraded = hold.downgrade();
  await read;
  stage.beliefs.compare('red');
  await downgraded;
}

/** A copy of a downgrade is long under way; meanwhile the hold was upgraded again, and a reader waits. */
async function downgradeIsRepeated(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const [slow = '', quick = ''] = stage.random.shuffled(stage.names(leader.id));
  const holder = stage.actor('holder', [slow, quick]);
  holder.partFrom([leader.id, quick]);
  const session = await holder.session(20);
  const hold = await session.lock('red', { waitMs: 0 });
  stage.slow(slow, leader.id, 1500);
  const downgraded = unless(hold.downgrade());
  await stage.sleep(50);
  stage.kill(stage.node(slow));
  stage.world.network.heal(holder.name, quick);
  stage.world.network.heal(quick, holder.name);
  await downgraded;
  await holder.lock(session, 'red');
  const reader = stage.actor('reader', [quick, leader.id]);
  const read = unless(
    reader.lock(await reader.session(10), 'red', { mode: 'shared', waitMs: 4000 }),
  );
  await stage.sleep(2500);
  stage.beliefs.compare('red');
  await session.end();
  await read;
}

/** One client reaches all but the leader: it is served through others, and tries the leader ever more rarely (ROUTE-4). */
async function leaderOutOfReach(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const client = stage.actor('client');
  client.partFrom([leader.id]);
  const session = await client.session(10);
  let rounds = 0;
  const work = async (): Promise<void> => {
    for (;;) {
      await client.work(session, 1);
      rounds += 1;
      await stage.sleep(200);
    }
  };
  work().catch((error: unknown) => stage.world.timeline.fail(error));
  await stage.sleep(30_000);
  const tries = client.opened.get(leader.id) ?? 0;
  if (tries > 8)
    throw new Violation(
      `A client tried a leader that it cannot reach ${String(tries)} times in half a minute.`,
    );
  if (rounds < 30)
    throw new Violation(
      `A client that cannot reach the leader was served ${String(rounds)} times in half a minute.`,
    );
}

/** A session that waits for a lock cannot be reached any more, and ends; then the lock is free. */
async function waiterIsGone(stage: Stage): Promise<void> {
  await stage.begin();
  const holder = stage.actor('holder');
  const hold = await holder.lock(await holder.session(20), 'red');
  const waiter = stage.actor('waiter');
  const session = await waiter.session(1);
  void unless(session.lock('red', { waitMs: 60_000 }));
  await stage.sleep(stage.random.between(100, 500));
  waiter.partFrom(stage.names());
  await stage.sleep(stage.random.between(2500, 4000));
  await hold.release();
  const next = stage.actor('next');
  let served = false;
  const ask = next.lock(await next.session(20), 'red').then(() => {
    served = true;
  });
  await stage.must(
    'A lock for which a session waited that has ended is never free.',
    () => served,
    15_000,
  );
  await ask;
}

/** The cluster holds for a session what its client has, and nothing else, soon after both can talk. */
async function holdsNothing(stage: Stage, client: Actor, session: Session): Promise<void> {
  let held = '';
  for (let tries = 0; tries < 100; tries++) {
    const page = await unless(client.client.call('session_locks', { session_id: session.id }));
    if (page !== undefined && page.locks.length <= session.holds.length) return;
    held = page?.locks.join(', ') ?? held;
    await stage.sleep(100);
  }
  throw new Violation(
    `The cluster goes on holding ${held} for a session whose client has ${String(session.holds.length)}.`,
  );
}

/** The answer to an acquire is lost, and the deadline of the call passes: nobody has that hold. */
async function deadlinePasses(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const client = stage.actor('client', [leader.id]);
  const session = await client.session(30);
  await stage.sleep(stage.random.between(10, 500));
  for (const node of stage.names()) stage.cut(node, [client.name]);
  const asked = unless(session.lock('red', { waitMs: 0 }));
  await stage.sleep(20);
  // That it is cancelled is not heard at first either.
  if (stage.random.withProbability(0.5)) stage.cut(client.name, stage.names());
  await asked;
  await stage.sleep(stage.random.between(500, 3000));
  stage.healAll();
  await holdsNothing(stage, client, session);
}

/** The answer to an acquire is lost, and for long nobody hears that it is cancelled: it is cancelled until that is heard. */
async function cancelIsNotHeard(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const client = stage.actor('client', [leader.id]);
  const session = await client.session(60);
  await stage.sleep(stage.random.between(10, 500));
  for (const node of stage.names()) stage.cut(node, [client.name]);
  const asked = unless(session.lock('red', { waitMs: 0 }));
  await stage.sleep(20);
  stage.cut(client.name, stage.names());
  await asked;
  await stage.sleep(stage.random.between(25_000, 40_000));
  stage.healAll();
  await holdsNothing(stage, client, session);
}

/** An acquire is executed, and the node that passed it on is gone before it hears the answer; the client reaches no other. */
async function nodeIsLostWithTheAnswer(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  const client = stage.actor('client', [node.id]);
  client.partFrom(stage.names(node.id));
  const session = await client.session(60);
  await stage.sleep(stage.random.between(10, 500));
  stage.slow(leader.id, node.id, 300);
  const asked = unless(session.lock('red', { waitMs: 0 }));
  await stage.sleep(stage.random.between(20, 50));
  stage.kill(node);
  await asked;
  stage.start(node);
  stage.healAll();
  await holdsNothing(stage, client, session);
}

/** A copy of an acquire is long under way; meanwhile its caller has cancelled it and was told so. */
async function cancelledCopyComesLate(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const [slow = '', quick = ''] = stage.random.shuffled(stage.names(leader.id));
  const client = stage.actor('client', [slow, quick]);
  client.partFrom([leader.id, quick]);
  const session = await client.session(20);
  await stage.sleep(100);
  stage.slow(slow, leader.id, 3000);
  const controller = new AbortController();
  const asked = unless(session.lock('red', { waitMs: 0, signal: controller.signal }));
  await stage.sleep(20);
  controller.abort();
  stage.kill(stage.node(slow));
  stage.world.network.heal(client.name, quick);
  stage.world.network.heal(quick, client.name);
  await asked;
  await stage.sleep(4000);
  await holdsNothing(stage, client, session);
}

export const belatedCalls: Scenarios = {
  answers_late: { play: answersComeLate },
  end_of_a_lease: {
    play: actsAtTheEndOfItsLease,
    // Lines become slow, and nobody else is to lead for that.
    settings: { electionTimeoutMinMs: 2000, electionTimeoutMaxMs: 3000 },
  },
  downgrade_answered_late: { play: downgradeIsAnsweredLate },
  downgrade_repeated: { play: downgradeIsRepeated },
  leader_out_of_reach: { play: leaderOutOfReach },
  waiter_gone: { play: waiterIsGone },
  deadline_passes: { play: deadlinePasses },
  cancel_not_heard: { play: cancelIsNotHeard },
  node_lost_with_the_answer: { play: nodeIsLostWithTheAnswer },
  cancelled_copy_late: { play: cancelledCopyComesLate },
};
