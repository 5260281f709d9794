/** The dashboard as people see it, on real nodes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import type { Browser } from 'playwright-core';
import { connect } from '@holdfast/client';
import type { LockStatusAnswer, QueueStatsAnswer } from '@holdfast/protocol';
import type { LocalCluster } from '@holdfast/server';
import { urlOfNode } from '../../src/cluster-node.ts';
import { freePorts } from '../../src/free-ports.ts';
import { waitUntil } from '../../src/wait-until.ts';
import { threeNodes } from '../integration/support/cluster.ts';
import { oneNode, post } from './node.ts';
import { launch, look } from './seen.ts';

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** Workers take a lock by turns through the node that leads: its page draws how often, and how long it takes. */
async function showsRatesAndLatencies(browser: Browser, cluster: LocalCluster): Promise<void> {
  const nodeId = await cluster.leader();
  const url = urlOfNode(cluster, nodeId);
  await using client = await connect({ endpoints: [url] });
  const rested = new AbortController();
  const work = async (clientId: string): Promise<void> => {
    await using session = await client.session({ timeoutSeconds: 30, clientId });
    while (!rested.signal.aborted) {
      const hold = await session.lock('reports/hourly', { waitMs: 60_000 });
      await setTimeout(20);
      await hold.release();
      await setTimeout(50 * Math.random());
    }
  };
  const works = Promise.all(['one', 'two', 'three'].map((name) => work(`hourly-${name}`)));
  // A failure of it ends the test where it is awaited, and not before.
  works.catch(() => undefined);
  await using looker = await look(browser, url);
  const { page, isUsable, screenshot } = looker;
  await page.getByRole('img', { name: /^Grants: [1-9]/ }).waitFor();
  for (const name of [/^Acquire: \d/, /^Commit, on the leader: \d/, /^Durable write: \d/])
    await page.getByRole('img', { name }).waitFor();
  await isUsable();
  if (process.env['SCREENSHOTS'] !== undefined) await setTimeout(90_000);
  // Of the node that leads: another one cannot tell how far the others are.
  await page.locator(`dt:text-is("Leader") + dd:text-is("${nodeId}")`).waitFor();
  const lags = page
    .getByRole('table', { name: 'Members' })
    .locator('td[data-name="Lag in entries"]');
  for (const lag of await lags.allTextContents()) assert.match(lag, /\d/);
  await screenshot('cluster', { isWhole: true });
  await screenshot('cluster-dark', { isDark: true, isWhole: true });
  await screenshot('cluster-phone', { isPhone: true });
  rested.abort();
  await works;
  assert.deepEqual(looker.complaints, []);
}

