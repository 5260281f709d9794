/** A whole cluster, and somebody who knows its name and those of its nodes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Message } from '@holdfast/raft';
import { encodeJsonFrame, FrameReader, frameKinds } from '../../src/transport/frames.ts';
import { encodeMessageFrame } from '../../src/transport/messages.ts';
import { startTestCluster, statusReached } from '../cluster.ts';
import type { TestCluster } from '../cluster.ts';

const bogus = '00000000-0000-4000-8000-000000000009';

/** Says its hello and then this, as a member `from`; resolves when the node closes, or has answered a vote request behind it. */
function say(
  port: number,
  to: string,
  message: Message | undefined,
  from = 'stranger',
): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const reader = new FrameReader();
    const knownPeers = { a: bogus, b: bogus, c: bogus, d: bogus, ['\u0001'.repeat(128)]: 'x' };
    const hello = {
      version: 2,
      clusterId: 'test',
      from,
      to,
      incarnation: bogus,
      clientUrl: 'x',
      takesPart: true,
      runs: [{ starts: 1, run: '0'.repeat(16) }],
    };
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.write(encodeJsonFrame(frameKinds.hello, { ...hello, knownPeers }));
    socket.on('data', (chunk) => {
      for (const { kind } of reader.push(chunk)) {
        if (kind !== frameKinds.hello) socket.destroy();
        else {
          if (message !== undefined) socket.write(encodeMessageFrame(message));
          const preVote = { type: 'pre_vote', term: 1, lastIndex: 0, lastTerm: 0 } as const;
          socket.write(encodeMessageFrame(preVote));
        }
      }
    });
  });
}

const append = (term: number): Message => ({
  type: 'append',
  term,
  previousIndex: 0,
  previousTerm: 0,
  entries: [],
  commit: 0,
  probe: 1,
});
const chunk = (byteLength: number): Message => ({
  type: 'snapshot_chunk',
  term: 1000,
  meta: { index: 5000, term: 1, membership: { members: [] }, hash: 'ab'.repeat(32), byteLength },
  offset: 0,
  byteLength: 0,
  data: new Uint8Array(),
  probe: 1,
});

describe('Somebody who is no member', () => {
  let cluster: TestCluster;
  before(async () => {
    cluster = await startTestCluster(['a', 'b', 'c'], { extraIds: ['d'] });
    await cluster.leader();
  });
  after(() => cluster.close());

  it('stops no node, becomes no leader and ends no term', async () => {
    const leader = (await cluster.leader()).status();
    for (const message of [chunk(0), chunk(10), append(Number.MAX_SAFE_INTEGER), append(1000)])
      for (const [id, port] of cluster.ports) if (id !== 'd') await say(port, id, message);
    for (const engine of cluster.engines.values()) {
      assert.equal(engine.status().leader, leader.nodeId);
      assert.equal(engine.status().term, leader.term);
    }
  });

  it('keeps out no member that is added later, and is remembered by nobody', async () => {
    for (const [id, port] of cluster.ports) if (id !== 'd') await say(port, id, undefined, 'd');
    const port = cluster.ports.get('d') ?? 0;
    const d = await cluster.start('d', { join: true });
    const leader = await cluster.leader();
    await leader.addMember('d', `127.0.0.1:${String(port)}`);
    await statusReached([d], (engine) =>
      engine.status().members.some(({ id, role }) => id === 'd' && role === 'voter'),
    );
    for (const id of ['a', 'b', 'c', 'd'])
      assert.ok(
        !readFileSync(join(cluster.folder, id, 'known-peers.json'), 'utf8').includes(bogus),
        id,
      );
  });

  it('keeps no cluster from forming by connections that say nothing', async () => {
    const ids = [...cluster.engines.keys()];
    await Promise.all([...cluster.engines.values()].map((engine) => engine.close()));
    const crowd = new Set<Socket>();
    let isOver = false;
    const open = (port: number): void => {
      if (isOver) return;
      const socket = connect({ host: '127.0.0.1', port });
      crowd.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        crowd.delete(socket);
        setTimeout(() => open(port), 5);
      });
    };
    try {
      for (const port of cluster.ports.values()) for (let at = 0; at < 70; at++) open(port);
      await Promise.all(ids.map((id) => cluster.start(id)));
      await cluster.leader();
      const engines = [...cluster.engines.values()];
      for (const engine of engines)
        await statusReached(engines, () => engine.status().leader !== null);
      assert.ok(crowd.size >= 250, String(crowd.size));
    } finally {
      isOver = true;
      for (const socket of crowd) socket.destroy();
    }
  });
});
