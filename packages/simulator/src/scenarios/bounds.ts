/** Scenarios of bounds: the time that a call has, the nodes that a client tries, the bytes of one entry. */
import { Violation } from '../world/world.ts';
import { unless } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

/** Of every call of an actor (see actor.ts), with some time to tell that it is over. */
const callMs = 3000;
const toTellMs = 500;
const mostBatchBytes = 1000;

/** How long a call takes, whatever comes of it. */
async function timeOf(stage: Stage, call: Promise<unknown>): Promise<number> {
  const beganMs = stage.world.nowMs;
  await unless(call);
  return stage.world.nowMs - beganMs;
}

/** Nobody answers any more: what a session asks ends when the time is over that its client was given for a call. */
async function callHasItsTime(stage: Stage): Promise<void> {
  await stage.begin();
  const client = stage.actor('client');
  const session = await client.session(60);
  await client.work(session, 1);
  await stage.sleep(stage.random.between(0, 2000));
  client.partFrom(stage.names());
  const tookMs = await timeOf(stage, session.lock('red', { waitMs: 0 }));
  if (tookMs > callMs + toTellMs)
    throw new Violation(
      `A call that had ${String(callMs)} ms failed after ${String(Math.round(tookMs))} ms.`,
    );
}

/** A session is lost while it waits for a lock: its caller is told then, and not at the end of the wait. */
async function sessionIsLostMeanwhile(stage: Stage): Promise<void> {
  await stage.begin();
  const holder = stage.actor('holder');
  await holder.lock(await holder.session(60), 'red');
  const waiter = stage.actor('waiter');
  const session = await waiter.session(2);
  const waits = timeOf(stage, session.lock('red', { waitMs: 60_000 }));
  await stage.sleep(stage.random.between(500, 2000));
  waiter.partFrom(stage.names());
  const tookMs = await waits;
  if (tookMs > 10_000)
    throw new Violation(
      `A wait of a session that was lost went on for ${String(Math.round(tookMs))} ms.`,
    );
}

/** Two of three addresses lead nowhere: the third is tried while nothing was heard of them. */
async function waysLeadNowhere(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  for (let round = 0; round < 6; round++) {
    const client = stage.actor(`client${String(round)}`);
    client.partFrom(stage.names(leader.id));
    const tookMs = await timeOf(stage, client.session(10));
    if (tookMs > 2500)
      throw new Violation(
        `A client that reaches one node of three was served after ${String(Math.round(tookMs))} ms.`,
      );
  }
}

/** The node of a session says nothing any more, and its connection stays: another one is tried before the lease is near its end. */
async function nodeFallsSilent(stage: Stage): Promise<void> {
  await stage.begin();
  const client = stage.actor('client');
  const session = await client.session(2);
  await client.work(session, 2);
  await stage.sleep(stage.random.between(0, 1000));
  stage.part(client.name, [stage.random.pick([...client.opened.keys()])]);
  let leastMs = Infinity;
  for (const untilMs = stage.world.nowMs + 6000; stage.world.nowMs < untilMs; await stage.sleep(5))
    leastMs = Math.min(leastMs, session.validForMs);
  if (leastMs < 500)
    throw new Violation(
      `A node that said nothing cost a lease of 2000 ms all but ${String(Math.round(leastMs))} ms.`,
    );
}

/** More is asked at once than fits into one entry, of commands up to the largest that fit. */
async function batchesAtTheByteLimit(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  stage.witness.afterWrite = (node, { entries }) => {
    for (const { index, data } of entries)
      if (data.byteLength > mostBatchBytes)
        stage.world.violation(
          `${node} writes entry ${String(index)} of ${String(data.byteLength)} bytes; a batch has ${String(mostBatchBytes)} at most.`,
        );
  };
  const client = stage.actor('client', [leader.id]);
  const session = await client.session(60);
  for (let round = 0; round < 5; round++) {
    const names = Array.from(
      { length: 8 + stage.random.below(12) },
      (_, place) => `red-${String(place)}-${'x'.repeat(stage.random.below(200))}`,
    );
    const holds = await Promise.all(names.map((name) => unless(session.lock(name, { waitMs: 0 }))));
    for (const hold of holds) if (hold !== undefined) await unless(hold.release());
  }
}

export const ofBounds: Scenarios = {
  call_has_its_time: { play: callHasItsTime },
  session_lost_meanwhile: { play: sessionIsLostMeanwhile },
  ways_lead_nowhere: { play: waysLeadNowhere },
  node_falls_silent: { play: nodeFallsSilent },
  batches_at_the_byte_limit: {
    play: batchesAtTheByteLimit,
    settings: { maxBatchBytes: mostBatchBytes, maxAppendBytes: mostBatchBytes },
  },
};
