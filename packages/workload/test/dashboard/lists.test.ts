/** The lists of the dashboard beside that of locks: each shows what is there, and everybody can use it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { freePorts } from '../../src/free-ports.ts';
import { oneNode, post } from './node.ts';
import type { OneNode } from './node.ts';
import { launch, look } from './seen.ts';

let browser: Browser;
let node: OneNode;

before(async () => {
  browser = await launch();
  node = await oneNode(await freePorts(1));
  const { url } = node;
  const { session_id } = await post(url, 'sessions', { client_id: 'importer', timeout: 600 });
  await post(url, 'semaphores/exports/acquire', { session_id, permits: 1, limit: 3 });
  await post(url, 'election/scheduler/campaign', { client_id: 'web-1', ttl_seconds: 600 });
  await post(url, 'barriers/step-1/enter', { session_id, parties: 2 });
  await post(url, 'latches/shards-loaded', { count: 2 });
  await post(url, 'queue/push', { queue: 'mail', key: 'user:7', payload: 'welcome' });
});
after(async () => {
  await node[Symbol.asyncDispose]();
  await browser.close();
});

describe('A list of the dashboard', () => {
  for (const [what, address, shown] of [
    ['semaphores', 'resources/semaphore', 'exports'],
    ['elections', 'resources/election', 'scheduler'],
    ['barriers', 'resources/barrier', 'step-1'],
    ['latches', 'resources/latch', 'shards-loaded'],
    ['sessions', 'sessions', 'importer'],
    ['queues', 'queues', 'mail'],
  ] as const)
    it(`of ${what} shows them, and everybody can use it`, async () => {
      await using looker = await look(browser, `${node.url}/#/${address}`);
      await looker.sees(shown);
      await looker.isUsable();
      assert.deepEqual(looker.complaints, []);
    });
});
