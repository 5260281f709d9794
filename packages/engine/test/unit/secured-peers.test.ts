/** Members whose connections prove who they are: real certificates on real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import { connect } from 'node:tls';
import type { MemberId, Message } from '@holdfast/raft';
import { Certificates, MemberSockets } from '@holdfast/tls';
import { Authority } from '@holdfast/tls/development';
import type { KeyPair } from '@holdfast/tls/development';
import { hostPortOf } from '@holdfast/protocol';
import { encodeJsonFrame, frameKinds } from '../../src/transport/frames.ts';
import { plainSockets, unproven } from '../../src/transport/peer-sockets.ts';
import type { PeerSockets } from '../../src/transport/peer-sockets.ts';
import { Heard, helloOf, incarnationOf, RawPeer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const vote: Message = { type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false };
const root = mkdtempSync(join(tmpdir(), 'holdfast-secured-'));
const own = await Authority.create({ name: 'Own', days: 30 });
const foreign = await Authority.create({ name: 'Foreign', days: 30 });
const memberOf = (name: string, by: Authority = own): Promise<KeyPair> =>
  by.node({ name, hosts: ['127.0.0.1'], days: 30 });

const open: PeerNode[] = [];
const opened: Certificates[] = [];
let count = 0;
after(() => rmSync(root, { recursive: true, force: true }));
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ transport }) => transport.close()));
  for (const certificates of opened.splice(0)) certificates.close();
});

interface Node extends PeerNode {
  /** What the certificates' side says. */
  readonly refused: Heard<string>;
  readonly folder: string;
}

/** @param pair Its certificate; `trusts`, whose certificates it takes. */
async function start(
  name: string,
  pair: KeyPair,
  trusts: Authority = own,
  options: Partial<PeerNodeOptions> = {},
): Promise<Node> {
  const folder = `${name}-${String(++count)}`;
  const path = (end: string): string => join(root, `${folder}.${end}`);
  writeFileSync(path('crt'), pair.certificate);
  writeFileSync(path('key'), pair.key);
  writeFileSync(path('ca'), trusts.pair.certificate);
  const refused = new Heard<string>();
  const say = (_fields: object, message: string): void => refused.add(message);
  const log = { info: () => undefined, warn: say, error: say };
  const files = {
    certificate: path('crt'),
    key: path('key'),
    authority: path('ca'),
    revocations: [],
  };
  const certificates = await Certificates.open({ files, log });
  opened.push(certificates);
  const sockets: PeerSockets = new MemberSockets({
    certificates,
    lowestVersion: '1.2',
    handshakeTimeoutMs: 5000,
    log,
  });
  const node = await startPeer(name, { root, folder, sockets, ...options });
  open.push(node);
  return { ...node, refused, folder: join(root, folder) };
}

