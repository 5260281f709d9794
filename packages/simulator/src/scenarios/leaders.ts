/** Scenarios of leaders that have been replaced, have been paused, or lead on with entries of older terms. */
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorEffect } from '@holdfast/protocol';
import type { SessionId } from '@holdfast/state';
import type { SimulatedNode } from '../cluster/node.ts';
import { Violation } from '../world/world.ts';
import { unless } from './actor.ts';
import type { Actor } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

/** How late answers are at last that a leader goes on to get after it was replaced. */
const latestMs = 1000;

/**
 * What followers answer is ever later on its way to the leader, so that it hears of a majority for a second after they have
 * heard its last word; meanwhile another one leads.
 */
async function depose(stage: Stage, leader: SimulatedNode): Promise<SimulatedNode> {
  const others = stage.names(leader.id);
  for (let lateMs = 0; lateMs < latestMs; lateMs += 25) {
    for (const other of others) stage.slow(other, leader.id, lateMs);
    await stage.sleep(25);
  }
  stage.cut(leader.id, others);
  return stage.leader(leader.id);
}

/** Holds the lock by the new leader, and lets it go, again and again; each read has to tell of what was told before. */
async function readWhileOthersLead(stage: Stage, isRare: boolean): Promise<void> {
  const old = await stage.begin();
  const reader = stage.actor('reader', [old.id]);
  await reader.tokens('red');
  const deposed = depose(stage, old);
  if (!isRare) void readOn(stage, reader);
  const next = await deposed;
  const writer = stage.actor('writer', stage.names(old.id));
  writer.partFrom([old.id]);
  reader.partFrom(stage.names(old.id));
  const session = await writer.session(10);
  const { fenceToken } = await writer.lock(session, 'red');
  const askedMs = stage.world.nowMs;
  const untilMs = askedMs + stage.random.between(0, 600);
  await stage.until('the moment of the read', () => stage.world.nowMs >= untilMs);
  const told = await unless(reader.tokens('red'));
  if (told !== undefined && !told.includes(fenceToken))
    throw new Violation(
      `${old.id} tells that "red" is held by ${told.join(', ') || 'nobody'} when ${next.id} had given it token ${String(fenceToken)}.`,
    );
}

/** Its answers do not matter, but each needs a proof of its own. */
async function readOn(stage: Stage, reader: Actor): Promise<void> {
  for (;;) {
    await unless(reader.tokens('green'));
    await stage.sleep(20);
  }
}

/** A holder that reaches the old leader alone keeps its session alive there, while another one waits at the new one. */
async function keepAliveAtTheOldOne(stage: Stage): Promise<void> {
  const old = await stage.begin();
  const holder = stage.actor('holder', [old.id]);
  const session = await holder.session(2);
  await holder.lock(session, 'red');
  // What it is heard of first is logged, and the rest is not.
  await stage.sleep(1000);
  const next = depose(stage, old);
  holder.partFrom(stage.names(old.id));
  await next;
  const rival = stage.actor('rival', stage.names(old.id));
  rival.partFrom([old.id]);
  stage.every(5, () => stage.beliefs.compare('red'));
  await rival.lock(await rival.session(10), 'red');
}

/** Leads, was stopped for more than three heartbeats, and looks at what came in meanwhile (TICK-1). */
async function pauseTheLeader(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  await stage.sleep(stage.random.between(0, 200));
  const { term } = leader.replica?.status() ?? { term: 0 };
  leader.machine.pause();
  await stage.sleep(stage.random.between(5, 15) * 50);
  leader.machine.resume();
  await stage.sleep(60);
  const now = leader.replica?.status();
  if (now?.role === 'leader' && now.term === term)
    throw new Violation(
      `${leader.id} was stopped for many heartbeats, and goes on to lead in term ${String(term)}.`,
    );
}

