/** The page of the cache: what a node has in its memory, what is to be dropped by whom, and who delayed writes. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { connect } from '@holdfast/client';
import { freePorts } from '../../src/free-ports.ts';
import { oneNode, post } from './node.ts';
import { launch, look } from './seen.ts';

const reader = fileURLToPath(new URL('cache-reader-entry.ts', import.meta.url));

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

interface Reading extends Disposable {
  /** Resolves when the client has read the key once more. */
  readsAgain(): Promise<void>;
  signal(name: 'SIGSTOP' | 'SIGCONT'): void;
}

/** A client of its own process that keeps a key in its memory. */
function clientReading(url: string, key: string): Reading {
  const child = spawn(process.execPath, ['--conditions=source', reader, url, key], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout);
  return {
    async readsAgain() {
      await once(lines, 'line');
    },
    signal: (name) => void child.kill(name),
    [Symbol.dispose]: () => void child.kill('SIGKILL'),
  };
}

describe('The page of the cache', () => {
  it('shows its lines, found by the beginning of their keys', async () => {
    await using node = await oneNode(await freePorts(1));
    await using client = await connect({ endpoints: [node.url] });
    const keys = ['user/1', 'user/2', 'team/1'];
    for (const key of keys) await client.cache.set(key, { name: key });
    // Lines live as long as something is read through their node.
    const end = new AbortController();
    const reading = (async (): Promise<void> => {
      while (!end.signal.aborted) {
        for (const key of keys) await client.call('cache_get', { k: key });
        await setTimeout(100);
      }
    })();
    await using looker = await look(browser, `${node.url}/#/cache`);
    const { page, sees, isUsable, screenshot } = looker;
    await sees('user/2');
    await sees('No write waits for a line to be dropped.');
    await isUsable();
    await screenshot('cache');
    await page.getByRole('searchbox').fill('team/');
    await sees('team/1');
    await page.getByText('user/2').waitFor({ state: 'hidden' });
    await page.getByRole('searchbox').fill('nobody/');
    await sees('None begins with “nobody/”.');
    end.abort();
    await reading;
    assert.deepEqual(looker.complaints, []);
  });

  it('shows which client a write waits for, and how long it was delayed by it', async () => {
    await using node = await oneNode(await freePorts(1));
    const key = 'user/1';
    await post(node.url, 'cache/set', { key, value: 1 });
    using client = clientReading(node.url, key);
    // It is asked for every two seconds, and a client is waited for during 0.8 s alone.
    await using looker = await look(browser, `${node.url}/#/cache`, { pollsFaster: 20 });
    const { page, sees, isUsable } = looker;
    await sees('Nobody, for more than 0.1 s.');
    const pending = page.getByRole('table', { name: 'Pending invalidations' }).getByRole('row');
    const row = pending.filter({ hasText: key }).filter({ hasText: /client \S+/ });
    // Where the machine did not draw the page in that time the client is stopped once more.
    for (let isSeen = false, times = 1; !isSeen; times += 1) {
      assert.ok(times <= 5, 'no row tells whom the write waits for');
      await client.readsAgain();
      await client.readsAgain();
      client.signal('SIGSTOP');
      const seen = row.waitFor({ timeout: 5000 });
      const write = post(node.url, 'cache/set', { key, value: 2 });
      isSeen = await seen.then(
        () => true,
        () => false,
      );
      await write;
      client.signal('SIGCONT');
    }
    const delays = page.getByRole('table', { name: 'Who delayed writes' }).getByRole('row');
    const delay = delays.filter({ hasText: /client \S+/ });
    await delay.waitFor();
    const numbers = await delay.locator('td.number').allTextContents();
    const [seconds = '', keys = '', lapses = ''] = numbers.map((text) => text.trim());
    assert.match(seconds, /^\d+\.\d s$/);
    assert.ok(Number.parseFloat(seconds) >= 0.1 * Number(keys), seconds);
    // Its lease ran out, once for each key that it was waited for.
    assert.ok(Number(keys) >= 1 && lapses === keys, String(numbers));
    await sees('No write waits for a line to be dropped.');
    await isUsable();
    assert.deepEqual(looker.complaints, []);
  });
});
