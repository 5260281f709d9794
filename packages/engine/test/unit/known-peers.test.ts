import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { fileDisk } from '@holdfast/storage/parts';
import { maxHelloBytes } from '../../src/bounds.ts';
import { KnownPeers } from '../../src/known-peers.ts';
import { incarnationOf } from './peer-nodes.ts';

const [n1, n2, n3, n4] = ['n1', 'n2', 'n3', 'n4'] as MemberId[] as [
  MemberId,
  MemberId,
  MemberId,
  MemberId,
];

describe('The peers that a node knows', () => {
  let folder: string;
  let members: Set<MemberId>;
  let isJoining: boolean;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'holdfast-known-'));
    members = new Set([n1, n2, n3]);
    isJoining = false;
  });
  const opened: KnownPeers[] = [];
  afterEach(async () => {
    for (const known of opened.splice(0)) await known.settled();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (): KnownPeers => {
    const knowledge = {
      isKnownMember: (id: MemberId) => members.has(id),
      isJoining: () => isJoining,
    };
    const known = new KnownPeers(folder, knowledge, fileDisk);
    opened.push(known);
    return known;
  };
  const path = (): string => join(folder, 'known-peers.json');
  const onDisk = (): unknown => JSON.parse(readFileSync(path(), 'utf8'));

  it('are members, each remembered in the folder that was met first, also after a restart (IDENTITY-1)', async () => {
    const known = open();
    assert.ok(known.accepts(n2, incarnationOf(2)));
    const durable = known.durable();
    assert.ok(durable !== undefined, 'nothing of it counts yet (KNOWN-4)');
    await durable;
    assert.equal(known.durable(), undefined);
    assert.deepEqual(onDisk(), { n2: incarnationOf(2) });
    assert.ok(open().accepts(n2, incarnationOf(2)));
    assert.equal(open().accepts(n2, incarnationOf(3)), false);
  });

  it('are written down only where the own log names them (KNOWN-1)', async () => {
    const known = open();
    assert.ok(known.accepts(n4, incarnationOf(9)));
    await known.settled();
    assert.equal(existsSync(path()), false);
    assert.deepEqual(known.toTell(), {});
    // Becomes a member, in another folder than that stranger's.
    members.add(n4);
    assert.ok(known.accepts(n4, incarnationOf(4)));
    assert.equal(known.accepts(n4, incarnationOf(9)), false);
  });

  it('are learned from members, and of members, alone (KNOWN-1)', () => {
    const known = open();
    known.learn(n4, { n3: incarnationOf(3) });
    assert.deepEqual(known.toTell(), {});
    known.learn(n2, { n3: incarnationOf(3), n4: incarnationOf(9) });
    assert.deepEqual(known.toTell(), { n3: incarnationOf(3) });
    members.add(n4);
    assert.ok(known.accepts(n4, incarnationOf(4)));
  });

  it('of a node that joins are learned for the time when its log names them, also where it starts again before', async () => {
    isJoining = true;
    members = new Set([n1]);
    const before = open();
    before.learn(n1, { n3: incarnationOf(3), n4: incarnationOf(4) });
    assert.equal(before.accepts(n3, incarnationOf(9)), false);
    await before.durable();
    const known = open();
    assert.deepEqual(known.toTell(), {});
    assert.equal(known.accepts(n3, incarnationOf(9)), false);
    isJoining = false;
    members = new Set([n1, n2, n3]);
    known.onMembership();
    await known.durable();
    assert.deepEqual(onDisk(), { n3: incarnationOf(3) });
    assert.equal(open().accepts(n3, incarnationOf(9)), false);
  });

  it('that the disk does not take never count: it says so at every attempt (KNOWN-4)', async () => {
    const known = open();
    rmSync(folder, { recursive: true });
    known.accepts(n2, incarnationOf(2));
    await assert.rejects(async () => known.durable(), { name: 'DiskError' });
    assert.ok(known.accepts(n2, incarnationOf(2)));
    await assert.rejects(async () => known.durable(), { name: 'DiskError' });
  });

  it('have ids and incarnations in their forms, whatever the file holds (KNOWN-2)', () => {
    writeFileSync(
      path(),
      JSON.stringify({ n2: incarnationOf(2), n3: 'bogus', '\u0001': incarnationOf(9) }),
    );
    const known = open();
    assert.deepEqual(known.toTell(), { n2: incarnationOf(2) });
    assert.ok(known.accepts(n3, incarnationOf(3)));
    assert.equal(known.accepts(n1, 'i1'), false);
    known.learn(n2, { n1: '\u0001'.repeat(128) });
    assert.ok(known.accepts(n1, incarnationOf(1)));
  });

  it('are told of in half a hello at most, members first (KNOWN-3)', () => {
    const many = Array.from({ length: 2000 }, (_, at) => {
      return [`former-${String(at)}`, incarnationOf(at)] as const;
    });
    writeFileSync(path(), JSON.stringify({ n2: incarnationOf(2), ...Object.fromEntries(many) }));
    const told = open().toTell();
    assert.equal(told['n2'], incarnationOf(2));
    assert.ok(Object.keys(told).length > 100);
    assert.ok(Buffer.byteLength(JSON.stringify(told)) <= maxHelloBytes / 2);
  });

  it('that cannot be read stop the node: to forget them would let a lost folder vote', () => {
    writeFileSync(path(), '{');
    assert.throws(open, /is damaged/);
    for (const text of ['', 'null', '[]', '{"n2":7}']) {
      writeFileSync(path(), text);
      assert.throws(open, /is damaged/, text);
    }
  });
});
