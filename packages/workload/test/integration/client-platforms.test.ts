/** The client as published, on the oldest Node that it supports and in a browser, against real nodes. */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { before, describe, it } from 'node:test';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threeNodes } from './support/cluster.ts';
import { findChromium, servePage } from './support/page.ts';

const root = fileURLToPath(new URL('../../../../', import.meta.url));

/** Another Node on this machine, older than the one that runs the servers. */
function findOlderNode(): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'node'))
    .find((program) => {
      const { status, stdout } = spawnSync(program, ['--version'], { encoding: 'utf8' });
      return status === 0 && /^v2[0-3]\./.test(stdout);
    });
}

/** Takes a lock, waits for it in a second session, and tells the two tokens. */
const story = (endpoints: readonly string[]): string => `
  const { connect } = await import('@holdfast/client');
  const client = await connect({ endpoints: ${JSON.stringify(endpoints)} });
  const [one, two] = await Promise.all([client.session(), client.session()]);
  const first = await one.lock('platform');
  const second = two.lock('platform', { waitMs: 10_000 });
  first.assertHeld();
  await first.release();
  const hold = await second;
  hold.assertHeld();
  const told = { first: first.fenceToken, second: hold.fenceToken, state: first.state };
  await client.close();`;

function assertStory(told: unknown): void {
  assert.ok(typeof told === 'object' && told !== null, JSON.stringify(told));
  const { first, second, state } = told as { first?: number; second?: number; state?: string };
  assert.ok(first !== undefined && second !== undefined, JSON.stringify(told));
  assert.ok(second > first);
  assert.equal(state, 'released');
}

describe('The built client', () => {
  before(() => {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b'], {
      cwd: join(root, 'packages/client'),
    });
  });

  it('takes, waits for and gives back a lock on an older Node', async (t) => {
    const node = findOlderNode();
    if (node === undefined) return t.skip('This machine has no Node 20 to 23 beside the newest.');
    await using nodes = await threeNodes();
    const script = `${story(nodes.cluster.urls)}\n  console.log(JSON.stringify(told));`;
    const output = execFileSync(node, ['--input-type=module', '--eval', script], {
      cwd: join(root, 'packages/workload'),
      encoding: 'utf8',
      timeout: 30_000,
    });
    assertStory(JSON.parse(output));
  });

  it('does so in a browser, from a page of an allowed origin and of no other', async (t) => {
    const chromium = findChromium();
    if (chromium === undefined)
      return t.skip('This machine has no Chromium (Debian: apt-get install chromium).');
    await using page = await servePage();
    await using allowed = await threeNodes({ HOLDFAST_HTTP_ALLOWED_ORIGINS: page.origin });
    assertStory(await page.run(chromium, `${story(allowed.cluster.urls)}\n  await tell(told);`));

    await using closed = await threeNodes();
    const script = story(closed.cluster.urls).replace('connect({', 'connect({ timeoutMs: 2000,');
    const told = await page.run(chromium, `${script}\n  await tell(told);`);
    assert.match(JSON.stringify(told), /No node answered within 2000 ms\. Nothing was executed/);
  });
});
