/** Somebody sets the clock of the machine while a command runs; who keeps its lease answers all along. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { startLeaseNode } from '@holdfast/quorum';
import type { RunningLeaseNode } from '@holdfast/quorum';
import { freePort, holdfast, startOneNode } from './support/holdfast.ts';

/** Runs a command under a lease whose wall clock is set after a second, and asserts that it ends by itself. */
async function runsOn(
  folder: string,
  stepMs: number,
  url: string | undefined,
  words: readonly string[],
): Promise<void> {
  const mark = join(folder, `stepped-${String(stepMs)}`);
  const clock = join(folder, `clock-${String(stepMs)}.mjs`);
  writeFileSync(
    clock,
    `import { existsSync } from 'node:fs';
const wallNow = Date.now;
Date.now = () => wallNow() + (existsSync(${JSON.stringify(mark)}) ? ${String(stepMs)} : 0);
`,
  );
  const script = `sleep 1; touch ${mark}; sleep 4; exit 7`;
  const { ended } = holdfast(
    url,
    [...words, '--ttl', '6', `step-${String(stepMs)}`, '--', 'sh', '-c', script],
    { NODE_OPTIONS: `--import=${pathToFileURL(clock).href}` },
  );
  const { status, stderr } = await ended;
  assert.equal(status, 7, stderr);
}

describe('a command under a lease whose machine has its wall clock set', () => {
  let node: Awaited<ReturnType<typeof startOneNode>>;
  before(async () => {
    node = await startOneNode();
  });
  after(() => node.close());

  it('runs on, wherever it is set to', async () => {
    const steps = [3000, -3000, 3_600_000];
    await Promise.all(steps.map((ms) => runsOn(node.folder, ms, node.url, ['lock', 'run'])));
  });
});

describe('a command under a quorum lease whose machine has its wall clock set', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-wall-clock-'));
  let nodes: readonly RunningLeaseNode[] = [];
  before(async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    const nameOf = (port: number): string => `http://127.0.0.1:${String(port)}`;
    const voting = ports.map(() => Promise.withResolvers<void>());
    nodes = await Promise.all(
      ports.map((port, at) =>
        startLeaseNode({
          file: join(folder, `${String(port)}.sqlite`),
          host: '127.0.0.1',
          port,
          peers: ports.filter((other) => other !== port).map(nameOf),
          log: {
            info: (_fields, message) => {
              if (message === 'This node votes.') voting[at]?.resolve();
            },
            warn: () => undefined,
            error: () => undefined,
          },
        }),
      ),
    );
    await Promise.all(voting.map(({ promise }) => promise));
  });
  after(async () => {
    await Promise.all(nodes.map((node) => node.close()));
    rmSync(folder, { recursive: true });
  });

  it('runs on, wherever it is set to', async () => {
    const words = ['quorum', 'lock', 'run', '--nodes', nodes.map(({ url }) => url).join(',')];
    const steps = [2000, -3000, 3_600_000];
    await Promise.all(steps.map((ms) => runsOn(folder, ms, undefined, words)));
  });
});
