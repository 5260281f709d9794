/** What goes on meanwhile: locks, sessions that come and go, a queue, a cache; each by a client with a key over TLS. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client } from '@holdfast/client';

export interface Counts {
  locks: number;
  sessions: number;
  messages: number;
  reads: number;
  /** How often work ended with an error of the cluster, and was begun anew. */
  interrupted: number;
}

const names = 200;
const keys = 500;

export interface Task {
  readonly client: Client;
  readonly signal: AbortSignal;
  readonly counts: Counts;
  /** Between two operations. */
  readonly paceMs: number;
}

export type Work = (task: Task) => Promise<void>;

const lock: Work = async ({ client, signal, counts, paceMs }) => {
  await using session = await client.session({ timeoutSeconds: 30 });
  for (let turn = 0; !signal.aborted; turn++) {
    await using hold = await session.lock(`soak/${String(turn % names)}`, { waitMs: 20_000 });
    hold.assertHeld();
    counts.locks += 1;
    await pause(paceMs);
  }
};

const comeAndGo: Work = async ({ client, signal, counts, paceMs }) => {
  while (!signal.aborted) {
    await using session = await client.session({ timeoutSeconds: 30 });
    await session.lock(`once/${session.id}`);
    counts.sessions += 1;
    await pause(paceMs);
  }
};

const push: Work = async ({ client, signal, paceMs }) => {
  const queue = client.queue('soak');
  for (let turn = 0; !signal.aborted; turn++) {
    await queue.push(`key ${String(turn % names)}`, { turn, text: 'x'.repeat(200) });
    await pause(paceMs);
  }
};

const consume: Work = async ({ client, signal, counts }) => {
  for await (const delivery of client.queue('soak').consume({ concurrency: 10, signal })) {
    await delivery.ack();
    counts.messages += 1;
  }
};

const cache: Work = async ({ client, signal, counts, paceMs }) => {
  for (let turn = 0; !signal.aborted; turn++) {
    const key = `soak/${String(turn % keys)}`;
    if (turn % 10 === 0) await client.cache.set(key, { turn }, { ttlMs: 60_000 });
    await client.cache.get(key);
    counts.reads += 1;
    await pause(paceMs);
  }
};

export const works: readonly Work[] = [lock, lock, comeAndGo, push, consume, cache];
