import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { systemClock } from '../../src/clock.ts';
import type { Clock } from '../../src/clock.ts';
import { encodeFrame, encodeJsonFrame, frameKinds } from '../../src/transport/frames.ts';
import { encodeMessageFrame } from '../../src/transport/messages.ts';
import { helloOf, incarnationOf, RawPeer, RawServer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const vote: Message = { type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false };
const yes: Message = { type: 'vote_answer', term: 2, granted: true };
const malformed = ['{', 'null', '[]', '7', '"hello"', '{"version":2}', '{"from":{}}', ''];

/** Real time, but a handshake is over at once when the test says so. */
class HurriedClock implements Clock {
  readonly #late = new Set<() => void>();
  now = (): number => systemClock.now();
  bootNow = (): number => systemClock.bootNow();
  wallNow = (): number => systemClock.wallNow();
  endOfTurn = (callback: () => void): void => systemClock.endOfTurn(callback);

  after(delayMs: number, callback: () => void): () => void {
    if (delayMs < 5000) return systemClock.after(delayMs, callback);
    this.#late.add(callback);
    return () => this.#late.delete(callback);
  }

  get waiting(): number {
    return this.#late.size;
  }

  hurry(): void {
    for (const callback of this.#late) callback();
  }
}

const root = mkdtempSync(join(tmpdir(), 'holdfast-hello-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open: PeerNode[] = [];
const servers: RawServer[] = [];
let count = 0;
let folder = '';
beforeEach(() => {
  folder = join(root, String(++count));
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await Promise.all(open.splice(0).map(({ transport }) => transport.close()));
});
async function start(name: string, options: Partial<PeerNodeOptions> = {}): Promise<PeerNode> {
  const node = await startPeer(name, { root: folder, ...options });
  open.push(node);
  return node;
}

describe('A node that is connected to', () => {
  it('answers a hello with its own, which says who it is and whom it knows', async () => {
    const node = await start('node');
    const stranger = RawPeer.to(node.address).hello();
    const frame = await stranger.frames.next();
    assert.equal(frame.kind, frameKinds.hello);
    const { version, clusterId, from, to, incarnation, knownPeers } = JSON.parse(
      frame.body.toString(),
    ) as Record<string, unknown>;
    assert.deepEqual(
      { version, clusterId, from, to, incarnation, knownPeers },
      {
        version: 2,
        clusterId: 'c',
        from: 'node',
        to: 'stranger',
        incarnation: node.incarnation,
        knownPeers: { stranger: incarnationOf(1) },
      },
    );
    stranger.socket.destroy();
  });

  const refused: readonly [string, object, RegExp][] = [
    ['of an older protocol', { version: 1 }, /version 1 .* version 2.*same release/],
    ['of another cluster', { clusterId: 'other' }, /belongs to cluster "other"/],
    ['that looks for somebody else', { to: 'third' }, /looks for node "third"/],
    ['with its own id', { from: 'node' }, /of the same id/],
    ['without an id', { from: '' }, /does not say which node/],
    ['whose id is no text', { from: ['node'] }, /does not say which node/],
    ['without an incarnation', { incarnation: undefined }, /does not name its data folder/],
    ['whose id no node can have', { from: 'a\u0001' }, /does not say which node/],
    ['whose incarnation no folder has', { incarnation: 'i' }, /does not name its data folder/],
    ['whose incarnation is no text', { incarnation: {} }, /does not name its data folder/],
  ];
  for (const [who, changes, reason] of refused) {
    it(`refuses a peer ${who}, and both sides are told why`, async () => {
      const node = await start('node');
      const stranger = RawPeer.to(node.address).hello(changes);
      assert.match(await stranger.refusal(), reason);
      await stranger.closed;
      assert.match(await node.said.next(), reason);
    });
  }

  it('refuses a peer that comes back with another folder, and says how it is brought back', async () => {
    const node = await start('node');
    const first = RawPeer.to(node.address).hello({ incarnation: incarnationOf(1) });
    assert.equal((await first.frames.next()).kind, frameKinds.hello);
    first.socket.destroy();
    const second = RawPeer.to(node.address).hello({ incarnation: incarnationOf(2) });
    const reason = /another data folder.*as a learner under a new id/;
    assert.match(await second.refusal(), reason);
    assert.match(await node.said.next(), reason);
  });

  it('takes nothing that came before its own hello was out (HELLO-1)', async () => {
    const node = await start('node');
    const hasty = RawPeer.to(node.address);
    hasty.socket.write(
      Buffer.concat([encodeJsonFrame(frameKinds.hello, helloOf()), encodeMessageFrame(vote)]),
    );
    assert.match(await refusalOrMeeting(hasty, node), /before both sides/);
    await hasty.closed;
    assert.equal(node.heard.count, 0);
  });

  it('takes no other frame than a hello first', async () => {
    const node = await start('node');
    const stranger = RawPeer.to(node.address);
    stranger.socket.write(encodeMessageFrame(vote));
    assert.match(await stranger.refusal(), /first frame is no hello/);
    assert.equal(node.heard.count, 0);
  });

  it('takes at most 64 KiB of a stranger (HELLO-2)', async () => {
    const node = await start('node');
    const stranger = RawPeer.to(node.address);
    const head = Buffer.alloc(8);
    head.writeUInt32BE(64 * 1024 + 1, 0);
    stranger.socket.write(head);
    assert.match(await stranger.refusal(), /65537 bytes; at most 65536/);
    await stranger.closed;
  });

  it('survives every hello that makes no sense', async () => {
    const node = await start('node');
    for (const text of malformed) {
      const stranger = RawPeer.to(node.address);
      stranger.socket.write(frameOfText(text));
      assert.notEqual(await stranger.refusal(), '');
      await stranger.closed;
    }
    // It still answers one that does.
    const good = RawPeer.to(node.address).hello();
    assert.equal((await good.frames.next()).kind, frameKinds.hello);
    good.socket.destroy();
  });

  it('closes a connection on which no hello comes in time', async () => {
    const clock = new HurriedClock();
    const node = await start('node', { clock });
    const silent = RawPeer.to(node.address);
    while (clock.waiting === 0) await new Promise((resolve) => setImmediate(resolve));
    clock.hurry();
    await silent.closed;
    assert.equal(node.heard.count, 0);
  });
});

describe('A node that connects', () => {
  async function meetRaw(options: Partial<PeerNodeOptions> = {}): Promise<{
    node: PeerNode;
    peer: RawPeer;
  }> {
    const node = await start('node', options);
    const server = await RawServer.open();
    servers.push(server);
    node.transport.setPeers([{ id: 'stranger' as MemberId, address: server.address }]);
    return { node, peer: await server.peers.next() };
  }

  it('sends its hello, and nothing else before the peer has shown who it is (HELLO-1)', async () => {
    const { node, peer } = await meetRaw();
    assert.equal((await peer.frames.next()).kind, frameKinds.hello);
    const id = 'stranger' as MemberId;
    assert.equal(node.transport.isConnected(id), false);
    node.transport.send(id, vote);
    await assert.rejects(node.transport.call(id, 'x', undefined, 1000), { sent: false });
    peer.hello();
    await node.urls.find((text) => text.startsWith('stranger'));
    assert.equal(node.transport.isConnected(id), true);
    node.transport.send(id, yes);
    assert.equal((await peer.frames.next()).kind, frameKinds.takesPart, 'PROB-2');
    const frame = await peer.frames.next();
    assert.equal(frame.kind, frameKinds.raft);
    assert.match(frame.body.toString('latin1'), /vote_answer/);
    peer.socket.destroy();
  });

  const refused: readonly [string, object, RegExp][] = [
    ['of an older protocol', { version: 1 }, /version 1 .* version 2.*same release/],
    ['of another cluster', { clusterId: 'other' }, /belongs to cluster "other"/],
    ['that means somebody else', { to: 'third' }, /looks for node "third"/],
    ['that is not the one it wants', { from: 'third' }, /looks for node "stranger".*"third" is/],
    ['without an incarnation', { incarnation: '' }, /does not name its data folder/],
  ];
  for (const [who, changes, reason] of refused) {
    it(`refuses a peer ${who}, and both sides are told why`, async () => {
      const { node, peer } = await meetRaw();
      peer.hello(changes);
      assert.match(await peer.refusal(), reason);
      await peer.closed;
      assert.match(await node.said.next(), reason);
      assert.equal(node.transport.isConnected('stranger' as MemberId), false);
    });
  }

  it('refuses a peer that makes no sense, and lives on', async () => {
    for (const text of malformed) {
      const { peer, node } = await meetRaw();
      peer.socket.write(frameOfText(text));
      assert.notEqual(await peer.refusal(), '');
      await peer.closed;
      assert.equal(node.heard.count, 0);
      await node.transport.close();
    }
  });

  it('takes no message of a peer that has not shown who it is', async () => {
    const { node, peer } = await meetRaw();
    peer.socket.write(encodeMessageFrame(yes));
    peer.hello();
    assert.match(await refusalOrMeeting(peer, node), /no hello/);
    assert.equal(node.heard.count, 0);
  });

  it('drops a peer that stays silent', async () => {
    const clock = new HurriedClock();
    const { node, peer } = await meetRaw({ clock });
    await peer.frames.next();
    clock.hurry();
    await peer.closed;
    assert.match(await node.said.next(), /did not identify itself/);
    assert.equal(await node.unreachable.next(), 'stranger');
  });
});

describe('A member whose whole folder was lost', () => {
  const at = ({ id, address }: PeerNode): { id: MemberId; address: string } => ({ id, address });

  it('gets no answer and gives none, though it was told of all peers but one', async () => {
    // Given three members that have met
    const [n1, n2, n3] = await Promise.all([start('n1'), start('n2'), start('n3')]);
    for (const node of [n1, n2, n3])
      node.transport.setPeers([n1, n2, n3].filter((other) => other !== node).map(at));
    for (const [from, to] of [
      [n1, n3],
      [n2, n3],
      [n3, n2],
    ] as const) {
      await from.urls.find((text) => text.startsWith(to.id));
    }
    while (!n2.transport.isConnected(n3.id)) await new Promise((resolve) => setImmediate(resolve));
    // When n3 comes back with an empty folder, at the same place, and knows of n1 alone, which is away
    await n3.transport.close();
    await n1.transport.close();
    while (n2.urls.count > 0) await n2.urls.next();
    const port = Number(n3.address.split(':')[1]);
    const back = await start('n3', { folder: 'another', port });
    back.transport.setPeers([at(n1)]);
    // Then n2, which connects to it, refuses it, and both say so
    const reason = /"n3" came back with another data folder.*under a new id/;
    const saysSo = (node: PeerNode): Promise<string> => node.said.find((text) => reason.test(text));
    const met = n2.urls.find((text) => text.startsWith(n3.id));
    assert.match(await Promise.race([saysSo(n2), met]), reason);
    await saysSo(back);
    assert.equal(n2.transport.isConnected(n3.id), false);
    // And neither hears anything of the other, on any connection (TRANSPORT-4)
    n2.transport.send(n3.id, vote);
    back.transport.send(n2.id, yes);
    await n2.unreachable.find((id) => id === n3.id);
    assert.equal(n2.heard.count, 0);
    assert.equal(back.heard.count, 0);
  });

  it('is refused by a member that never met it, but was told of it by another', async () => {
    // Given n2 that has met n3, which is away, and n4 that joins and meets n2 only
    const n2 = await start('n2');
    const n3 = await start('n3');
    n2.transport.setPeers([at(n3)]);
    await n2.urls.next();
    await n3.transport.close();
    const n4 = await start('n4');
    n4.transport.setPeers([at(n2)]);
    await n4.urls.next();
    // When n3 comes back with an empty folder and connects to n4
    const back = await start('n3', { folder: 'another' });
    back.transport.setPeers([at(n4)]);
    // Then n4 refuses it
    const reason = /"n3" came back with another data folder/;
    assert.match(await Promise.race([back.said.next(), back.urls.next()]), reason);
    assert.match(
      await Promise.race([n4.said.next(), n4.urls.find((u) => u.startsWith('n3'))]),
      reason,
    );
  });
});

/** What comes first: the text with which the node refuses, or that it has met the peer. */
const refusalOrMeeting = (peer: RawPeer, node: PeerNode): Promise<string> =>
  Promise.race([peer.refusal(), node.urls.next().then((met) => `It has met the peer: ${met}.`)]);

/** A hello whose body is this text. */
function frameOfText(text: string): Buffer {
  return encodeFrame(frameKinds.hello, [Buffer.from(text)], 'a peer');
}

describe('A node of a cluster that has been upgraded', () => {
  const upgraded = { levels: { supported: 2, inForce: 2 } };

  it('refuses one whose program supports less, and tells it what to do (FEATURE-4)', async () => {
    const node = await start('node', upgraded);
    for (const told of [{}, { supportedFeatureLevel: 1 }, { supportedFeatureLevel: '2' }]) {
      const older = RawPeer.to(node.address).hello(told);
      assert.equal(
        await older.refusal(),
        'Node "stranger" supports feature levels up to 1, and the cluster of node "node" is at level 2. ' +
          'Run a newer release of Holdfast on node "stranger".',
      );
    }
    const newer = RawPeer.to(node.address).hello({ supportedFeatureLevel: 3, featureLevel: 1 });
    assert.equal((await newer.frames.next()).kind, frameKinds.hello);
    newer.socket.destroy();
  });

  it('stops one of an older release that it meets (FEATURE-4)', async () => {
    const older = await start('older', { levels: { supported: 1, inForce: 1 } });
    const newer = await start('newer', upgraded);
    newer.transport.setPeers([{ id: older.id, address: older.address }]);
    const said = await older.said.find((text) => text.startsWith('stops: '));
    assert.match(
      said,
      /The cluster is at feature level 2, and this program supports levels up to 1\. .* Run a newer release/,
    );
  });

  it('stops nobody who takes it for no member', async () => {
    const older = await start('older', {
      levels: { supported: 1, inForce: 1 },
      knowledge: { isKnownMember: () => false },
    });
    const stranger = RawPeer.to(older.address).hello({ to: 'older', featureLevel: 9 });
    assert.match(await stranger.refusal(), /Node "older" supports feature levels up to 1/);
    await new Promise((resolve) => setImmediate(resolve));
    const again = RawPeer.to(older.address).hello({ to: 'older' });
    assert.equal((await again.frames.next()).kind, frameKinds.hello, 'it is there still');
    again.socket.destroy();
  });

  it('tells the level that a connected peer supports, as it was told last (FEATURE-2)', async () => {
    const node = await start('node', { levels: { supported: 3, inForce: 1 } });
    const peer = await start('peer', { levels: { supported: 2, inForce: 1 } });
    assert.equal(node.transport.supportedBy(peer.id), undefined);
    node.transport.setPeers([{ id: peer.id, address: peer.address }]);
    await node.urls.next();
    assert.equal(node.transport.supportedBy(peer.id), 2);
    await peer.transport.close();
    while (node.transport.isConnected(peer.id)) await node.unreachable.next();
    assert.equal(node.transport.supportedBy(peer.id), undefined);
  });
});
