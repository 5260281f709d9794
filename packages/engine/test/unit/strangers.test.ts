/** Who knows the name of the cluster and of a node, and is no member. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { encodeMessageFrame } from '../../src/transport/messages.ts';
import { frameKinds } from '../../src/transport/frames.ts';
import { incarnationOf, RawPeer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const stranger = 'stranger' as MemberId;
const last = { lastIndex: 1, lastTerm: 1 };
const vote: Message = { type: 'vote', term: 2, ...last, transfer: true };
const append: Message = {
  type: 'append',
  term: 2,
  previousIndex: 0,
  previousTerm: 0,
  entries: [],
  commit: 0,
  probe: 1,
};
const chunk: Message = {
  type: 'snapshot_chunk',
  term: 2,
  meta: {
    index: 5000,
    term: 1,
    membership: { members: [{ id: stranger, address: 'h:1', role: 'voter' }] },
    hash: 'ab'.repeat(32),
    byteLength: 10,
  },
  offset: 0,
  byteLength: 0,
  data: new Uint8Array(),
  probe: 1,
};
const refused: readonly Message[] = [
  append,
  chunk,
  { type: 'timeout_now', term: 2 },
  { type: 'vote_answer', term: 9, granted: true },
  { type: 'pre_vote_answer', term: 9, granted: false },
  { type: 'append_answer', term: 9, probe: 0, accepted: true, matchIndex: 1 },
  {
    type: 'snapshot_answer',
    term: 9,
    hash: 'ab'.repeat(32),
    nextOffset: 0,
    installed: true,
    probe: 0,
  },
];

const root = mkdtempSync(join(tmpdir(), 'holdfast-strangers-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open: PeerNode[] = [];
const raw: RawPeer[] = [];
let count = 0;
afterEach(async () => {
  for (const peer of raw.splice(0)) peer.socket.destroy();
  await Promise.all(open.splice(0).map(({ transport }) => transport.close()));
});

/** A node whose log names `n2` alone, besides itself. */
async function start(options: Partial<PeerNodeOptions> = {}): Promise<PeerNode> {
  const { knowledge = {}, ...rest } = options;
  const node = await startPeer('node', {
    root,
    folder: String(++count),
    ...rest,
    knowledge: { isKnownMember: (id) => id === 'n2', ...knowledge },
  });
  open.push(node);
  return node;
}

async function met(node: PeerNode, changes: object = {}): Promise<RawPeer> {
  const peer = RawPeer.to(node.address).hello(changes);
  raw.push(peer);
  assert.equal((await peer.frames.next()).kind, frameKinds.hello);
  return peer;
}

const connect = (node: PeerNode): RawPeer => {
  const peer = RawPeer.to(node.address);
  raw.push(peer);
  return peer;
};

