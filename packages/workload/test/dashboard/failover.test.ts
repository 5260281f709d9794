/** A leader is killed: what the page of a follower shows of it. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { Browser } from 'playwright-core';
import { untilSo } from '../../../checker/src/waits.ts';
import { threeNodes } from '../integration/support/cluster.ts';
import { launch, look } from './seen.ts';

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

describe('The page of a follower', () => {
  it('says that its node does not lead, and shows the next leader and its term when the leader is killed', async () => {
    await using nodes = await threeNodes();
    const { cluster } = nodes;
    const killed = await cluster.leader();
    const follower = cluster.nodes.find(({ nodeId }) => nodeId !== killed);
    assert.ok(follower !== undefined);
    const served = follower.nodeId;
    await using looker = await look(browser, follower.url);
    const { page, sees, isUsable } = looker;
    const term = async (): Promise<number> =>
      Number(await page.locator('dt:text-is("Term") + dd').textContent());
    const leaderIs = (nodeId: string): Promise<void> =>
      page.locator(`dt:text-is("Leader") + dd:text-is("${nodeId}")`).waitFor();
    const members = page.getByRole('table', { name: 'Members' });
    const rowOf = (nodeId: string) => members.getByRole('row').filter({ hasText: nodeId });

    await leaderIs(killed);
    await rowOf(killed).getByText('leader', { exact: true }).waitFor();
    await sees(
      `${served} does not lead: what the other members have stored is known to ${killed} alone.`,
    );
    await page
      .getByRole('img', { name: `Commit, on the leader (${served} does not lead): ` })
      .waitFor();
    await isUsable();
    const before = await term();
    await cluster.kill(killed, 'SIGKILL');
    const next = await untilSo(
      async () => {
        const leader = await cluster.leader();
        return leader === killed ? undefined : leader;
      },
      { what: 'another leader', longestMs: 20_000, pauseMs: 50 },
    );
    await leaderIs(next);
    await rowOf(next).getByText('leader', { exact: true }).waitFor();
    await rowOf(killed).getByText('not reached').waitFor();
    await sees(`${served} does not reach ${killed}`);
    await sees('live');
    assert.ok((await term()) > before, `term ${String(await term())} after ${String(before)}`);
    assert.deepEqual(looker.complaints, []);
  });
});
