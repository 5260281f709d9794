/**
 * The process of one client: reads keys of the cache all the time, mostly from its own memory, writes one now and then, and
 * writes down what it was answered. Configured by its environment: CHAOS_CLIENT, CHAOS_URLS, CHAOS_KEYS, CHAOS_JOURNAL.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { connect } from '@holdfast/client';
import type { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import { firstWord } from '../clients/first-word.ts';
import { appendLine } from '../clients/lines.ts';
import { settingOf } from '../clients/setting.ts';
import { nowMs } from '../now.ts';
import type { CacheEvent } from './judge.ts';

const client = settingOf('CHAOS_CLIENT');
const urls = settingOf('CHAOS_URLS').split(',');
const keys = settingOf('CHAOS_KEYS').split(',');
const journal = settingOf('CHAOS_JOURNAL');
/** Of a thousand steps so many write. */
const writesOfThousand = 4;
const callMs = 5000;

const stop = new AbortController();
process.on('message', () => stop.abort());
process.on('disconnect', () => process.exit(0));

process.send?.(firstWord);
while (!stop.signal.aborted) {
  try {
    const connection = await connect({ endpoints: urls, clientId: client, timeoutMs: callMs });
    // A key that is waited for does not keep others from being read from memory.
    await Promise.all(keys.map((key) => goOnWith(connection, key)));
    await connection.close();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    await pause(20);
  }
}
process.exit(0);

async function goOnWith({ cache }: Client, key: string): Promise<void> {
  while (!stop.signal.aborted) {
    const isWrite = Math.random() * 1000 < writesOfThousand;
    const askedMs = nowMs();
    try {
      const found = isWrite ? await cache.set(key, askedMs) : await cache.get(key);
      const version = found?.version ?? 0;
      const type = isWrite ? 'write' : 'read';
      const event: CacheEvent = { client, type, key, version, askedMs, answeredMs: nowMs() };
      appendLine(journal, event);
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      await pause(20);
    }
    await pause(1);
  }
}
