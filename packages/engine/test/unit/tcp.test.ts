import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { untilSo } from '../../../checker/src/waits.ts';
import { maxFrameBytes } from '../../src/bounds.ts';
import { systemClock } from '../../src/clock.ts';
import { FrameTooLargeError } from '../../src/transport/frames.ts';
import { maxBufferedBytes } from '../../src/transport/outgoing.ts';
import { CallTooLarge } from '../../src/transport/types.ts';
import { RawServer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const vote: Message = { type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false };
const yes: Message = { type: 'vote_answer', term: 2, granted: true };
const appendOf = (data: Uint8Array): Message => ({
  type: 'append',
  term: 1,
  previousIndex: 0,
  previousTerm: 0,
  commit: 0,
  probe: 0,
  entries: [{ index: 1, term: 1, kind: 'command', data }],
});
const mebibyte = 1024 * 1024;
const tooLarge = 'x'.repeat(maxFrameBytes);

const root = mkdtempSync(join(tmpdir(), 'holdfast-tcp-'));
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

/** Two nodes, the first of which keeps a connection to the second. */
async function connected(
  options: Partial<PeerNodeOptions> = {},
): Promise<{ from: PeerNode; to: PeerNode }> {
  const from = await start('from');
  const to = await start('to', options);
  from.transport.setPeers([to]);
  await from.urls.next();
  return { from, to };
}

describe('Peers over TCP', () => {
  it('answer a member that they do not know yet, on its own connection (TRANSPORT-4)', async () => {
    // Given a newcomer that knows a node whose log does not name the newcomer yet
    const { from: newcomer, to: lagging } = await connected();
    // When it asks for a vote
    newcomer.transport.send(lagging.id, vote);
    assert.deepEqual(await lagging.heard.next(), vote);
    lagging.transport.send(newcomer.id, yes);
    // Then it gets the answer, and so it does for a call, which comes behind it on the same connection
    assert.deepEqual(await newcomer.transport.call(lagging.id, 'hello', undefined, 5000), {
      echo: 'hello',
    });
    assert.equal(newcomer.heard.count, 1);
    assert.deepEqual(await newcomer.heard.next(), yes);
  });

  it('meet at an IPv6 address, and answer there', async () => {
    const { from, to } = await connected({ host: '::1' });
    assert.match(to.address, /^\[::1\]:\d+$/);
    assert.deepEqual(await from.transport.call(to.id, 'hello', undefined, 5000), { echo: 'hello' });
  });

  it('name an IPv6 address with its brackets where they cannot listen there', async () => {
    const { to } = await connected({ host: '::1' });
    await assert.rejects(start('late', { host: '::1', port: to.transport.port }), {
      message: new RegExp(`^Cannot listen for peers on \\[::1\\]:${String(to.transport.port)}: `),
    });
  });

  for (const url of ['http://0.0.0.0:8080', 'http://[::]:8080', 'localhost:8080x', 'ftp://a', ''])
    it(`pass no address on to clients that leads them nowhere: ${JSON.stringify(url)}`, async () => {
      const from = await start('from');
      const to = await start('to', { clientUrl: url });
      from.transport.setPeers([to]);
      assert.equal(await from.urls.next(), 'to ');
    });

  it('tell each other where clients reach them, whoever connected', async () => {
    const { to } = await connected();
    assert.equal(await to.urls.next(), 'from http://from');
  });
});

describe('A peer whose address is none', () => {
  it('is said so and is not connected to, and the node lives on', async () => {
    const node = await start('node');
    for (const address of ['', 'host', 'host:', 'host:70000', ':1']) {
      const id = `at-${address.replace(':', '.')}` as MemberId;
      node.transport.setPeers([{ id, address }]);
      assert.match(await node.said.next(), /not host:port/);
      assert.equal(node.transport.isConnected(id), false);
    }
  });
});

describe('What is sent to one peer in one turn', () => {
  it('is bounded: what is beyond it is dropped, and the connection stays (TRANSPORT-1)', async () => {
    const { from, to } = await connected();
    // When more is sent in one turn than may wait for a peer
    const most = maxBufferedBytes / mebibyte;
    for (let count = 0; count < 3 * most; count++)
      from.transport.send(to.id, appendOf(new Uint8Array(mebibyte)));
    // Then as much arrives as may wait, and after it what is sent later.
    const types: string[] = [];
    await untilSo(async () => {
      from.transport.send(to.id, vote);
      while (to.heard.count > 0) types.push((await to.heard.next()).type);
      return types.includes('vote');
    });
    assert.equal(types.indexOf('vote'), most);
    assert.equal(from.unreachable.count, 0);
  });
});

describe('What is too large for a frame (FRAME-1)', () => {
  it('is told to who calls, certainly not sent, and the connection stays', async () => {
    const { from, to } = await connected();
    await assert.rejects(
      from.transport.call(to.id, tooLarge, undefined, 5000),
      (error) =>
        error instanceof CallTooLarge &&
        !error.sent &&
        /call to to would be a frame of 335\d+ bytes.*at most 33554432/.test(error.message),
    );
    assert.deepEqual(await from.transport.call(to.id, 'small', undefined, 5000), { echo: 'small' });
    assert.equal(from.unreachable.count, 0);
  });

  it('is told to who called when it is the answer, and the connection stays', async () => {
    const { from, to } = await connected({
      onCall: (request) => Promise.resolve(request === 'all' ? tooLarge : 'little'),
    });
    await assert.rejects(
      from.transport.call(to.id, 'all', undefined, 5000),
      (error) =>
        error instanceof CallTooLarge && error.sent && /answer to from/.test(error.message),
    );
    assert.equal(await from.transport.call(to.id, 'some', undefined, 5000), 'little');
    assert.equal(from.unreachable.count, 0);
  });

  it('breaks an invariant when it is a raft message, and the connection stays', async () => {
    const { from, to } = await connected();
    const append = appendOf(new Uint8Array(maxFrameBytes));
    assert.throws(
      () => from.transport.send(to.id, append),
      (error) =>
        error instanceof FrameTooLargeError && /raft message append to to/.test(error.message),
    );
    from.transport.send(to.id, vote);
    assert.deepEqual(await to.heard.next(), vote);
    assert.equal(from.unreachable.count, 0);
  });

  it('ends a connection where it comes in, is told once, and is not tried again at once', async () => {
    // Given a node whose reconnects are counted by their pauses
    const pauses: number[] = [];
    const clock = {
      ...systemClock,
      after: (delayMs: number, callback: () => void) => {
        pauses.push(delayMs);
        return systemClock.after(delayMs, callback);
      },
    };
    const node = await start('node', { clock });
    const server = await RawServer.open();
    node.transport.setPeers([{ id: 'stranger' as MemberId, address: server.address }]);
    // When a peer that has shown who it is says that it sends more than a frame may be, again and again
    for (let round = 0; round < 3; round++) {
      const peer = await server.peers.next();
      peer.hello();
      await peer.frames.next();
      await node.urls.next();
      pauses.length = 0;
      const head = Buffer.alloc(8);
      head.writeUInt32BE(maxFrameBytes + 1, 0);
      peer.socket.write(head);
      // Then it is told, the connection is closed, and the next attempt has the longest pause
      assert.match(await peer.refusal(), /33554433 bytes; at most 33554432/);
      await peer.closed;
      await node.unreachable.next();
      assert.ok(pauses.length > 0 && pauses.every((pauseMs) => pauseMs === 1000), String(pauses));
    }
    // And the log says it once
    assert.match(await node.said.next(), /33554433 bytes/);
    assert.equal(node.said.count, 0);
    server.close();
  });
});
