/** What a node is told of its own removal, by whom, and what it makes of that. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, it } from 'node:test';
import type { Member, MemberId, Message } from '@holdfast/raft';
import { Removal, removedAt } from '../../src/removal.ts';
import { FrameReader } from '../../src/transport/frames.ts';
import { noticeFor } from '../../src/transport/removal-notices.ts';
import { lookEveryMs, RemovedPeers } from '../../src/transport/removed-peers.ts';
import { silentLog } from '../cluster.ts';
import { appended, follow } from './following.ts';
import { startPeer } from './peer-nodes.ts';
import type { PeerNode } from './peer-nodes.ts';
import { StillClock } from './still-clock.ts';

const membersOf = (...ids: readonly string[]): Member[] =>
  ids.map((id) => ({ id: id as MemberId, address: `${id}:1`, role: 'voter' }));

/** Node `c`, whose log names these since entry 10, without a leader. */
function nodeC(ids: readonly string[] = ['a', 'b', 'c'], wasNamed = true) {
  const said: string[] = [];
  const status = {
    id: 'c' as MemberId,
    leader: null as MemberId | null,
    membership: { members: membersOf(...ids) },
    membershipIndex: 10,
    commit: 20,
  };
  const ignore = (): void => undefined;
  const log = { info: ignore, warn: ignore, error: (_: object, text: string) => said.push(text) };
  const removal = new Removal({ log, status: () => status, wasNamed: () => wasNamed });
  return { said, status, removal };
}

describe('A node that members tell of its removal', () => {
  it('says so once, and campaigns until so many have said it that it could not be elected (REMOVED-3)', () => {
    const { removal, said } = nodeC();
    removal.onNotice('a' as MemberId, 30);
    assert.deepEqual([removal.isKnown, removal.cannotBeElected], [true, false]);
    removal.onNotice('a' as MemberId, 30);
    assert.equal(removal.cannotBeElected, false, 'one that says it twice is one');
    removal.onNotice('b' as MemberId, 30);
    assert.deepEqual([removal.isKnown, removal.cannotBeElected], [true, true]);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /^This node was removed from the cluster: member "a"/);
  });

  it('takes no notice of what its log knows better, of a stranger, and while it joins (REMOVED-2)', () => {
    const { removal, said } = nodeC();
    removal.onNotice('a' as MemberId, 20);
    removal.onNotice('d' as MemberId, 30);
    assert.equal(removal.isKnown, false);
    const joining = [nodeC([]), nodeC(['a', 'b'], false)];
    for (const node of joining) {
      node.removal.onNotice('a' as MemberId, 30);
      assert.deepEqual([node.removal.isKnown, node.said], [false, []]);
    }
    assert.deepEqual(said, []);
    removal.onNotice('a' as MemberId, 30);
    removal.onNotice('a' as MemberId, 20);
    assert.equal(removal.isKnown, true, 'an older notice takes nothing back');
  });

  it('takes no notice while it is led, and forgets those of who is no member any more (REMOVED-2)', () => {
    const { removal, said, status } = nodeC();
    status.leader = 'b' as MemberId;
    removal.onNotice('a' as MemberId, 2 ** 50);
    assert.deepEqual([removal.isKnown, removal.cannotBeElected, said], [false, false, []]);
    status.leader = null;
    assert.equal(removal.isKnown, true);
    status.membership = { members: membersOf('b', 'c') };
    assert.equal(removal.isKnown, false);
  });

  it('says so once it has lost the leader that it had at the notice, and once alone (REMOVED-6)', () => {
    const { removal, said, status } = nodeC();
    status.leader = 'b' as MemberId;
    removal.onNotice('a' as MemberId, 30);
    removal.onStatus(status);
    assert.deepEqual(said, []);
    status.leader = null;
    for (let times = 0; times < 3; times++) removal.onStatus(status);
    removal.onNotice('b' as MemberId, 30);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /^This node was removed from the cluster: member "a"/);
  });

  it('says nothing where another leader has its log know better first (REMOVED-6)', () => {
    const { removal, said, status } = nodeC();
    status.leader = 'b' as MemberId;
    removal.onNotice('a' as MemberId, 30);
    status.commit = 30;
    status.leader = null;
    removal.onStatus(status);
    assert.deepEqual(said, []);
  });

  it('says so as a whole engine, asked for nothing (REMOVED-6)', async () => {
    const said: string[] = [];
    const error = (_: object, text: string): void => void said.push(text);
    const { clock, handlers, receive } = await follow({ ...silentLog, error });
    await receive([appended(1, 2)]);
    handlers.onRemovalNotice('c' as MemberId, 30);
    assert.deepEqual(said, [], 'it has a leader');
    clock.pass(2000);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? '', /^This node was removed from the cluster: member "c"/);
  });

  it('goes by its own log as soon as that has as much committed (REMOVED-2)', () => {
    const { removal, status } = nodeC();
    for (const id of ['a', 'b'] as MemberId[]) removal.onNotice(id, 30);
    status.membershipIndex = 30;
    status.commit = 30;
    assert.deepEqual([removal.isKnown, removal.cannotBeElected], [false, false]);
  });

  it('takes notice though it had proposed other members, or its own removal, before others took over (REMOVED-2)', () => {
    for (const members of [
      ['a', 'b', 'c', 'd'],
      ['a', 'b'],
    ]) {
      const { removal, status } = nodeC(members);
      status.membershipIndex = 25;
      removal.onNotice('a' as MemberId, 24);
      assert.equal(removal.isKnown, members.includes('c'), 'its own removal is at 25');
      removal.onNotice('a' as MemberId, 25);
      assert.equal(removal.isKnown, true);
    }
  });
});

