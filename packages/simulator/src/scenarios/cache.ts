/** Scenarios of the cache: nodes and clients that answer from memory while others write (`cached-values.ts` judges each read). */
import { HoldfastError } from '@holdfast/protocol';
import { calm } from '../world/network.ts';
import type { SimulatedNode } from '../cluster/node.ts';
import { unless } from './actor.ts';
import type { Actor } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

const key = 'red';

/** One who reads on from one node, and reaches no other. */
async function readerAt(stage: Stage, node: SimulatedNode): Promise<Actor> {
  const reader = stage.actor(`reader at ${node.id}`, [node.id]);
  reader.partFrom(stage.names(node.id));
  await stage.until('a first read', () => stage.cluster.leader() !== undefined);
  await read(stage, reader);
  const goOn = async (): Promise<void> => {
    for (;;) {
      await read(stage, reader);
      await stage.sleep(stage.random.between(1, 20));
    }
  };
  goOn().catch((error: unknown) => stage.world.timeline.fail(error));
  return reader;
}

async function read(stage: Stage, { name, client }: Actor): Promise<void> {
  const { cachedValues } = stage.witness;
  const beganMs = cachedValues.nowMs;
  try {
    const found = await client.cache.get(key);
    cachedValues.wasRead(name, key, found?.version ?? 0, beganMs);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}

async function write(stage: Stage, { name, client }: Actor): Promise<void> {
  const written = await unless(client.cache.set(key, stage.random.below(1000)));
  if (written !== undefined) stage.witness.cachedValues.wasWritten(name, key, written.version);
}

/** A node that answers from its memory is cut off: its lease runs out before what it has is written. */
async function nodeIsCutOff(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  const writer = stage.actor('writer', stage.names(node.id));
  writer.partFrom([node.id]);
  await write(stage, writer);
  await readerAt(stage, node);
  await stage.sleep(stage.random.between(100, 1500));
  stage.part(node.id, stage.names(node.id));
  await stage.sleep(stage.random.between(0, 1000));
  await write(stage, writer);
  await stage.sleep(1000);
  await write(stage, writer);
  await stage.sleep(1000);
}

/** A node that answers from its memory stops for longer than its lease: what it reads first after that is not answered from there. */
async function nodeIsPaused(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  const writer = stage.actor('writer', stage.names(node.id));
  writer.partFrom([node.id]);
  await write(stage, writer);
  const reader = stage.actor('reader', [node.id]);
  reader.partFrom(stage.names(node.id));
  for (let times = 0; times < 3; times++) await read(stage, reader);
  await stage.sleep(stage.random.between(0, 1000));
  node.machine.pause();
  // What it is told meanwhile does not wait for it.
  stage.part(node.id, stage.names(node.id));
  await write(stage, writer);
  const late = read(stage, reader);
  await stage.sleep(stage.random.between(5, 200));
  node.machine.resume();
  await late;
}

/** A node is cut off, and the leader that knows what the node has is replaced: the next one waits for a lease that it has not granted. */
async function leaderIsReplaced(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const [name = '', next = ''] = stage.random.shuffled(stage.names(leader.id));
  const node = stage.node(name);
  const writer = stage.actor('writer', [next]);
  writer.partFrom([leader.id, name]);
  await write(stage, writer);
  await readerAt(stage, node);
  await stage.sleep(stage.random.between(100, 1500));
  stage.part(name, stage.names(name));
  await leader.engine?.transferLeadership(next).catch(() => undefined);
  await stage.until('another leader', () => stage.cluster.leader()?.id === next);
  for (let times = 0; times < 3; times++) {
    await write(stage, writer);
    await stage.sleep(300);
  }
}

/** A key is given its first value, and loses it, while others remember that it has none. */
async function absentKeyIsWritten(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  for (const name of stage.names(leader.id)) await readerAt(stage, stage.node(name));
  const writer = stage.actor('writer');
  for (let times = 0; times < 10; times++) {
    await stage.sleep(stage.random.between(20, 200));
    await write(stage, writer);
    await stage.sleep(stage.random.between(20, 200));
    await unless(writer.client.cache.delete(key));
  }
}

/** What a node is answered is overtaken by what it is told to drop, between nodes whose messages overtake each other. */
async function answersAreOvertaken(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const writer = stage.actor('writer', [leader.id]);
  await write(stage, writer);
  for (const name of stage.names(leader.id)) await readerAt(stage, stage.node(name));
  stage.world.network.conditions = { ...calm, maxDelayMs: 60, reorders: true };
  for (let times = 0; times < 40; times++) {
    await write(stage, writer);
    await stage.sleep(stage.random.between(1, 60));
  }
  stage.world.network.conditions = calm;
}

/**
 * A node is told again to drop a key, and what it was told first comes when that has been read and written anew: it does not
 * let an answer in that the later write has made old.
 */
async function invalidationComesLate(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const node = stage.node(stage.random.pick(stage.names(leader.id)));
  const writer = stage.actor('writer', [leader.id]);
  const reader = stage.actor('reader', [node.id]);
  reader.partFrom(stage.names(node.id));
  const { network } = stage.world;
  const lateMs = stage.random.between(1200, 1600);
  /** For as long as the message that is meant takes to leave. */
  const sendLate = async (byMs: number): Promise<void> => {
    stage.slow(leader.id, node.id, byMs);
    await stage.sleep(10);
    network.quicken(leader.id, node.id);
  };
  await write(stage, writer);
  await read(stage, reader);
  network.conditions = { ...calm, reorders: true };
  const beganMs = stage.world.nowMs;
  const first = write(stage, writer);
  await sendLate(lateMs);
  await first;
  await stage.sleep(beganMs + lateMs - 100 - stage.world.nowMs);
  const late = read(stage, reader);
  await sendLate(300);
  await write(stage, writer);
  await late;
  for (let times = 0; times < 10; times++) {
    await read(stage, reader);
    await stage.sleep(20);
  }
  network.conditions = calm;
}

export const ofCache: Scenarios = {
  cache_of_a_node_cut_off: { play: nodeIsCutOff },
  cache_of_a_paused_node: { play: nodeIsPaused },
  cache_of_another_leader: { play: leaderIsReplaced },
  cache_of_an_absent_key: { play: absentKeyIsWritten },
  cache_invalidation_late: {
    play: invalidationComesLate,
    settings: { electionTimeoutMinMs: 3000, electionTimeoutMaxMs: 4000 },
  },
  cache_answers_overtaken: {
    play: answersAreOvertaken,
    settings: { electionTimeoutMinMs: 1000, electionTimeoutMaxMs: 2000 },
  },
};