/** Raft paper, figure 8, with three: an entry of an older term reaches a majority, and is then overwritten. */
async function overwriteAnOlderEntry(stage: Stage): Promise<void> {
  const first = await stage.begin();
  const asker = stage.actor('asker', [first.id]);
  const session = await asker.session(60);
  await stage.sleep(500);
  const others = stage.names(first.id);
  const at = stage.lastIndex(first) + 1;
  stage.part(first.id, others);
  const lock = session.lock('red', { waitMs: 0 }).catch(() => undefined);
  await stage.until('an entry that one node has', () => stage.witness.disks.ends(first.id) >= at);
  stage.kill(first);
  // Whoever leads next appends an entry that no other has, and is gone.
  let second: string | undefined;
  stage.world.onNotable = (id, what) => {
    if (what !== 'leads' || second !== undefined) return;
    second = id;
    stage.part(id, stage.names(id));
  };
  await stage.until(
    'another entry in its place',
    () => second !== undefined && stage.witness.disks.ends(second) >= at,
  );
  const next = stage.node(second ?? '');
  stage.kill(next);
  const [third = ''] = others.filter((id) => id !== next.id);
  stage.healAll();
  // It gets the older entry from the first, and nothing after it.
  stage.witness.afterWrite = (node, { entries }) => {
    if (node === third && entries.some(({ index }) => index >= at)) stage.cut(first.id, [third]);
  };
  stage.start(first);
  await stage.until('the older entry on two nodes', () => stage.witness.disks.ends(third) >= at);
  await stage.sleep(stage.random.between(20, 100));
  stage.kill(first);
  stage.witness.afterWrite = () => undefined;
  stage.healAll();
  stage.start(next);
  await stage.leader(first.id);
  await lock;
}

/**
 * A client is gone, and nobody leads for long enough to log the time: what passed between two leaders counts for its lease
 * all the same (CLOCK-3 of the engine).
 */
async function leadBriefly(stage: Stage): Promise<void> {
  await stage.begin();
  const client = stage.actor('client');
  const session = await client.session(2);
  await session.lock('red');
  await stage.sleep(stage.random.between(0, 500));
  client.end();
  const id = session.id as SessionId;
  const boundMs = 2 * session.timeoutMs + 1000;
  for (let ledMs = 0; ledMs <= boundMs;) {
    const leader = await stage.leader();
    const forMs = stage.random.between(100, 230);
    await stage.sleep(forMs);
    ledMs += forMs;
    if (leader.replica?.state.leaseOf(id) === undefined) return;
    await leader.engine?.transferLeadership(null).catch(() => undefined);
  }
  throw new Violation(
    `A session of ${String(session.timeoutMs)} ms stands ${String(boundMs)} ms of brief leaderships after its client died.`,
  );
}

/**
 * The leader executes a call and is gone before its answer is heard, when hardly any time is left for another attempt: nobody
 * may say that nothing was done.
 */
async function answerIsLostWithTheLeader(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const asked = stage.node(stage.random.pick(stage.names(leader.id)));
  await stage.sleep(500);
  const timeoutMs = 1000;
  const leftMs = stage.random.between(1, 15);
  stage.cut(leader.id, [asked.id]);
  const id = stage.random.id() as SessionId;
  const call = asked.engine?.submit(
    {
      type: 'create_session',
      sessionId: id,
      clientId: 'caller',
      timeoutMs: 60_000,
      lockDelayMs: 0,
      createdAtMs: 0,
    },
    { identity: 'caller', timeoutMs },
  );
  await stage.sleep(timeoutMs - leftMs);
  stage.kill(leader);
  const effect = await effectOf(call);
  const next = await stage.leader(leader.id);
  await stage.sleep(200);
  if (effect === 'none' && next.replica?.state.leaseOf(id) !== undefined)
    throw new Violation(
      `${asked.id} told its caller that nothing was done, and ${leader.id} had done it.`,
    );
}

async function effectOf(call: Promise<unknown> | undefined): Promise<ErrorEffect | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    if (error instanceof HoldfastError) return error.effect;
    throw error;
  }
}

export const ofLeaders: Scenarios = {
  reads_of_a_deposed_leader: { play: (stage) => readWhileOthersLead(stage, false) },
  one_read_of_a_deposed_leader: { play: (stage) => readWhileOthersLead(stage, true) },
  keepalives_of_a_deposed_leader: { play: keepAliveAtTheOldOne },
  paused_leader: {
    play: pauseTheLeader,
    // So that nobody else leads meanwhile.
    settings: { electionTimeoutMinMs: 1500, electionTimeoutMaxMs: 3000 },
  },
  brief_leaderships: { play: leadBriefly },
  answer_lost_with_the_leader: {
    play: answerIsLostWithTheLeader,
    // So that the follower goes on to follow a leader that it does not hear, until its call is over.
    settings: { electionTimeoutMinMs: 2000, electionTimeoutMaxMs: 4000 },
  },
  older_entry_overwritten: {
    play: overwriteAnOlderEntry,
    settings: {
      heartbeatMs: 20,
      electionTimeoutMinMs: 60,
      electionTimeoutMaxMs: 120,
      maxAppendBytes: 1,
    },
  },
};
