/** Members that listen elsewhere than they did, over real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { encodeMessageFrame } from '../../src/transport/messages.ts';
import { freePorts } from '../cluster.ts';
import { RawPeer, RawServer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const vote: Message = { type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false };
const timeout = 30_000;

const root = mkdtempSync(join(tmpdir(), 'holdfast-moved-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open = new Set<PeerNode>();
let count = 0;
let folder = '';
beforeEach(() => {
  folder = join(root, String(++count));
});
afterEach(async () => {
  await Promise.all([...open].map(({ transport }) => transport.close()));
  open.clear();
});
async function start(name: string, options: Partial<PeerNodeOptions> = {}): Promise<PeerNode> {
  const port = options.port ?? (await freePorts(1))[0] ?? 0;
  const node = await startPeer(name, { root: folder, ...options, port });
  open.add(node);
  return node;
}
async function stop(node: PeerNode): Promise<void> {
  open.delete(node);
  await node.transport.close();
}
/** As the log has it, for ever. */
type Logged = readonly { readonly id: MemberId; readonly address: string }[];
const loggedOf = (nodes: readonly PeerNode[]): Logged =>
  nodes.map(({ id, address }) => ({ id, address }));
async function connected(from: PeerNode, to: MemberId): Promise<void> {
  while (!from.transport.isConnected(to)) await from.urls.next();
}

describe('A member that listens elsewhere', () => {
  it('is found by those that it connects to', { timeout }, async () => {
    const [a, b] = [await start('a'), await start('b')];
    const logged = loggedOf([a, b]);
    for (const node of [a, b]) node.transport.setPeers(logged);
    await connected(a, b.id);
    await stop(b);
    await a.unreachable.next();
    const moved = await start('b', { starts: 2 });
    moved.transport.setPeers(logged);
    await connected(a, b.id);
    assert.equal(a.transport.addressOf(b.id), moved.address);
    assert.notEqual(moved.address, b.address);
    // And messages reach it
    a.transport.send(b.id, vote);
    assert.deepEqual(await moved.heard.next(), vote);
  });

  it(
    'is found by another one that has moved too, by what the third one tells',
    { timeout },
    async () => {
      const nodes = [await start('a'), await start('b'), await start('c')] as const;
      const [a, b, c] = nodes;
      const logged = loggedOf(nodes);
      for (const node of nodes) node.transport.setPeers(logged);
      for (const node of nodes)
        for (const other of nodes) if (node !== other) await connected(node, other.id);
      await Promise.all([stop(b), stop(c)]);
      while (a.transport.isConnected(b.id) || a.transport.isConnected(c.id))
        await a.unreachable.next();
      // When two come back elsewhere, and know of each other what the log says
      const [movedB, movedC] = [await start('b', { starts: 2 }), await start('c', { starts: 2 })];
      for (const node of [movedB, movedC]) node.transport.setPeers(logged);
      await connected(movedB, c.id);
      await connected(movedC, b.id);
      await connected(a, b.id);
      await connected(a, c.id);
      movedB.transport.send(c.id, vote);
      assert.deepEqual(await movedC.heard.next(), vote);
    },
  );

  it('is found where the configuration of this start says it is', { timeout }, async () => {
    const [a, b] = [await start('a'), await start('b')];
    const logged = loggedOf([a, b]);
    await Promise.all([stop(a), stop(b)]);
    const movedB = await start('b', { starts: 2 });
    const movedA = await start('a', {
      starts: 2,
      configured: [{ id: 'b', address: movedB.address }],
    });
    movedA.transport.setPeers(logged);
    await connected(movedA, b.id);
  });

  it('is found again after a restart of the one that found it', { timeout }, async () => {
    const [a, b] = [await start('a'), await start('b')];
    const logged = loggedOf([a, b]);
    a.transport.setPeers(logged);
    await stop(b);
    const moved = await start('b', { starts: 2 });
    moved.transport.setPeers(logged);
    await connected(a, b.id);
    await stop(a);
    // When the moved one connects to nobody
    moved.transport.setPeers([]);
    const again = await start('a', { starts: 2 });
    again.transport.setPeers(logged);
    await connected(again, b.id);
  });
});

describe('An address', () => {
  it(
    'is not learned from somebody who is in another folder, or of another cluster',
    { timeout },
    async () => {
      const [a, b] = [await start('a'), await start('b')];
      a.transport.setPeers(loggedOf([b]));
      await connected(a, b.id);
      for (const changes of [
        { incarnation: '00000000-0000-4000-8000-000000000009' },
        { clusterId: 'x' },
      ]) {
        const posing = RawPeer.to(a.address);
        posing.hello({ from: 'b', to: 'a', starts: 9, address: '127.0.0.1:1', ...changes });
        assert.notEqual(await posing.refusal(), '');
      }
      assert.equal(a.transport.addressOf(b.id), b.address);
    },
  );

  it('that is wrong lets no frame count, and is left for the right one', { timeout }, async () => {
    const [a, b] = [await start('a'), await start('b')];
    const port = Number(b.address.split(':')[1]);
    a.transport.setPeers(loggedOf([b]));
    await connected(a, b.id);
    await stop(b);
    await a.unreachable.next();
    // Given somebody else where b is told to be
    const elsewhere = await RawServer.open();
    const teller = RawPeer.to(a.address).hello({ from: 'c', to: 'a' });
    await teller.frames.next();
    teller.addresses([{ id: 'b', starts: 9, address: elsewhere.address }]);
    const posing = await elsewhere.peers.next();
    posing.hello({ from: 'b', to: 'a', incarnation: '00000000-0000-4000-8000-000000000008' });
    posing.socket.write(encodeMessageFrame(vote));
    assert.match(await posing.refusal(), /another data folder/);
    // When b is where it was
    await start('b', { port, starts: 2 });
    await connected(a, b.id);
    assert.equal(a.transport.addressOf(b.id), b.address);
    assert.equal(a.heard.count, 0);
    elsewhere.close();
    teller.socket.destroy();
  });
});
