/** Lease nodes whose longest ttl is lowered, one of which loses its file then: real processes (TTL-1, VOTER-RECOVERY-1). */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Quorum } from '@holdfast/quorum-client';
import { untilSo } from '../../../checker/src/waits.ts';
import { freePort, holdfast, until } from '../integration/support/holdfast.ts';

const startTimeoutMs = 60_000;
const formerSeconds = 6;
const folder = mkdtempSync(join(tmpdir(), 'holdfast-lowered-ttl-'));
const processes = new Set<ReturnType<typeof holdfast>>();
after(async () => {
  for (const { child } of processes) child.kill('SIGKILL');
  await Promise.all([...processes].map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

const isVoting = async (url: string): Promise<boolean> => {
  const answer = await fetch(`${url}/health`);
  const body: unknown = await answer.json();
  return typeof body === 'object' && body !== null && 'voting' in body && body.voting === true;
};

describe('A lease node whose longest ttl is lowered', { timeout: 120_000 }, () => {
  it('given it loses its file after that, then it does not vote before the longest lease of before has ended', async () => {
    const ports = new Set<number>();
    while (ports.size < 3) ports.add(await freePort());
    const urls = [...ports].map((port) => `http://127.0.0.1:${String(port)}`);
    const start = async (url: string, maxTtl: number) => {
      const { port } = new URL(url);
      const peers = urls.filter((other) => other !== url).join(',');
      const place = ['--port', port, '--db', join(folder, `${port}.sqlite`), '--peers', peers];
      const node = holdfast(undefined, ['quorum-node', ...place, '--max-ttl', String(maxTtl)]);
      processes.add(node);
      await until('a node', () => node.told().includes(url), startTimeoutMs);
      return node;
    };
    const startAll = (maxTtl: number) => Promise.all(urls.map((url) => start(url, maxTtl)));
    const former = await startAll(formerSeconds);
    using client = new Quorum({ nodes: urls, ttlMs: formerSeconds * 1000 });
    await client.lock('x').acquire({ waitMs: startTimeoutMs });
    for (const { child } of former) child.kill('SIGKILL');
    await Promise.all(former.map(({ ended }) => ended));

    const [lost] = await startAll(1);
    const [url = ''] = urls;
    lost?.child.kill('SIGKILL');
    await lost?.ended;
    const { port } = new URL(url);
    const files = readdirSync(folder).filter((name) => name.startsWith(`${port}.sqlite`));
    assert.ok(files.length > 0);
    for (const name of files) rmSync(join(folder, name));

    const startedMs = performance.now();
    await start(url, 1);
    await untilSo(() => isVoting(url), { what: 'it votes', longestMs: 60_000, pauseMs: 20 });
    const waitedMs = performance.now() - startedMs;
    assert.ok(waitedMs >= formerSeconds * 1000, `it voted after ${String(waitedMs)} ms`);
  });
});