describe('A node whose log does not name it', () => {
  it('was removed where it was named before, once that is committed (REMOVED-4)', () => {
    const { removal, status } = nodeC(['a', 'b']);
    assert.equal(removal.isKnown, true);
    status.membershipIndex = 21;
    assert.equal(removal.isKnown, false);
  });

  it('was not where it joins: its log begins with the members of long ago (REMOVED-4)', () => {
    assert.equal(nodeC(['a', 'b'], false).removal.isKnown, false);
  });
});

describe('Whether a peer was removed', () => {
  const membership = { members: membersOf('a', 'b') };
  const known = { id: 'a' as MemberId, membership, membershipIndex: 30, commit: 30 };

  it('is said by what is committed alone (REMOVED-1)', () => {
    assert.equal(removedAt(known, 'c' as MemberId), 30);
    assert.equal(removedAt({ ...known, commit: 29 }, 'c' as MemberId), undefined);
    assert.equal(removedAt(known, 'b' as MemberId), undefined);
    const joining = { ...known, membership: { members: [] } };
    assert.equal(removedAt(joining, 'c' as MemberId), undefined);
  });

  it('is said to this cluster, member and folder (REMOVED-1)', () => {
    const identity = { clusterId: 'one', nodeId: 'c' as MemberId, incarnation: 'x' };
    const notice = { clusterId: 'one', member: 'c', incarnation: 'x', index: 30 };
    assert.equal(noticeFor(identity, notice), 30);
    const others = [
      { ...notice, clusterId: 'two' },
      { ...notice, member: 'd' },
      { ...notice, incarnation: 'y' },
      { ...notice, index: -1 },
      null,
      undefined,
    ];
    for (const other of others) assert.equal(noticeFor(identity, other), undefined);
  });
});

