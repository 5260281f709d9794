/**
 * The process of one client of the quorum: takes locks, writes to what they guard, gives them back, and
 * writes down what it believed. Configured by its environment: CHAOS_CLIENT, CHAOS_SET, CHAOS_REACH, CHAOS_JOURNAL,
 * CHAOS_GUARDED, CHAOS_TRANSPORT; with TLS by what `cluster/shown.ts` names as well.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { Quorum } from '@holdfast/quorum-client';
import type { QuorumHold } from '@holdfast/quorum-client';
import { HoldfastError } from '@holdfast/protocol';
import type { QuorumSet } from '@holdfast/protocol';
import { firstWord } from '../clients/first-word.ts';
import { settingOf } from '../clients/setting.ts';
import { shownByEnvironment } from '../cluster/shown.ts';
import { nowMs } from '../now.ts';
import { writeGuarded } from './guarded-resource.ts';
import { HoldLog } from './hold-log.ts';
import { driftBufferMs, nodeTimeoutMs, sharedLocks, ttlMs } from './terms.ts';

export type ToQuorumClient =
  | 'stop'
  /** Take a lock of your own, and say so; then say when you are given one that all want. */
  | { readonly type: 'serve'; readonly id: number }
  /** The nodes are these from now on. */
  | { readonly type: 'set'; readonly set: QuorumSet }
  /** When you hold a lock next, say so and pause. */
  | { readonly type: 'stand' };
export type FromQuorumClient =
  | { readonly type: 'served'; readonly id: number }
  /** A lock of its own that it asked for in order to serve. */
  | { readonly type: 'refused'; readonly id: number; readonly why: string }
  /** Given one that all want since it was asked to serve. */
  | { readonly type: 'shares'; readonly id: number }
  | { readonly type: 'stands'; readonly lock: string };

/** How far what is known of a renewal may lag. */
const watchEveryMs = 10;
/** Until a signal to oneself has certainly arrived. */
const signalMs = 5;
const ownWaitMs = 500;
/** Mostly short; now and then for longer than a lease stands without a renewal. */
const thinkMs: readonly number[] = [...Array.from({ length: 150 }, () => 8), 100, 100, 1.5 * ttlMs];

const name = settingOf('CHAOS_CLIENT');
const guarded = settingOf('CHAOS_GUARDED');
const log = new HoldLog(settingOf('CHAOS_JOURNAL'));
const reach = Object.fromEntries(
  settingOf('CHAOS_REACH')
    .split(',')
    .map((pair) => pair.split('=') as [string, string]),
);
const quorumOf = ({ members, epoch }: QuorumSet): Quorum =>
  new Quorum({
    nodes: members,
    epoch,
    reach,
    transport: settingOf('CHAOS_TRANSPORT') === 'http' ? 'http' : 'stream',
    clientId: name,
    ttlMs,
    driftBufferMs,
    nodeTimeoutMs,
    ...shownByEnvironment(),
  });
let former: Quorum | undefined;
let quorum = quorumOf(JSON.parse(settingOf('CHAOS_SET')) as QuorumSet);
const pick = <T>(choices: readonly T[]): T =>
  choices[Math.floor(Math.random() * choices.length)] as T;
const say = (message: FromQuorumClient): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()));

const stop = new AbortController();
const { signal } = stop;
let mayStand = false;
let count = 0;
let onShared: () => void = () => undefined;
process.on('message', (message: ToQuorumClient) => {
  if (message === 'stop') stop.abort();
  else if (message.type === 'stand') mayStand = true;
  else if (message.type === 'set') {
    // What is held goes on in the one before, which refuses, until there is another one.
    former?.close();
    former = quorum;
    quorum = quorumOf(message.set);
  } else {
    const { id } = message;
    onShared = () => void say({ type: 'shares', id });
    void serve(id);
  }
});
process.on('disconnect', () => process.exit(0));