describe('Members with certificates', { timeout: 60_000 }, () => {
  it('are the members that their certificate names, and no others (PEER-1)', () => {
    assert.equal(unproven('one', ['one']), undefined);
    assert.equal(unproven('one', ['two', 'one']), undefined);
    assert.match(unproven('one', ['two', 'three']) ?? '', /is of two, three, and its hello is of/);
    assert.match(unproven('one', ['one.example']) ?? '', /is of one\.example/);
    assert.match(unproven('one', []) ?? '', /names no member/);
    // Connections that prove nothing.
    assert.equal(unproven('one', undefined), undefined);
  });

  it('meet, tell and call each other', async () => {
    const one = await start('one', await memberOf('one'));
    const two = await start('two', await memberOf('two'));
    one.transport.setPeers([two]);
    assert.equal(await one.urls.next(), 'two http://two');
    assert.equal(readdirSync(two.folder).includes('known-peers.json'), true);
    one.transport.send(two.id, vote);
    assert.deepEqual(await two.heard.next(), vote);
    assert.deepEqual(await one.transport.call(two.id, 'x', undefined, 5000), { echo: 'x' });
  });

  it('let nobody join under a name that its certificate does not say (PEER-1)', async () => {
    // A member of the cluster, or whoever has its key, says that it is another one.
    const node = await start('node', await memberOf('node'));
    const liar = await start('liar', await memberOf('other'));
    liar.transport.setPeers([node]);
    assert.match(
      await liar.said.find((line) => line.includes('refuses')),
      /is of other, and its hello is of node "liar"/,
    );
    assert.match(await node.said.next(), /^Refused a peer: The certificate of the other end/);
    // Nothing of it is remembered: the one whose name it is may come.
    assert.equal(readdirSync(node.folder).includes('known-peers.json'), false);
    assert.equal(node.urls.count, 0);
  });

  it('dial nobody whose certificate is of another member (PEER-1)', async () => {
    const node = await start('node', await memberOf('node'));
    const there = await start('there', await memberOf('other'));
    node.transport.setPeers([there]);
    assert.match(
      await node.said.find((line) => line.includes('handshake')),
      /is of other, and not of "there"/,
    );
    assert.equal(node.transport.isConnected(there.id), false);
    assert.equal(there.said.count, 0); // No hello has gone there.
  });

  it('take nobody of another authority, whichever of the two connects', async () => {
    const node = await start('node', await memberOf('node'));
    // It trusts the cluster's authority, which does not trust its own.
    const stranger = await start('stranger', await memberOf('stranger', foreign));
    stranger.transport.setPeers([node]);
    assert.match(await node.refused.next(), /^Refused a client: its certificate does not hold/);
    node.transport.setPeers([stranger]);
    assert.match(await node.said.find((line) => line.includes('handshake')), /failed/);
    assert.equal(node.transport.isConnected(stranger.id), false);
    assert.equal(node.heard.count + node.urls.count, 0);
  });

  it("take the certificate of a client for nobody's", async () => {
    const node = await start('node', await memberOf('node'));
    const pair = await own.client({ name: 'one', days: 30 });
    const socket = connect({
      ...(hostPortOf(node.address) ?? assert.fail()),
      cert: pair.certificate,
      key: pair.key,
      ca: own.pair.certificate,
    });
    const client = new RawPeer(socket);
    const hello = helloOf({ from: 'one', to: 'node', incarnation: incarnationOf(3) });
    socket.write(encodeJsonFrame(frameKinds.hello, hello));
    assert.match(await client.refusal(), /names no member/);
    await client.closed;
  });

  it('say nothing to whoever talks without TLS, and do not talk so themselves', async () => {
    const node = await start('node', await memberOf('node'));
    const plain = RawPeer.to(node.address).hello({ to: 'node' });
    await plain.closed;
    assert.equal(plain.frames.count, 0);
    const other = await startPeer('other', { root, folder: 'plain' });
    open.push(other);
    node.transport.setPeers([other]);
    assert.equal(await node.unreachable.next(), 'other');
    other.transport.setPeers([node]);
    assert.equal(await other.unreachable.next(), 'node');
  });

  it('close at once, whatever handshakes are under way', async () => {
    const node = await start('node', await memberOf('node'));
    const silent = connectPlain({ ...(hostPortOf(node.address) ?? assert.fail()) });
    silent.on('error', () => undefined);
    const raw = new RawPeer(silent);
    await new Promise<void>((resolve) => silent.once('connect', () => resolve()));
    await node.transport.close();
    await raw.closed;
  });

  it('are as before where connections prove nothing', () => {
    assert.equal(
      plainSockets.namesOf(connectPlain({ port: 1 }).on('error', () => undefined)),
      undefined,
    );
    assert.equal(plainSockets.readyEvent, 'connect');
  });

  it('judge a member by its whole name', async () => {
    const node = await start('node', await memberOf('node'));
    const near = await start('one', await memberOf('one.example'));
    near.transport.setPeers([{ id: 'node' as MemberId, address: node.address }]);
    assert.match(await node.said.next(), /is of one\.example/);
  });
});
