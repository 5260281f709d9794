import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { frameKinds } from '../../src/transport/frames.ts';
import { differentMembers, toldMembers } from '../../src/transport/initial-members.ts';
import type { InitialMembers } from '../../src/transport/initial-members.ts';
import { RawPeer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const timeout = 30_000;
const root = mkdtempSync(join(tmpdir(), 'holdfast-initial-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open: PeerNode[] = [];
let count = 0;
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ transport }) => transport.close()));
});
async function start(name: string, options: Partial<PeerNodeOptions> = {}): Promise<PeerNode> {
  const node = await startPeer(name, { root, folder: `${name}-${String(++count)}`, ...options });
  open.push(node);
  return node;
}

describe('Two nodes that were first started with different members (HELLO-4)', () => {
  it('do not talk to each other, and the log of both has both lists', { timeout }, async () => {
    const a = await start('a', { initialMembers: ['a', 'b', 'c'] });
    const b = await start('b', { initialMembers: ['a', 'b', 'c', 'd', 'e'] });
    a.transport.setPeers([b]);
    const lists =
      /with the members a, b, c, node "b" with a, b, c, d, e: they would count different majorities/;
    assert.match(await b.said.next(), lists);
    assert.match(await a.said.next(), lists);
    assert.equal(a.transport.isConnected(b.id), false);
  });

  it('talk to each other where the lists are in another order', { timeout }, async () => {
    const a = await start('a', { initialMembers: ['a', 'b', 'c'] });
    const b = await start('b', { initialMembers: ['c', 'b', 'a'] });
    a.transport.setPeers([b]);
    assert.equal(await a.urls.next(), 'b http://b');
  });

  it(
    'are refused though one of them goes by its log already: it would count otherwise',
    { timeout },
    async () => {
      const knowledge = { namesOthers: () => true };
      const a = await start('a', { initialMembers: ['a', 'b', 'c'], knowledge });
      const b = await start('b', { initialMembers: ['a', 'b'] });
      b.transport.setPeers([a]);
      assert.match(await b.said.next(), /would count different majorities/);
    },
  );

  it('talk to each other once the log of both names others', { timeout }, async () => {
    const knowledge = { namesOthers: () => true };
    const a = await start('a', { initialMembers: ['a', 'b', 'c'], knowledge });
    const b = await start('b', { initialMembers: ['a', 'b'], knowledge });
    b.transport.setPeers([a]);
    assert.equal(await b.urls.next(), 'a http://a');
  });

  it('talk to each other where one was added to the running cluster', { timeout }, async () => {
    const a = await start('a', { initialMembers: ['a', 'b', 'c'] });
    const d = await start('d', { initialMembers: ['a'], joined: true });
    d.transport.setPeers([a]);
    assert.equal(await d.urls.next(), 'a http://a');
  });

  for (const initialMembers of ['a', [7], [''], Array.from({ length: 65 }, () => 'a')])
    it(
      `are refused where the list is none: ${JSON.stringify(initialMembers).slice(0, 20)}`,
      { timeout },
      async () => {
        const node = await start('node', { initialMembers: ['node', 'stranger'] });
        const stranger = RawPeer.to(node.address).hello({ initialMembers });
        assert.match(await stranger.refusal(), /does not tell its initial members/);
        await stranger.closed;
      },
    );

  it('each tell their own list', { timeout }, async () => {
    const node = await start('node', { initialMembers: ['node', 'b'] });
    const stranger = RawPeer.to(node.address).hello();
    const frame = await stranger.frames.next();
    assert.equal(frame.kind, frameKinds.hello);
    assert.partialDeepStrictEqual(JSON.parse(frame.body.toString()), {
      initialMembers: ['node', 'b'],
      othersInLog: false,
    });
    stranger.socket.destroy();
  });
});

describe('Lists of members', () => {
  it('are compared alike from both sides, for every pair', () => {
    const lists: readonly InitialMembers[] = [
      [],
      ['a'],
      ['a', 'b'],
      ['b', 'a'],
      ['a', 'b', 'c'],
    ].flatMap((initialMembers) =>
      [true, false].map((othersInLog) => ({ initialMembers, othersInLog })),
    );
    for (const one of lists)
      for (const other of lists) {
        const here = differentMembers(['x', one], ['y', other]);
        const there = differentMembers(['y', other], ['x', one]);
        assert.equal(here === undefined, there === undefined);
        const told = toldMembers({ ...other });
        assert.deepEqual(told, other);
      }
  });
});
