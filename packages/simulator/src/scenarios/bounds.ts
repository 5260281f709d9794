/** Scenarios of bounds: the time that a call has, the nodes that a client tries, the bytes of one entry. */
import type { Engine } from '@holdfast/engine';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorEffect } from '@holdfast/protocol';
import type { ResourceName, SessionId } from '@holdfast/state';
import { quickDisk } from '../world/disk.ts';
import { Violation } from '../world/world.ts';
import { unless } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

/** Of every call of an actor (see actor.ts), with some time to tell that it is over. */
const callMs = 3000;
const toTellMs = 500;
const mostBatchBytes = 1000;
/** One write of a disk that does nothing. */
const frozenMs = 20_000;

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

/** How a call of the engine ends. */
interface Ended {
  readonly tookMs: number;
  /** Undefined: it was answered. */
  readonly effect: ErrorEffect | undefined;
}

async function endOf(stage: Stage, call: Promise<unknown>): Promise<Ended> {
  const beganMs = stage.world.nowMs;
  const effect = await call.then(
    () => undefined,
    (error: unknown) => (error instanceof HoldfastError ? error.effect : 'none'),
  );
  return { tookMs: stage.world.nowMs - beganMs, effect };
}

const caller = { identity: 'caller', timeoutMs: callMs };

async function sessionOf(stage: Stage, engine: Engine): Promise<SessionId> {
  const sessionId = stage.random.id() as SessionId;
  const command = { type: 'create_session', sessionId, clientId: 'caller' } as const;
  const timeoutMs = 60_000;
  await engine.submit({ ...command, timeoutMs, lockDelayMs: 0, createdAtMs: 0 }, caller);
  return sessionId;
}

function lockBy(engine: Engine, sessionId: SessionId, waitMs: number): Promise<unknown> {
  const name = 'red' as ResourceName;
  const command = { type: 'acquire', mode: 'exclusive', name, acquiredAtMs: 0 } as const;
  return engine.submit({ ...command, sessionId, requestId: 1, waitMs }, caller);
}

/**
 * A majority answers heartbeats and does not write: one node is down, and the disk of another one does nothing. What is asked of
 * the leader itself ends in its time, and it leads on: reads and keepalives need no disk (SUBMISSION-2 of the engine).
 */
async function majorityDoesNotWrite(stage: Stage): Promise<void> {
  const leader = await stage.begin();
  const { engine, replica } = leader;
  if (engine === undefined || replica === undefined) throw new Error('The leader is down.');
  const [holder, waiter, comer] = [
    await sessionOf(stage, engine),
    await sessionOf(stage, engine),
    await sessionOf(stage, engine),
  ];
  await lockBy(engine, holder, 0);
  await stage.sleep(stage.random.between(500, 1500));
  const waitMs = 1000;
  const waits = endOf(stage, lockBy(engine, waiter, waitMs));
  await stage.sleep(50);
  const [down = '', frozen = ''] = stage.random.shuffled(stage.names(leader.id));
  const { disk } = stage.node(frozen);
  stage.kill(stage.node(down));
  disk.conditions = { minDelayMs: frozenMs, maxDelayMs: frozenMs };
  await stage.sleep(50);
  const { term } = replica.status();
  const asks = endOf(stage, lockBy(engine, comer, 0));
  for (const [what, mostMs, call] of [
    ['A command', callMs, asks],
    ['A wait', waitMs + callMs, waits],
  ] as const) {
    const { tookMs, effect } = await call;
    if (tookMs > mostMs + toTellMs || effect !== 'perhaps')
      throw new Violation(
        `${what} that had ${String(mostMs)} ms, and that nobody committed, ended after ${String(Math.round(tookMs))} ms with the effect ${String(effect)}.`,
      );
  }
  const alive = await endOf(stage, engine.keepAlive(holder, caller));
  const now = replica.status();
  if (alive.effect !== undefined || now.role !== 'leader' || now.term !== term)
    throw new Violation(
      `${leader.id}, whose majority answers and does not write, is ${now.role} in term ${String(now.term)} of ${String(term)}, and a keepalive has the effect ${String(alive.effect)}.`,
    );
  disk.conditions = quickDisk;
}

export const ofBounds: Scenarios = {
  call_has_its_time: { play: callHasItsTime },
  session_lost_meanwhile: { play: sessionIsLostMeanwhile },
  ways_lead_nowhere: { play: waysLeadNowhere },
  node_falls_silent: { play: nodeFallsSilent },
  majority_does_not_write: { play: majorityDoesNotWrite },
  batches_at_the_byte_limit: {
    play: batchesAtTheByteLimit,
    settings: { maxBatchBytes: mostBatchBytes, maxAppendBytes: mostBatchBytes },
  },
};