describe('The dashboard of three nodes', () => {
  it('shows what is taken and lost as it happens, and does what is confirmed', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    const leader = await cluster.leader();
    const at = cluster.nodes.find(({ nodeId }) => nodeId === leader);
    const lost = cluster.nodes.find(({ nodeId }) => nodeId !== leader);
    assert.ok(at !== undefined && lost !== undefined);
    await using client = await connect({ endpoints: cluster.urls });
    await using holder = await client.session({ timeoutSeconds: 30, clientId: 'report-worker-1' });
    await using waiter = await client.session({ timeoutSeconds: 30, clientId: 'report-worker-2' });
    await using looker = await look(browser, at.url);
    const { page, sees, escapes, isUsable, screenshot } = looker;
    await sees('live');
    for (const { nodeId } of cluster.nodes) await sees(nodeId);
    await sees('Disk free');
    await sees('Longest turn in a minute');
    // Of each member, not of the asked one alone.
    const machines = page.getByRole('table', { name: 'Machines' });
    for (const { nodeId } of cluster.nodes)
      await machines
        .getByRole('row')
        .filter({ hasText: nodeId })
        .filter({ hasText: / of \d.* [MGT]B/ })
        .waitFor();
    await isUsable();
    // Without a mouse: past the navigation, or through it.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
    await page.getByRole('link', { name: 'Audit' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Audit', level: 1 }).waitFor();
    assert.equal(await page.evaluate('document.activeElement.id'), 'main');
    await page.getByRole('link', { name: 'Cluster', exact: true }).click();

    await page.getByRole('link', { name: 'Resources' }).click();
    await sees('No locks are held or waited for.');
    // What is seen from here on to the page of the session was told by the watch: nothing is asked for every so often.
    await looker.asksByItself(false);
    const first = await holder.lock('reports/daily');
    await sees('report-worker-1');
    const second = waiter.lock('reports/daily', { waitMs: 60_000 });
    await sees('Held exclusive by report-worker-1.');
    await isUsable();
    await screenshot('resources');
    await page.getByRole('searchbox').fill('invoices/');
    await sees('None begins with “invoices/”.');
    await page.getByRole('searchbox').fill('rep');
    await page.getByRole('link', { name: 'reports/daily' }).click();
    await sees('report-worker-2 began to wait.');
    const headings = await page.locator('h1, h2').allTextContents();
    assert.deepEqual(headings, ['reports/daily', 'Holders 1', 'Wait queue 1', 'History']);
    await sees(`report-worker-1 was granted it (exclusive) with fence token ${first.fenceToken}.`);
    await page.getByRole('button', { name: 'Release by force …' }).click();
    await sees('1 hold ends now, of report-worker-1, whether or not the holder is done.');
    await isUsable();
    await screenshot('confirmation');
    await escapes();
    assert.ok(first.isHeld, 'nothing is done that was not confirmed');
    await page.getByRole('button', { name: 'Release by force …' }).click();
    await page.getByLabel(/Reason/).fill('stuck since noon');
    await page.getByRole('button', { name: 'Release by force', exact: true }).click();
    await sees('1 hold of “reports/daily” ended.');
    const hold = await second;
    await sees('stuck since noon');
    await sees(`report-worker-2 was granted it (exclusive) with fence token ${hold.fenceToken}.`);
    await isUsable();
    await screenshot('history');

    await page.getByRole('link', { name: 'Sessions', exact: true }).click();
    await page.getByRole('link', { name: waiter.id }).click();
    await sees('Last contact');
    await isUsable();
    await looker.asksByItself(true);
    await page.getByRole('button', { name: 'End session …' }).click();
    await sees(
      '1 hold is released at once, whether or not report-worker-2 is done, and its waits end.',
    );
    await escapes();
    assert.ok(hold.isHeld, 'nothing is done that was not confirmed');
    await page.getByRole('button', { name: 'End session …' }).click();
    await page.getByRole('button', { name: 'End session', exact: true }).click();
    await sees('The session of report-worker-2 has ended.');
    const status = await fetch(`${at.url}/locks/reports%2Fdaily`);
    assert.equal(((await status.json()) as LockStatusAnswer).locked, false);

    await page.getByRole('link', { name: 'Cluster' }).click();
    await cluster.kill(lost.nodeId, 'SIGKILL');
    await sees(`${leader} does not reach ${lost.nodeId}`);
    await isUsable();
    await machines
      .getByRole('row')
      .filter({ hasText: lost.nodeId })
      .filter({ hasText: 'no answer' })
      .waitFor();
    await screenshot('lost-member', { isWhole: true });
    const other = cluster.nodes.find(({ nodeId }) => nodeId !== leader && nodeId !== lost.nodeId);
    assert.ok(other !== undefined);
    await page.getByRole('button', { name: `Make leader: ${other.nodeId}` }).click();
    await sees(
      `${leader} brings ${other.nodeId} up to date and steps down; ${other.nodeId} leads in a new term.`,
    );
    await escapes();
    assert.equal(await cluster.leader(), leader, 'nothing is done that was not confirmed');
    await page.getByRole('button', { name: `Make leader: ${other.nodeId}` }).click();
    await page.getByRole('button', { name: 'Transfer leadership', exact: true }).click();
    await sees(`${other.nodeId} leads.`);
    await cluster.restart(lost.nodeId);
    await page.getByText(`${leader} does not reach`).waitFor({ state: 'hidden' });
    await showsRatesAndLatencies(browser, cluster);

    // The node that serves the page, which leads no more.
    await cluster.kill(leader, 'SIGKILL');
    await sees('connection lost');
    await isUsable();
    await cluster.restart(leader);
    await sees('live');
    assert.deepEqual(looker.complaints, []);
  });

  it('shows queues: what blocks a key, dead letters, and their redrive', async () => {
    await using node = await oneNode(await freePorts(1));
    const push = { queue: 'mail', key: 'user:7', payload: { send: 'welcome' }, max_deliveries: 1 };
    await post(node.url, 'queue/configure', { queue: 'mail', on_dead: 'block' });
    await post(node.url, 'queue/push', push);
    await post(node.url, 'queue/push', { ...push, payload: { send: 'second' } });
    const popped = await post(node.url, 'queue/pop', { queue: 'mail', visibility_seconds: 30 });
    const [{ receipt }] = popped['messages'] as readonly [{ readonly receipt: string }];
    await post(node.url, 'queue/nack', { queue: 'mail', receipt, reason: 'mailbox full' });
    const stats = async (): Promise<QueueStatsAnswer> =>
      (await (await fetch(`${node.url}/queue/stats?queue=mail`)).json()) as QueueStatsAnswer;
    await using looker = await look(browser, `${node.url}/#/queues`);
    const { page, sees, escapes, isUsable, screenshot } = looker;
    await page.getByRole('link', { name: 'mail' }).click();
    await sees('mailbox full');
    await sees('a message of it is a dead letter: redrive or purge it');
    await isUsable();
    await screenshot('queue');
    await page.getByRole('button', { name: /^Redrive message/ }).click();
    await sees(
      'It becomes a message again and is delivered anew, after 1 delivery that came to nothing.',
    );
    await escapes();
    const { queues } = await stats();
    assert.equal(queues[0]?.dead_letters, 1, 'nothing is done that was not confirmed');
    await page.getByRole('button', { name: /^Redrive message/ }).click();
    await page.getByRole('button', { name: 'Redrive', exact: true }).click();
    await sees('1 is a message again.');
    await sees('No key is blocked.');
    // Drained: one message of the key after the other.
    for (const payload of ['welcome', 'second']) {
      const taken = await post(node.url, 'queue/pop', { queue: 'mail' });
      assert.match(JSON.stringify(taken['messages']), new RegExp(payload));
    }
    for (const name of ['Ready', 'In flight', 'Delayed', 'Blocked', 'Dead letters'])
      await page.locator(`dt:text-is("${name}") + dd:text-is("0")`).waitFor();
    assert.deepEqual(looker.complaints, []);
  });

  it('shows who waits for whom: the longest chain first, and whom it ends at', async () => {
    await using node = await oneNode(await freePorts(1));
    await using client = await connect({ endpoints: [node.url] });
    const names = ['root', 'reports', 'invoices', 'mail', 'archive'];
    const sessions = await Promise.all(
      names.map((name) => client.session({ timeoutSeconds: 60, clientId: `${name}-worker` })),
    );
    // Each holds one, and waits for that of the one before.
    for (const [index, session] of sessions.entries()) await session.lock(`step/${String(index)}`);
    const end = new AbortController();
    const wait = { waitMs: 60_000, signal: end.signal };
    const waits = sessions
      .slice(1)
      .map((session, index) => session.lock(`step/${String(index)}`, wait));
    const [first, , third] = sessions;
    assert.ok(first && third);
    await first.permits('pool', { permits: 2, limit: 2 });
    const permits = third.permits('pool', { permits: 1, limit: 2, ...wait });
    await using looker = await look(browser, `${node.url}/#/waits`);
    const { page, sees, isUsable, screenshot } = looker;
    await sees('archive-worker');
    await sees('4 in a row');
    await sees('Held exclusive by mail-worker.');
    await isUsable();
    await screenshot('waits');
    await page.getByRole('searchbox').fill('step/3');
    await sees('1 in a row');
    await page.getByRole('searchbox').fill('nothing');
    await sees('Nobody waits for what begins with “nothing”.');
    end.abort();
    await Promise.allSettled([...waits, permits]);
    await page.getByRole('searchbox').fill('');
    await sees('Nobody waits.');
    assert.deepEqual(looker.complaints, []);
  });

  it('shows the audit: changes, refusals, and whether the records are linked', async () => {
    await using node = await oneNode(await freePorts(1));
    await using looker = await look(browser, `${node.url}/#/audit`);
    const { page, sees, isUsable, screenshot } = looker;
    await sees('The audit is off: nothing is recorded.');
    await isUsable();
    await post(node.url, 'audit/enable', {});
    const admin = await post(node.url, 'auth/keys', { identity: 'operator', roles: ['admin'] });
    const key = String(admin['key']);
    await post(node.url, 'auth/enable', {}, key);
    for (const name of ['reports/daily', 'invoices/september', 'mail/outbox'])
      await post(
        node.url,
        `locks/${encodeURIComponent(name)}/acquire`,
        { client_id: 'report-worker-1' },
        key,
      );
    await waitUntil('a request without a key is refused', 20_000, async () => {
      const refused = await fetch(`${node.url}/locks/wages/acquire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ client_id: 'nobody' }),
      });
      // Where the machine has too much to do, a node of one may be without leadership for a moment.
      if (refused.status === 503) return false;
      assert.equal(refused.status, 401);
      return true;
    });
    await sees('Sign in to see this');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('API key').fill(key);
    await page.getByLabel('API key').press('Enter');
    await sees('lock/reports/daily');
    await sees('Each record shown follows by its hash on the one before.');
    await isUsable();
    await screenshot('audit');
    await page.getByRole('link', { name: 'Refusals' }).click();
    await sees('unauthorized');
    assert.doesNotMatch(await page.locator('main').innerText(), /hf_/);
    await isUsable();
    assert.deepEqual(looker.complaints, []);
  });

  it('asks for a key where authentication is on, and shows what its identity may read', async () => {
    await using node = await oneNode(await freePorts(1));
    const admin = await post(node.url, 'auth/keys', { identity: 'operator', roles: ['admin'] });
    const key = String(admin['key']);
    await post(node.url, 'auth/enable', {}, key);
    await post(
      node.url,
      'auth/roles/reports/grant',
      { verb: 'read', kind: 'lock', prefix: 'rep' },
      key,
    );
    const reader = await post(
      node.url,
      'auth/keys',
      { identity: 'reader', roles: ['reports'] },
      key,
    );
    for (const name of ['reports', 'wages'])
      await post(
        node.url,
        `locks/${name}/acquire`,
        { client_id: `${name}-job`, ttl_seconds: 60 },
        key,
      );
    await using looker = await look(browser, `${node.url}/#/resources/lock`);
    const { page, sees, isUsable, screenshot } = looker;
    await sees('Sign in to see this');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('API key').fill('hf_0_wrong');
    await page.getByLabel('API key').press('Enter');
    await sees(/key/i);
    await isUsable();
    await page.getByLabel('API key').fill(String(reader['key']));
    await page.getByLabel('API key').press('Enter');
    await sees('reports-job');
    assert.equal(await page.getByText('wages').count(), 0);
    await page.getByRole('link', { name: 'Queues' }).click();
    await sees('You may not see this');
    await isUsable();
    await screenshot('forbidden');
    // In this tab alone, and not beyond it.
    assert.equal(await page.evaluate('localStorage.length'), 0);
    assert.equal(await page.evaluate('document.cookie'), '');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await sees('Sign in to see this');
    assert.deepEqual(looker.complaints, []);
  });
});
