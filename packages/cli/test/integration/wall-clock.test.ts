/** Somebody sets the clock of the machine while a command runs; the cluster answers all along. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { holdfast, startOneNode } from './support/holdfast.ts';

describe('a command under a lease whose machine has its wall clock set', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  for (const stepMs of [3000, -3000, 3_600_000]) {
    it(`by ${String(stepMs)} ms runs on`, async () => {
      const mark = join(node.folder, `stepped-${String(stepMs)}`);
      const clock = join(node.folder, `clock-${String(stepMs)}.mjs`);
      writeFileSync(
        clock,
        `import { existsSync } from 'node:fs';
const wallNow = Date.now;
Date.now = () => wallNow() + (existsSync(${JSON.stringify(mark)}) ? ${String(stepMs)} : 0);
`,
      );
      const script = `sleep 1; touch ${mark}; sleep 4; exit 7`;
      const { ended } = holdfast(
        node.url,
        ['lock', 'run', '--ttl', '6', `step-${String(stepMs)}`, '--', 'sh', '-c', script],
        { NODE_OPTIONS: `--import=${pathToFileURL(clock).href}` },
      );
      const { status, stderr } = await ended;
      assert.equal(status, 7, stderr);
    });
  }
});
