/** Two processes of one member, over real sockets. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { fileDisk } from '@holdfast/storage/parts';
import { systemClock } from '../../src/clock.ts';
import type { Clock } from '../../src/clock.ts';
import { PeerRuns } from '../../src/peer-runs.ts';
import { encodeJsonFrame, frameKinds } from '../../src/transport/frames.ts';
import { refusalText } from '../../src/transport/hello.ts';
import { encodeMessageFrame } from '../../src/transport/messages.ts';
import type { Run } from '../../src/transport/run-names.ts';
import { helloOf, incarnationOf, RawPeer, RawServer, startPeer } from './peer-nodes.ts';
import type { PeerNode, PeerNodeOptions } from './peer-nodes.ts';

const vote: Message = { type: 'vote', term: 2, lastIndex: 1, lastTerm: 1, transfer: false };
const timeout = 30_000;

const root = mkdtempSync(join(tmpdir(), 'holdfast-copies-'));
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
  const node = await startPeer(name, { root: folder, ...options });
  open.add(node);
  return node;
}
async function stop(node: PeerNode): Promise<void> {
  open.delete(node);
  await node.transport.close();
}
const runOf = (starts: number, digit: string): Run => ({ starts, run: digit.repeat(16) });
const first = runOf(1, '1');
async function met(node: PeerNode, other: PeerNode): Promise<void> {
  node.transport.setPeers([other]);
  await node.urls.find((text) => text.startsWith(other.id));
}
/** The waits of bounded length are over when the test says so. */
class HurriedClock implements Clock {
  readonly #late = new Set<() => void>();
  now = (): number => systemClock.now();
  bootNow = (): number => systemClock.bootNow();
  wallNow = (): number => systemClock.wallNow();
  endOfTurn = (callback: () => void): void => systemClock.endOfTurn(callback);
  after(delayMs: number, callback: () => void): () => void {
    if (delayMs !== 2000 && delayMs !== 3000) return systemClock.after(delayMs, callback);
    this.#late.add(callback);
    return () => this.#late.delete(callback);
  }
  get waiting(): number {
    return this.#late.size;
  }
  async hurry(): Promise<void> {
    while (this.#late.size === 0) await new Promise((resolve) => setImmediate(resolve));
    for (const callback of this.#late) callback();
  }
}

describe('A copy of a member beside the member (RUN-3)', () => {
  it(
    'is refused and stops, both logs name the other one, and none of its messages counts',
    { timeout },
    async () => {
      const a = await start('a');
      const m = await start('m', { runs: [first] });
      await met(m, a);
      m.transport.send(a.id, vote);
      await a.heard.next();
      // When a process on a copy of its folder, which was made while it ran, connects
      const copy = await start('m', { runs: [first, runOf(2, '2')], onProbation: true });
      copy.transport.setPeers([a]);
      copy.transport.send(a.id, vote);
      // Then
      const stops = await copy.said.find((text) => text.startsWith('stops:'));
      assert.match(
        stops,
        /Another process of node "m" \(start 1, run 1{16}\) answers at .*127\.0\.0\.1:\d+.*node "a" refuses this one \(start 2, run 2{16}\)/,
      );
      assert.match(
        await m.said.find((text) => /copy of its folder/.test(text)),
        /Another process of this node "m" \(start 2, run 2{16}\).*has asked node "a".*127\.0\.0\.1:\d+/,
      );
      assert.match(await a.said.next(), /Refused a peer: Another process of node "m"/);
      copy.transport.send(a.id, vote);
      assert.ok(m.transport.isConnected(a.id));
      const last: Message = { ...vote, term: 3 };
      m.transport.send(a.id, last);
      assert.deepEqual(await a.heard.next(), last, 'the only one');
    },
  );

  it('is refused where it is found at the address of the member, too', { timeout }, async () => {
    const a = await start('a');
    const m = await start('m', { runs: [first] });
    await met(m, a);
    const copy = await start('m', { runs: [first, runOf(2, '2')] });
    a.transport.setPeers([copy]);
    await copy.said.find((text) => text.startsWith('stops: Another process of node "m"'));
    await m.said.find((text) => /on a copy of its folder/.test(text));
    assert.equal(a.transport.isConnected(m.id), false);
  });

  it(
    'takes the place of one that does not answer, within a bounded time',
    { timeout },
    async () => {
      const clock = new HurriedClock();
      const a = await start('a', { clock });
      // Given a process that is paused, or whose host is gone: its connection is open
      const dead = RawPeer.to(a.address).hello({ from: 'm', to: 'a', runs: [first] });
      await dead.frames.next();
      const again = await start('m', { runs: [first, runOf(2, '2')], folder: 'again' });
      // It is the member, started anew
      const restarted = RawPeer.to(a.address).hello({
        from: 'm',
        to: 'a',
        runs: [first, runOf(2, '2')],
      });
      assert.equal((await dead.frames.next()).kind, frameKinds.ping);
      await clock.hurry();
      assert.equal((await restarted.frames.next()).kind, frameKinds.hello);
      await dead.closed;
      assert.equal(dead.frames.count, 0, 'it is told nothing: it may wake up, and come again');
      restarted.socket.destroy();
      await stop(again);
    },
  );

  it('is let in at once where the other one has no connection left', { timeout }, async () => {
    const a = await start('a');
    const m = await start('m', { runs: [first] });
    await met(m, a);
    await stop(m);
    const again = await start('m', { runs: [first, runOf(2, '2')] });
    await met(again, a);
  });

  it(
    'is told from the member by what the member said when its probation was over (PROB-2)',
    { timeout },
    async () => {
      const a = await start('a');
      const nobody = await RawServer.open();
      // Given a member that has started, of which a has heard nothing but its hello
      const m = await start('m', { runs: [first], onProbation: true });
      m.transport.setPeers([a, { id: 'nobody' as MemberId, address: nobody.address }]);
      await m.urls.find((text) => text.startsWith('a'));
      const met = await nobody.peers.next();
      met.hello({ from: 'nobody', to: 'm', incarnation: incarnationOf(8) });
      await m.urls.find((text) => text.startsWith('nobody'));
      // When a copy says that it takes part
      const { incarnation } = m;
      const runs = [first, runOf(2, '2')];
      const copy = RawPeer.to(a.address).hello({ from: 'm', to: 'a', runs, incarnation });
      // Then
      assert.match(await copy.refusal(), /\(start 1, run 1{16}\) answers at/);
      assert.ok(m.transport.isConnected(a.id));
      nobody.close();
    },
  );

  it(
    'is refused for now by one that knows another process, which takes no part yet (RUN-4)',
    { timeout },
    async () => {
      const a = await start('a');
      // Given a copy that a has let in, and that waits for another peer
      const silent = await RawServer.open();
      const copy = await start('m', { runs: [first, runOf(2, '2')], onProbation: true });
      copy.transport.setPeers([a, { id: 'silent' as MemberId, address: silent.address }]);
      await copy.urls.find((text) => text.startsWith('a'));
      // When the member itself comes
      const { incarnation } = copy;
      const m = RawPeer.to(a.address).hello({ from: 'm', to: 'a', runs: [first], incarnation });
      const refusal = await m.frames.next();
      assert.match(refusal.body.toString(), /it is not known yet which of the two goes on/);
      assert.doesNotMatch(refusal.body.toString(), /other_run/, 'it goes on');
      await stop(copy);
      const again = RawPeer.to(a.address).hello({ from: 'm', to: 'a', runs: [first], incarnation });
      assert.equal((await again.frames.next()).kind, frameKinds.hello);
      again.socket.destroy();
      silent.close();
    },
  );
});

describe('A process whose folder is not that of the latest one (RUN-1)', () => {
  const later: readonly (readonly [string, readonly Run[], boolean])[] = [
    ['the restart of the latest', [first, runOf(2, '2'), runOf(3, '3')], true],
    ['a restart, of which little is remembered', [runOf(30, '3')], true],
    ['the latest itself', [first, runOf(2, '2')], true],
    ['an older copy', [first], false],
    ['another one of the same start', [first, runOf(2, '9')], false],
    ['one that went another way', [first, runOf(2, '9'), runOf(3, '3')], false],
  ];
  for (const [who, runs, isTaken] of later) {
    it(
      `${isTaken ? 'is let in' : 'is refused, also after a restart'}: ${who}`,
      { timeout },
      async () => {
        const a = await start('a');
        const m = RawPeer.to(a.address).hello({
          from: 'm',
          to: 'a',
          runs: [first, runOf(2, '2')],
        });
        await m.frames.next();
        m.socket.write(encodeMessageFrame(vote));
        await a.heard.next();
        m.socket.destroy();
        await stop(a);
        const again = await start('a');
        const other = RawPeer.to(again.address).hello({ from: 'm', to: 'a', runs });
        if (isTaken) assert.equal((await other.frames.next()).kind, frameKinds.hello);
        else assert.match(await other.refusal(), /is an older copy, or has gone another way/);
        other.socket.destroy();
      },
    );
  }

  it('is not known by what a stranger, or one that sent nothing, has said of itself', () => {
    const runs = new PeerRuns(join(root), { isKnownMember: (id) => id === 'm' }, fileDisk);
    assert.equal(runs.count('stranger' as MemberId, [runOf(9, '9')]), undefined);
    assert.equal(runs.laterThan('stranger' as MemberId, [first]), undefined);
    assert.equal(runs.laterThan('m' as MemberId, [first]), undefined);
  });

  it('that cannot be read stops the node: to forget it would let an older copy vote', () => {
    const at = mkdtempSync(join(root, 'damaged-'));
    for (const text of ['', '{', 'null', '[]', '{"m":7}', '{"m":{"starts":1,"run":"x"}}']) {
      writeFileSync(join(at, 'peer-runs.json'), text);
      assert.throws(
        () => new PeerRuns(at, { isKnownMember: () => true }, fileDisk),
        /is damaged/,
        text,
      );
    }
  });
});

describe('A node whose disk refuses to remember a peer', () => {
  for (const what of ['which process counts', 'its folder'])
    it(`stops, and does not blame the peer: ${what}`, { timeout }, async () => {
      const node = await start('node');
      const peer = RawPeer.to(node.address);
      if (what === 'its folder') rmSync(join(folder, 'node'), { recursive: true });
      peer.hello();
      if (what !== 'its folder') {
        await peer.frames.next();
        rmSync(join(folder, 'node'), { recursive: true });
        peer.socket.write(encodeMessageFrame(vote));
      }
      // It says so before the connection can end.
      const said = await Promise.race([
        node.said.find((text) => text.startsWith('stops:')),
        peer.closed.then(() => 'the peer was blamed'),
      ]);
      assert.match(said, /could not be (?:made|written)/);
      await peer.closed;
      assert.equal(peer.frames.count, 0);
      assert.equal(node.heard.count, 0);
    });
});

describe('A process that has just started (PROB-1)', () => {
  it(
    'sends and takes nothing that counts before each peer has let it in or could not be had',
    { timeout },
    async () => {
      const clock = new HurriedClock();
      const [b, silent] = [await start('b'), await RawServer.open()];
      const m = await start('m', { clock, onProbation: true });
      m.transport.setPeers([b, { id: 'silent' as MemberId, address: silent.address }]);
      const hello = await (await silent.peers.next()).frames.next();
      assert.partialDeepStrictEqual(JSON.parse(hello.body.toString()), { takesPart: false });
      await m.urls.find((text) => text.startsWith('b'));
      m.transport.send(b.id, vote);
      // When the time for it is over
      await clock.hurry();
      const second: Message = { ...vote, term: 3 };
      m.transport.send(b.id, second);
      assert.deepEqual(await b.heard.next(), second);
      silent.close();
    },
  );

  it(
    'takes part at once when all have let it in, or refuse the connection',
    { timeout },
    async () => {
      const b = await start('b');
      const nobody = await RawServer.open();
      const { address } = nobody;
      nobody.close();
      const m = await start('m', { clock: new HurriedClock(), onProbation: true });
      m.transport.setPeers([b, { id: 'nobody' as MemberId, address }]);
      await m.urls.find((text) => text.startsWith('b'));
      await m.unreachable.find((id) => id === 'nobody');
      m.transport.send(b.id, vote);
      assert.deepEqual(await b.heard.next(), vote);
    },
  );
});

describe('A refusal on account of another process (RUN-5)', () => {
  const refusal = (changes: object): Buffer =>
    encodeJsonFrame(frameKinds.refused, {
      code: 'other_run',
      text: 'made up',
      clusterId: 'c',
      from: 'stranger',
      incarnation: incarnationOf(1),
      ...changes,
    });
  const madeUp: readonly (readonly [string, object])[] = [
    ['of another cluster', { clusterId: 'x' }],
    ['of somebody else than was looked for', { from: 'b' }],
    ['in another folder', { incarnation: incarnationOf(9) }],
  ];
  for (const [who, changes] of madeUp) {
    it(`stops no node when it comes from one ${who}`, { timeout }, async () => {
      const node = await start('node');
      const server = await RawServer.open();
      node.transport.setPeers([{ id: 'stranger' as MemberId, address: server.address }]);
      // Given that the peer was met before
      const peer = await server.peers.next();
      peer.hello();
      await node.urls.next();
      peer.socket.destroy();
      const later = await server.peers.next();
      later.socket.write(refusal(changes));
      assert.match(await node.said.next(), /made up/);
      later.socket.destroy();
      // Then it goes on
      (await server.peers.next()).hello();
      await node.urls.next();
      assert.equal(node.said.count, 0);
      server.close();
    });
  }

  it('stops the node when it comes from the member', { timeout }, async () => {
    const node = await start('node');
    const server = await RawServer.open();
    node.transport.setPeers([{ id: 'stranger' as MemberId, address: server.address }]);
    (await server.peers.next()).socket.write(refusal({}));
    await node.said.find((text) => text === 'stops: made up');
    server.close();
  });
});

describe('A hello', () => {
  it('is refused where its start is further ahead than can be', { timeout }, async () => {
    const node = await start('node');
    const runs = [runOf(1_000_001, '1')];
    const peer = RawPeer.to(node.address).hello({ runs });
    const answer = await peer.frames.next();
    assert.equal(answer.kind, frameKinds.refused);
    assert.match(refusalText(answer), /start 1000001 of it, which cannot be/);
    const near = RawPeer.to(node.address).hello({ runs: [runOf(1_000_000, '1')] });
    assert.equal((await near.frames.next()).kind, frameKinds.hello);
    near.socket.destroy();
  });

  for (const runs of [undefined, [], 'x', [7], [{ starts: 1, run: 'x' }], [runOf(2, '2'), first]])
    it(
      `is refused where it does not name its start: ${JSON.stringify(runs)}`,
      { timeout },
      async () => {
        const node = await start('node');
        const peer = RawPeer.to(node.address);
        peer.socket.write(encodeJsonFrame(frameKinds.hello, helloOf({ runs })));
        assert.match(await peer.refusal(), /does not name its start/);
      },
    );
});