describe('A member that learns late that a peer was removed', () => {
  /** It has met the peer as a member; the peer is connected, and the own log names it no more. */
  function memberOf() {
    const clock = new StillClock();
    const said: string[] = [];
    const write = (frame: () => Buffer): void =>
      void said.push(
        new FrameReader()
          .push(frame())
          .map(({ body }) => String(body))
          .join(),
      );
    const now = {
      isNamed: false,
      isConnected: true,
      isMet: true,
      removedAt: undefined as number | undefined,
    };
    const removed = new RemovedPeers({
      clock,
      identity: { clusterId: 'one' },
      knownPeers: { incarnationOf: () => (now.isMet ? 'x' : undefined) },
      isNamed: () => now.isNamed,
      removedAt: () => now.removedAt,
      connectionOf: () => (now.isConnected ? { write } : undefined),
    });
    return { clock, said, now, tell: () => removed.tell('c' as MemberId) };
  }

  it('says so once its removal is committed, once, however often it connected meanwhile (REMOVED-5)', () => {
    const { clock, said, now, tell } = memberOf();
    for (let times = 0; times < 3; times++) tell();
    clock.pass(5 * lookEveryMs);
    assert.deepEqual(said, [], 'it may be undone');
    now.removedAt = 30;
    clock.pass(lookEveryMs);
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? '',
      /"removed":\{"clusterId":"one","member":"c","incarnation":"x","index":30\}/,
    );
    clock.pass(5 * lookEveryMs);
    assert.equal(said.length, 1, 'it is told when it connects, or asks, again');
    tell();
    assert.equal(said.length, 2);
  });

  it('says so when it connects again, where it was not connected at the look (REMOVED-5)', () => {
    const { clock, said, now, tell } = memberOf();
    tell();
    now.isConnected = false;
    clock.pass(5 * lookEveryMs);
    now.isConnected = true;
    tell();
    now.removedAt = 30;
    clock.pass(lookEveryMs);
    assert.equal(said.length, 1);
  });

  it('says nothing to who is a member, and to who never was one', () => {
    for (const change of [{ isNamed: true }, { isMet: false }]) {
      const { clock, said, now, tell } = memberOf();
      Object.assign(now, change);
      tell();
      now.removedAt = 30;
      clock.pass(5 * lookEveryMs);
      assert.deepEqual(said, []);
    }
  });
});

const root = mkdtempSync(join(tmpdir(), 'holdfast-removal-'));
after(() => rmSync(root, { recursive: true, force: true }));
const open: PeerNode[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ transport }) => transport.close()));
});

/** Two members, connected both ways; the second is removed as soon as the test says so. */
async function connected() {
  let isRemoved = false;
  const removedPeer = await startPeer('removed', { root, folder: `removed-${String(++folders)}` });
  const stays = await startPeer('stays', {
    root,
    folder: `stays-${String(folders)}`,
    removedAt: () => (isRemoved ? 30 : undefined),
  });
  open.push(removedPeer, stays);
  removedPeer.transport.setPeers([stays]);
  stays.transport.setPeers([removedPeer]);
  // Of the connection that each makes, and of the other one's.
  for (const { urls } of [removedPeer, removedPeer, stays, stays]) await urls.next();
  return {
    removedPeer,
    stays,
    remove: () => {
      isRemoved = true;
    },
  };
}
let folders = 0;

const preVote: Message = { type: 'pre_vote', term: 2, lastIndex: 1, lastTerm: 1 };
const isNotice = (text: string): boolean => text === 'removed at 30, says stays';

describe('A member that was removed (REMOVED-1)', () => {
  it('is told when it asks for votes', async () => {
    const { removedPeer, stays, remove } = await connected();
    remove();
    removedPeer.transport.send(stays.id, preVote);
    await removedPeer.said.find(isNotice);
  });

  it('is told though it asks for nothing, as a learner does not', async () => {
    const { removedPeer, stays, remove } = await connected();
    remove();
    stays.transport.setPeers([]);
    await removedPeer.said.find(isNotice);
  });

  it('is told though its removal was not committed when it connected, and it asks for nothing (REMOVED-5)', async () => {
    const clock = new StillClock();
    let removed: number | undefined;
    const folder = String(++folders);
    const learner = await startPeer('removed', { root, folder: `removed-${folder}` });
    const restarted = await startPeer('stays', {
      root,
      folder: `stays-${folder}`,
      clock,
      removedAt: () => removed,
    });
    open.push(learner, restarted);
    learner.transport.setPeers([restarted]);
    await restarted.urls.next();
    removed = 30;
    clock.pass(lookEveryMs);
    await learner.said.find(isNotice);
  });

  it('is told when it connects', async () => {
    const { removedPeer, stays, remove } = await connected();
    remove();
    removedPeer.transport.setPeers([]);
    removedPeer.transport.setPeers([stays]);
    await removedPeer.said.find(isNotice);
  });
});
