/** A set of lease nodes is followed by another one: nodes, runs and the change are real processes. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Quorum } from '@holdfast/quorum-client';
import type { HoldfastError } from '@holdfast/protocol';
import { freePort, holdfast, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

/** On a machine that others use much, the start of a process alone takes long. */
const startTimeoutMs = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-reconfigure-'));
const nodes = new Set<ReturnType<typeof holdfast>>();
after(async () => {
  for (const { child } of nodes) child.kill('SIGKILL');
  await Promise.all([...nodes].map(({ ended }) => ended));
  rmSync(folder, { recursive: true, force: true });
});

const quorum = (...words: readonly string[]): Promise<Ended> =>
  holdfast(undefined, ['quorum', ...words]).ended;

async function start(url: string, ...words: readonly string[]) {
  const { port } = new URL(url);
  const place = ['--port', port, '--db', join(folder, `${port}.sqlite`), '--json'];
  const node = holdfast(undefined, ['quorum-node', ...place, ...words]);
  nodes.add(node);
  await until('a node', () => node.told().includes('\n'), startTimeoutMs);
  return node;
}

/** The change waits until what was granted has ended. */
const ttlMs = 2000;
async function tokenOf(nodes: readonly string[], epoch: number): Promise<number> {
  using client = new Quorum({ nodes, epoch, ttlMs });
  const hold = await client.lock('x').acquire({ waitMs: 30_000 });
  const token = hold.fenceToken;
  await hold.release();
  return token;
}

describe('holdfast quorum reconfigure', () => {
  it('given a node of three is gone, then another one takes its place: tokens go on, the set before grants nothing, and its nodes start as before', async () => {
    const ports = new Set<number>();
    while (ports.size < 4) ports.add(await freePort());
    const [a = '', b = '', c = '', d = ''] = [...ports].map(
      (port) => `http://127.0.0.1:${String(port)}`,
    );
    const before = [a, b, c].join(',');
    const following = [a, b, d].join(',');
    const peers = (own: string): readonly string[] => [
      '--peers',
      [a, b, c].filter((url) => url !== own).join(','),
    ];
    const [first, , lost] = await Promise.all([
      ...[a, b, c].map((url) => start(url, ...peers(url))),
      start(d, '--join'),
    ]);
    assert.ok(first !== undefined && lost !== undefined);
    const token = await tokenOf([a, b, c], 1);
    lost.child.kill('SIGKILL');
    await lost.ended;
    const change = ['reconfigure', '--nodes', before, '--epoch', '1', '--to', following];
    const changed = await quorum(...change);
    assert.equal(changed.status, 0, changed.stderr);
    assert.match(changed.stdout, /3 of 3 vote in the set of epoch 2/);
    await assert.rejects(tokenOf([a, b, c], 1), (error: HoldfastError) => {
      assert.equal(error.code, 'wrong_epoch');
      assert.deepEqual(error.details['members'], [a, b, d].toSorted());
      return true;
    });
    const later = await tokenOf([a, b, d], 2);
    assert.ok(later > token, `${String(later)} after ${String(token)}`);
    const repeated = await quorum(...change);
    assert.equal(repeated.status, 0, repeated.stderr);

    first.child.kill('SIGTERM');
    await first.ended;
    const restarted = await start(a, ...peers(a));
    assert.match(restarted.told(), /"voting":true/);
    restarted.child.kill('SIGTERM');
    assert.match((await restarted.ended).stderr, /this node goes on as its file says/);
  });
});