describe('A peer that the own log does not name (TRANSPORT-6)', () => {
  it('is answered when it asks for a vote, and unseats no leader by it', async () => {
    const node = await start();
    const peer = await met(node);
    peer.socket.write(encodeMessageFrame({ type: 'pre_vote', term: 2, ...last }));
    assert.equal((await node.heard.next()).type, 'pre_vote');
    peer.socket.write(encodeMessageFrame(vote));
    assert.deepEqual(await node.heard.next(), { ...vote, transfer: false });
    node.transport.send(stranger, { type: 'vote_answer', term: 2, granted: false });
    assert.equal((await peer.frames.next()).kind, frameKinds.raft);
  });

  it('neither leads nor answers, and the log says so', async () => {
    const node = await start();
    const peer = await met(node);
    for (const message of refused) peer.socket.write(encodeMessageFrame(message));
    peer.socket.write(encodeMessageFrame({ type: 'pre_vote', term: 2, ...last }));
    assert.equal((await node.heard.next()).type, 'pre_vote', 'the only one that counts');
    assert.match(await node.said.next(), /not a member as far as this node knows/);
  });

  it('leads where this node has voted for it, in that term alone', async () => {
    let term = 2;
    const node = await start({ knowledge: { term: () => term } });
    const peer = await met(node);
    peer.socket.write(encodeMessageFrame(vote));
    await node.heard.next();
    node.transport.send(stranger, { type: 'vote_answer', term: 2, granted: true });
    peer.socket.write(encodeMessageFrame(append));
    assert.equal((await node.heard.next()).type, 'append');
    term = 3;
    peer.socket.write(encodeMessageFrame({ ...append, term: 3 }));
    peer.socket.write(encodeMessageFrame(vote));
    assert.equal((await node.heard.next()).type, 'vote');
  });

  it('leads where the own log cannot know better', async () => {
    const node = await start({ knowledge: { mayBeLedBy: () => true } });
    const peer = await met(node);
    const data = new Uint8Array(100_000);
    const entries = [{ index: 1, term: 2, kind: 'command', data }] as const;
    peer.socket.write(encodeMessageFrame({ ...append, entries }));
    assert.equal((await node.heard.next()).type, 'append');
  });

  it('sends no more at once than a hello has', async () => {
    const node = await start();
    const peer = await met(node);
    const data = new Uint8Array(100_000);
    const entries = [{ index: 1, term: 2, kind: 'command', data }] as const;
    peer.socket.write(encodeMessageFrame({ ...append, entries }));
    assert.match(await peer.refusal(), /at most 65536/);
  });

  it('leaves no trace, is told of nobody, and does not say where clients go', async () => {
    const node = await start();
    const first = RawPeer.to(node.address).hello({ knownPeers: { n2: incarnationOf(7) } });
    raw.push(first);
    const hello = JSON.parse((await first.frames.next()).body.toString()) as object;
    assert.deepEqual((hello as { knownPeers: unknown }).knownPeers, {});
    assert.equal(node.urls.count, 0);
    // Nor does it keep out the one that bears its name later, or n2.
    await met(node, { incarnation: incarnationOf(2) });
    await met(node, { from: 'n2', incarnation: incarnationOf(3) });
    assert.ok(existsSync(join(root, String(count), 'known-peers.json')));
    const third = RawPeer.to(node.address).hello({ from: 'n2', incarnation: incarnationOf(4) });
    raw.push(third);
    assert.match(await third.refusal(), /another data folder/);
  });

  it('shows anew who it is once the log names it', async () => {
    let named = false;
    const node = await start({ knowledge: { isKnownMember: () => named } });
    const peer = await met(node);
    named = true;
    node.transport.setPeers([]);
    await peer.closed;
    await met(node);
    await node.urls.next();
  });

  it('has one of few connections: the oldest goes', async () => {
    const node = await start();
    const member = await met(node, { from: 'n2' });
    const first = await met(node, { from: 's0' });
    for (let at = 1; at < 16; at++) await met(node, { from: `s${String(at)}` });
    assert.equal(first.socket.closed, false);
    await met(node, { from: 's16' });
    await first.closed;
    assert.equal(member.socket.closed, false);
  });
});

describe('A crowd of connections that say nothing (TRANSPORT-7)', () => {
  it('keeps no member out, and the oldest of them go', async () => {
    const node = await start();
    const before = await met(node, { from: 'n2' });
    const silent: RawPeer[] = [];
    for (let at = 0; at < 140; at++) {
      const peer = connect(node);
      silent.push(peer);
      await new Promise((resolve) => peer.socket.once('connect', resolve));
    }
    // A member that comes now is met, and the one that was there stays.
    await met(node, { from: 'n2' });
    await Promise.all(silent.slice(0, 12).map(({ closed }) => closed));
    assert.equal(before.socket.closed, false);
    assert.equal(silent.at(-1)?.socket.closed, false);
  });

  it('has less time than one that comes alone', async () => {
    const delays: number[] = [];
    const { systemClock } = await import('../../src/clock.ts');
    const clock = {
      ...systemClock,
      after: (delayMs: number, callback: () => void) => {
        delays.push(delayMs);
        return systemClock.after(delayMs, callback);
      },
    };
    const node = await start({ clock });
    for (let at = 0; at < 129; at++) {
      const peer = connect(node);
      await new Promise((resolve) => peer.socket.once('connect', resolve));
    }
    await met(node, { from: 'n2' });
    assert.equal(delays[0], 5000);
    assert.equal(delays[129], 500, 'of the last one');
  });

  it('is of at most four connections where they are those of one member', async () => {
    const node = await start();
    const first = await met(node, { from: 'n2' });
    for (let at = 0; at < 4; at++) await met(node, { from: 'n2' });
    await first.closed;
  });
});
