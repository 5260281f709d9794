/** TRANSPORT-9: a member of a release whose calls and answers tell no run, beside members of this one. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { assertSoon, untilSo } from '../../../checker/src/waits.ts';
import { encodeJsonFrame, frameKinds, parseObject } from '../../src/transport/frames.ts';
import { helloOf, RawPeer, RawServer, startPeer } from './peer-nodes.ts';
import type { PeerNode } from './peer-nodes.ts';

const root = mkdtempSync(join(tmpdir(), 'holdfast-older-caller-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open: { close(): unknown }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const older = 'stranger' as MemberId;

interface Work {
  readonly request: unknown;
  readonly answer: (value: unknown) => void;
}

async function startWorker(works: Work[]): Promise<PeerNode> {
  const onCall = (request: unknown): Promise<unknown> =>
    new Promise((answer) => works.push({ request, answer }));
  const node = await startPeer('node', { root, onCall });
  open.push(node.transport);
  return node;
}

/** A process of the older member, which has shown who it is. */
async function arrive(node: PeerNode, starts: number): Promise<RawPeer> {
  const run = String(starts).padStart(16, '0');
  const peer = RawPeer.to(node.address).hello({ runs: [{ starts, run }] });
  await peer.frames.find(({ kind }) => kind === frameKinds.hello);
  open.push({ close: () => peer.socket.destroy() });
  return peer;
}

const callOf = (id: number, request: string): Buffer =>
  encodeJsonFrame(frameKinds.call, { id, request });

const nextAnswer = async (peer: RawPeer): Promise<unknown> => {
  const { body } = await peer.frames.find(({ kind }) => kind === frameKinds.answer);
  const { id, answer } = parseObject(body.toString('utf8'), 'answer');
  return { id, answer };
};

describe('A member of a release whose calls tell no run (TRANSPORT-9)', () => {
  it('is answered, on the connection that it keeps', async () => {
    const works: Work[] = [];
    const node = await startWorker(works);
    const peer = await arrive(node, 1);
    peer.socket.write(callOf(1, 'lock x'));
    await assertSoon(() => works.length === 1, { what: 'its call is begun' });
    works[0]?.answer('granted');
    assert.deepEqual(await nextAnswer(peer), { id: 1, answer: 'granted' });
  });

  it('is not sent, after a restart, what its former process has asked for under the same number', async () => {
    const works: Work[] = [];
    const node = await startWorker(works);
    // Given a call of a process that has ended
    const former = await arrive(node, 1);
    former.socket.write(callOf(1, 'lock x'));
    await untilSo(() => works.length === 1);
    former.socket.destroy();
    await former.closed;
    // When the next process has asked for something else, as its first call too, and the former call ends first
    const present = await arrive(node, 2);
    present.socket.write(callOf(1, 'lock y'));
    await untilSo(() => works.length === 2);
    works[0]?.answer('x is granted');
    works[1]?.answer('y is granted');
    // Then the first that it hears is the answer to its own
    assert.deepEqual(await nextAnswer(present), { id: 1, answer: 'y is granted' });
  });

  it('answers a call; what it says under a number that a former process of the caller has used answers none', async () => {
    // Given a node that has asked an older member
    const server = await RawServer.open();
    open.push(server);
    const node = await startPeer('caller', { root });
    open.push(node.transport);
    node.transport.setPeers([{ id: older, address: server.address }]);
    const peer = await server.peers.next();
    await peer.frames.find(({ kind }) => kind === frameKinds.hello);
    peer.socket.write(encodeJsonFrame(frameKinds.hello, helloOf({ to: 'caller' })));
    await node.urls.next();
    const answered = node.transport.call(older, 'lock x', undefined, 5000);
    const { body } = await peer.frames.find(({ kind }) => kind === frameKinds.call);
    const { id } = parseObject(body.toString('utf8'), 'call');
    // When it sends an answer under a low number first, as to the first call of a process of any release before
    for (const answer of [
      { id: 1, answer: 'of another' },
      { id, answer: 'granted' },
    ])
      peer.socket.write(encodeJsonFrame(frameKinds.answer, answer));
    // Then only the answer under its own number counts
    assert.equal(await answered, 'granted');
  });
});
