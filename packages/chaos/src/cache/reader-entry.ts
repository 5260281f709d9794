/**
 * The process of one client: reads keys of the cache all the time, mostly from its own memory, changes one now and then, with and
 * without conditions, and writes down what it asked and was answered. Configured by its environment: CHAOS_CLIENT, CHAOS_URLS,
 * CHAOS_KEYS, CHAOS_JOURNAL; with TLS by what `cluster/shown.ts` names as well.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import type { CacheAnswer } from '@holdfast/checker';
import { HoldfastError } from '@holdfast/protocol';
import { firstWord } from '../clients/first-word.ts';
import { settingOf } from '../clients/setting.ts';
import { shownByEnvironment } from '../cluster/shown.ts';
import { nowMs } from '../now.ts';
import { CacheJournal } from './journal.ts';
import { CacheLoad } from './load.ts';
import type { AskedCall } from './load.ts';

const client = settingOf('CHAOS_CLIENT');
const urls = settingOf('CHAOS_URLS').split(',');
const keys = settingOf('CHAOS_KEYS').split(',');
const journal = new CacheJournal(settingOf('CHAOS_JOURNAL'));
const load = new CacheLoad(`${client}/${String(process.pid)}`, Math.random, nowMs);
const callMs = 5000;
/** All writes under holds are under holds of this one (CACHE-HELD-1). */
const lockName = 'chaos/cache';

const stop = new AbortController();
process.on('message', () => stop.abort());
process.on('disconnect', () => process.exit(0));

process.send?.(firstWord);
while (!stop.signal.aborted) {
  try {
    const settings = { clientId: client, timeoutMs: callMs, ...shownByEnvironment() };
    const connection = await connect({ endpoints: urls, ...settings });
    // A key that is waited for does not keep others from being read from memory.
    await Promise.all([...keys.map((key) => goOnWith(connection, key)), holdInTurn(connection)]);
    await connection.close();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    await pause(20);
  }
}
process.exit(0);

async function goOnWith(connection: Client, key: string): Promise<void> {
  while (!stop.signal.aborted) {
    const asked = load.next(key);
    try {
      await (asked.call.type === 'read' ? read(connection, asked) : change(connection, asked));
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      await pause(20);
    }
    await pause(1);
  }
}

async function read(connection: Client, asked: AskedCall): Promise<void> {
  const { call, askedMs, isOwnRead } = asked;
  const { key } = call;
  const found = isOwnRead
    ? await connection.cache.get(key)
    : await connection.call('cache_get', { k: key });
  const version = found?.version ?? 0;
  const value = version === 0 ? null : textOf(found?.value);
  journal.read(call, askedMs, { type: 'value', version, value });
  load.found(key, version);
}

/** As it was written; what nobody wrote shows itself by not being one of those. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

async function change({ cache }: Client, asked: AskedCall): Promise<void> {
  const { call, askedMs, ttlMs, ifHeld } = asked;
  if (call.type === 'read') return;
  const open = journal.change(call, askedMs);
  const { key, ifVersion } = call;
  const conditions = {
    ...(ifVersion === undefined ? {} : { ifVersion }),
    ...(ifHeld === undefined ? {} : { ifHeld }),
  };
  try {
    if (call.type === 'delete') {
      open.answered({ type: 'deleted', existed: await cache.delete(key, conditions) });
      load.found(key, 0);
      return;
    }
    const options = { ...conditions, ...(ttlMs === undefined ? {} : { ttlMs }) };
    const { version } = await cache.set(key, call.value, options);
    open.answered({ type: 'written', version });
    load.found(key, version);
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const mismatch = mismatchIn(error);
    if (mismatch !== undefined) open.answered(mismatch);
    else if (error.effect === 'none') open.refused(error.code);
    throw error;
  }
}

function mismatchIn({ code, details }: HoldfastError): CacheAnswer | undefined {
  const { version } = details;
  return code === 'version_mismatch' && typeof version === 'number'
    ? { type: 'mismatch', version }
    : undefined;
}

/** Holds of the lock follow each other among all clients; the latest is used also when it is over. */
async function holdInTurn(connection: Client): Promise<void> {
  while (!stop.signal.aborted) {
    try {
      await using session = await connection.session({ timeoutSeconds: 2 });
      const { name, fenceToken } = await session.lock(lockName, { waitMs: 2000 });
      load.held = { name, fenceToken };
      await pause(100 + Math.random() * 600);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      await pause(50);
    }
  }
}
