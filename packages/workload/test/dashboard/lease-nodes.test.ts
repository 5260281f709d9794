/** The dashboard of lease nodes as people see it, on real nodes. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { startLeaseNode } from '@holdfast/quorum';
import type { RunningLeaseNode } from '@holdfast/quorum';
import { Quorum } from '@holdfast/quorum-client';
import { freePorts } from '../../src/free-ports.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { launch, look } from './seen.ts';

const apiKey = 'the key of the lease nodes';
const longestMs = 20_000;

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

interface Nodes extends AsyncDisposable {
  readonly urls: readonly [string, string, string];
  readonly close: (index: number) => Promise<void>;
}

/** Three that vote. */
async function threeLeaseNodes(): Promise<Nodes> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  const ports = await freePorts(3);
  const urls = ports.map((port) => `http://127.0.0.1:${String(port)}`);
  const [first, second, third] = urls;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);
  const quiet = (): void => {
    // What is wrong is seen on the page.
  };
  const running = await Promise.all(
    ports.map((port, index) =>
      startLeaseNode({
        file: join(folder, `${String(index)}.sqlite`),
        host: '127.0.0.1',
        port,
        peers: urls.filter((url) => url !== urls[index]),
        apiKey,
        log: { info: quiet, warn: quiet, error: quiet },
      }),
    ),
  );
  const open = new Set<RunningLeaseNode | undefined>(running);
  const close = async (index: number): Promise<void> => {
    const node = running[index];
    if (open.delete(node)) await node?.close();
  };
  await waitUntil('all lease nodes vote', longestMs, async () =>
    running.every((node) => node.isVoting()),
  );
  return {
    urls: [first, second, third],
    close,
    async [Symbol.asyncDispose]() {
      await Promise.all(running.map((_node, index) => close(index)));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe('The dashboard of three lease nodes', () => {
  it('shows them side by side, on how many each lease stands, and one that is gone', async () => {
    await using nodes = await threeLeaseNodes();
    const { urls, close } = nodes;
    const names = ['invoices/september', 'mail/outbox', 'reports/daily'];
    const quorums = names.map(
      (name) =>
        new Quorum({
          nodes: [...urls],
          apiKey,
          ttlMs: 60_000,
          clientId: name.replace(/\/.*/, '-worker'),
        }),
    );
    for (const [index, quorum] of quorums.entries())
      await quorum.lock(names[index] ?? '').acquire();
    await using looker = await look(browser, urls[0]);
    const { page, sees, isUsable, screenshot } = looker;
    await sees('Sign in to see this');
    await page.getByLabel('API key').fill('wrong');
    await page.getByLabel('API key').press('Enter');
    await sees('This node requires its API key');
    await isUsable();
    await page.getByLabel('API key').fill(apiKey);
    await page.getByLabel('API key').press('Enter');
    for (const url of urls) await sees(url.slice('http://'.length));
    await sees('reports-worker');
    await sees('3 of 3');
    assert.equal(await page.getByText('votes', { exact: true }).count(), 3);
    await isUsable();
    await page.getByRole('searchbox').fill('mail/');
    await page.getByText('reports-worker').waitFor({ state: 'hidden' });
    await sees('mail-worker');
    await page.getByRole('searchbox').fill('none');
    await sees('None begins with “none”.');
    await page.getByRole('searchbox').fill('');
    await sees('reports-worker');

    await close(2);
    await sees('2 of 3 nodes vote');
    await sees('no answer');
    await sees(/2 of 3, not 127\.0\.0\.1/);
    await isUsable();
    await screenshot('lease-nodes');
    await screenshot('lease-nodes-dark', { isDark: true });
    await screenshot('lease-nodes-phone', { isPhone: true, isWhole: true });

    await close(1);
    await sees('1 of 3 nodes vote, and 2 are needed');
    await isUsable();
    await close(0);
    await sees('connection lost');
    assert.equal(await page.evaluate('localStorage.length'), 0);
    assert.deepEqual(looker.complaints, []);
    for (const quorum of quorums) quorum.close();
  });
});