process.send?.(firstWord);
while (!signal.aborted) {
  await cycle(pick(sharedLocks), pick([0, 500, 4000]), use);
  await pause(Math.random() * 20);
}
former?.close();
quorum.close();
process.exit(0);

/** On a lock that nobody else wants. */
async function serve(id: number): Promise<void> {
  while (!signal.aborted) {
    const refusal = await cycle(`own-${name}`, ownWaitMs, async () => undefined);
    if (refusal === undefined) {
      await say({ type: 'served', id });
      return;
    }
    await say({ type: 'refused', id, why: refusal.message });
    await pause(watchEveryMs);
  }
}

/** @returns why it was not granted; undefined: it was. */
async function cycle(
  lock: string,
  waitMs: number,
  useIt: (id: string, hold: QuorumHold) => Promise<void>,
): Promise<HoldfastError | undefined> {
  const id = `${name}/${String(process.pid)}/${String(++count)}`;
  log.write(id, { type: 'asked', lock, atMs: nowMs() });
  let hold: QuorumHold;
  try {
    hold = await quorum.lock(lock).acquire({ waitMs, signal });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    log.write(id, { type: 'refused', atMs: nowMs() });
    return error;
  }
  const unwatch = believe(id, hold);
  await useIt(id, hold);
  unwatch();
  log.write(id, { type: 'releasing', atMs: nowMs() });
  const released = giveBack(id, hold);
  // Some go on before a majority has been told.
  if (Math.random() < 0.5) await released;
  return undefined;
}

/** Where no majority hears of it, it ends by itself, and nobody knows when. */
async function giveBack(id: string, hold: QuorumHold): Promise<void> {
  try {
    await hold.release();
    log.write(id, { type: 'released', atMs: nowMs() });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}

/** Writes down from when until when it is believed; each renewal prolongs it. @returns what ends the watch. */
function believe(id: string, hold: QuorumHold): () => void {
  const untilMs = (): { readonly atMs: number; readonly untilMs: number | null } => {
    const atMs = nowMs();
    const leftMs = hold.validForMs;
    return { atMs, untilMs: leftMs > 0 ? atMs + leftMs : null };
  };
  const granted = untilMs();
  let knownMs = granted.untilMs ?? 0;
  log.write(id, { type: 'granted', token: hold.fenceToken, ...granted });
  const look = (): void => {
    const now = untilMs().untilMs;
    if (now === null || now < knownMs + 1) return;
    knownMs = now;
    log.write(id, { type: 'renewed', untilMs: now });
  };
  const timer = setInterval(look, watchEveryMs);
  return () => {
    clearInterval(timer);
    look();
  };
}

async function use(id: string, hold: QuorumHold): Promise<void> {
  onShared();
  onShared = () => undefined;
  if (mayStand) await stand(id, hold);
  const looksFirst = Math.random() < 0.5;
  for (let writes = 1 + Math.floor(Math.random() * 3); writes > 0; writes--) {
    await pause(Math.random() * pick(thinkMs));
    if (looksFirst && !hold.isHeld()) return;
    await write(id, hold);
  }
}

/** As a machine that hangs: it believes that it holds, and does not know that time has passed. */
async function stand(id: string, hold: QuorumHold): Promise<void> {
  mayStand = false;
  await say({ type: 'stands', lock: hold.name });
  const fromMs = nowMs();
  process.kill(process.pid, 'SIGSTOP');
  while (nowMs() < fromMs + signalMs);
  const pausedMs = nowMs() - fromMs;
  let code: string | null = null;
  try {
    hold.assertHeld();
  } catch (error) {
    code = error instanceof HoldfastError ? error.code : String(error);
  }
  log.write(id, { type: 'woke', awakening: { pausedMs, code } });
  await write(id, hold);
}

async function write(id: string, hold: QuorumHold): Promise<void> {
  const accepted = await writeGuarded(guarded, hold.name, hold.fenceToken);
  log.write(id, { type: 'wrote', write: { accepted, held: hold.isHeld() } });
}
