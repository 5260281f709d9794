/**
 * The process of one client: takes locks and gives them back until it is told to stop, and writes every
 * operation down. Configured by its environment: CHAOS_CLIENT, CHAOS_URLS, CHAOS_LOCKS, CHAOS_JOURNAL; with TLS by what
 * `cluster/shown.ts` names as well.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { Client, Hold, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { shownByEnvironment } from '../cluster/shown.ts';
import { nowMs } from '../now.ts';
import { firstWord } from './first-word.ts';
import { CallJournal } from './journal.ts';
import { settingOf } from './setting.ts';

/** Codes that tell that nothing was granted, for certain. */
const refused: ReadonlySet<string> = new Set([
  'lock_held',
  'lock_delayed',
  'wait_timeout',
  'deadlock',
  'limit_exceeded',
]);
const sessionSeconds = 3;
/** How far the time at which a session was last certain may lag. */
const watchEveryMs = 10;

const name = settingOf('CHAOS_CLIENT');
const urls = settingOf('CHAOS_URLS').split(',');
const locks = settingOf('CHAOS_LOCKS').split(',');
const journal = new CallJournal(settingOf('CHAOS_JOURNAL'));
const pick = <T>(choices: readonly T[]): T =>
  choices[Math.floor(Math.random() * choices.length)] as T;

const stop = new AbortController();
const { signal } = stop;
process.on('message', () => stop.abort());
process.on('disconnect', () => process.exit(0));

process.send?.(firstWord);
while (!signal.aborted) {
  try {
    const client = await connect({ endpoints: urls, clientId: name, ...shownByEnvironment() });
    while (!signal.aborted) await useSession(client);
    await client.close();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    await pause(20);
  }
}
process.exit(0);

async function useSession(client: Client): Promise<void> {
  const session = await client.session({ timeoutSeconds: sessionSeconds });
  const asked = new Set<string>();
  let certainMs = nowMs();
  const watch = setInterval(() => {
    if (session.isValid()) certainMs = nowMs();
  }, watchEveryMs);
  const begin = (atMs: number): (() => void) => {
    const settles = [...asked].map((lock) =>
      journal.begin({ type: 'end', lock, session: session.id }, atMs),
    );
    asked.clear();
    return () => {
      for (const settle of settles) settle({ type: 'ended' });
    };
  };
  // Lost: the cluster may have ended it at any time since it was certain last.
  session.signal.addEventListener('abort', () => {
    if (session.state === 'lost') begin(certainMs);
  });
  try {
    for (let round = 0; round < 20 && !signal.aborted && session.state === 'active'; round++) {
      if (Math.random() < 0.1) await read(client);
      if (!(await cycle(session, asked))) break;
    }
    if (session.state !== 'active') return;
    const settle = begin(nowMs());
    await session.end();
    settle();
  } finally {
    clearInterval(watch);
  }
}

/** False: the outcome of something is not known. */
async function cycle(session: Session, asked: Set<string>): Promise<boolean> {
  const lock = pick(locks);
  asked.add(lock);
  const waitMs = Math.random() < 0.8 ? 4000 : 0;
  const settle = journal.begin({
    type: 'acquire',
    lock,
    session: session.id,
    mode: 'exclusive',
    wait: waitMs > 0,
  });
  let hold: Hold;
  try {
    hold = await session.lock(lock, { waitMs });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    if (!refused.has(error.code)) return false;
    settle({ type: 'busy' });
    return true;
  }
  settle({ type: 'granted', token: hold.fenceToken });
  if (Math.random() < 0.3) await pause(Math.random() * 20);
  return giveBack(session, hold);
}

async function giveBack(session: Session, hold: Hold): Promise<boolean> {
  if (hold.state !== 'held') return false;
  const settle = journal.begin({
    type: 'release',
    lock: hold.name,
    session: session.id,
    token: hold.fenceToken,
  });
  try {
    await hold.release();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return false;
  }
  const state: string = hold.state;
  if (state !== 'released') return false;
  settle({ type: 'released' });
  return true;
}

async function read(client: Client): Promise<void> {
  const lock = pick(locks);
  const settle = journal.begin({ type: 'read', lock });
  try {
    const { holders } = await client.call('lock_status', { name: lock });
    settle({
      type: 'state',
      tokens: holders.map((holder) => holder.fence_token).toSorted((a, b) => a - b),
    });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
  }
}
