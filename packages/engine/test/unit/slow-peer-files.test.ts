/** What a node remembers of its peers, on a disk that takes its time, over real sockets. */
import assert from 'node:assert/strict';
import fs, { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, beforeEach, describe, it, mock } from 'node:test';
import type { MemberId, Message } from '@holdfast/raft';
import { fileDisk } from '@holdfast/storage/parts';
import type { Disk } from '@holdfast/storage/parts';
import { DurableFile } from '../../src/durable-file.ts';
import { PeerRuns } from '../../src/peer-runs.ts';
import { frameKinds } from '../../src/transport/frames.ts';
import { encodeMessageFrame } from '../../src/transport/messages.ts';
import { incarnationOf, RawPeer, startPeer } from './peer-nodes.ts';
import type { PeerNode } from './peer-nodes.ts';

const timeout = 30_000;
const writeDelayMs = 300;
const root = mkdtempSync(join(tmpdir(), 'holdfast-slow-peers-'));
after(() => rmSync(root, { recursive: true, force: true }));
let count = 0;
let folder = '';
const open = new Set<PeerNode>();
beforeEach(() => {
  folder = join(root, String(++count));
});
afterEach(async () => {
  await Promise.all([...open].map(({ transport }) => transport.close()));
  open.clear();
});
async function start(options: { readonly writeDelayMs?: number } = {}): Promise<PeerNode> {
  const node = await startPeer('node', { root: folder, ...options });
  open.add(node);
  return node;
}
const voteOf = (term: number): Message => ({
  type: 'vote',
  term,
  lastIndex: 1,
  lastTerm: 1,
  transfer: false,
});
const first = { starts: 1, run: '1'.repeat(16) };
const ofM = { from: 'm', incarnation: incarnationOf(1), runs: [first] };
const ofB = { from: 'b', incarnation: incarnationOf(2), runs: [first] };
const latestRun = (): unknown =>
  (
    JSON.parse(readFileSync(join(folder, 'node', 'peer-runs.json'), 'utf8')) as Record<
      string,
      unknown
    >
  )['m'];

/** Whoever writes to a file opens it first. */
const blocking = [
  ...(['openSync', 'fsyncSync', 'fdatasyncSync'] as const),
  ...(['writeFileSync', 'renameSync', 'unlinkSync', 'rmSync', 'truncateSync'] as const),
];

describe(`A node whose disk takes ${String(writeDelayMs)} ms to remember a peer`, () => {
  it(
    'counts no message of a process before it is remembered, and reads others meanwhile (RUN-1)',
    { timeout },
    async () => {
      const node = await start({ writeDelayMs });
      const [m, b] = [RawPeer.to(node.address).hello(ofM), RawPeer.to(node.address).hello(ofB)];
      await Promise.all([m.frames.next(), b.frames.next()]);
      b.socket.write(encodeMessageFrame(voteOf(2)));
      assert.deepEqual(await node.heard.next(), voteOf(2));
      // When m sends what would count, with more behind it
      m.socket.write(encodeMessageFrame(voteOf(3)));
      await new Promise((resolve) => setTimeout(resolve, writeDelayMs / 3));
      assert.equal(node.heard.count, 0);
      m.socket.write(encodeMessageFrame(voteOf(4)));
      // Then b, who is known, is heard before
      b.socket.write(encodeMessageFrame(voteOf(5)));
      assert.deepEqual(await node.heard.next(), voteOf(5));
      assert.deepEqual(await node.heard.next(), voteOf(3));
      assert.deepEqual(latestRun(), first);
      assert.deepEqual(await node.heard.next(), voteOf(4));
      for (const { socket } of [m, b]) socket.destroy();
    },
  );

  it('shows itself only to a peer whose folder it remembers (KNOWN-4)', { timeout }, async () => {
    const node = await start({ writeDelayMs });
    const path = join(folder, 'node', 'known-peers.json');
    const m = RawPeer.to(node.address).hello(ofM);
    assert.equal((await m.frames.next()).kind, frameKinds.hello);
    assert.match(readFileSync(path, 'utf8'), /"m"/);
    m.socket.destroy();
  });
});

describe('The event loop of a node that serves', () => {
  it('never waits for the disk on account of a peer (DFILE-1)', { timeout }, async () => {
    const node = await start();
    const calls: string[] = [];
    for (const name of blocking) {
      const original = fs[name] as (...given: readonly unknown[]) => unknown;
      mock.method(fs, name, (...given: readonly unknown[]) => {
        calls.push(`${name} ${String(given[0])}`);
        return original(...given);
      });
    }
    syncBuiltinESMExports();
    try {
      // A new member, at a new address, that tells of another one, and counts; then its restart
      for (const starts of [1, 2]) {
        const runs = [first, { starts: 2, run: '2'.repeat(16) }].slice(0, starts);
        const m = RawPeer.to(node.address).hello({
          ...ofM,
          runs,
          address: `moved-${String(starts)}:1`,
          knownPeers: { [`told-${String(starts)}`]: incarnationOf(7) },
        });
        assert.equal((await m.frames.next()).kind, frameKinds.hello);
        m.addresses([{ id: 'b', starts, address: `elsewhere-${String(starts)}:1` }]);
        m.socket.write(encodeMessageFrame(voteOf(1 + starts)));
        assert.deepEqual(await node.heard.next(), voteOf(1 + starts));
        m.socket.destroy();
        await m.closed;
      }
      await node.transport.close();
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
    assert.deepEqual(calls, []);
    assert.deepEqual(latestRun(), { starts: 2, run: '2'.repeat(16) });
    for (const name of ['peer-addresses.json', 'known-peers.json'])
      assert.ok(readFileSync(join(folder, 'node', name), 'utf8').length > 0);
  });
});

describe('A process that was let in while another one of its member began to count (RUN-1)', () => {
  it('is turned out, and refused when it comes again', { timeout }, async () => {
    const node = await start();
    const m = RawPeer.to(node.address).hello(ofM);
    await m.frames.next();
    // Given another process of the same start, which waits while m is asked whether it lives
    const other = { ...ofM, runs: [{ starts: 1, run: '9'.repeat(16) }] };
    const copy = RawPeer.to(node.address).hello(other);
    assert.equal((await m.frames.next()).kind, frameKinds.ping);
    // When m counts meanwhile, and is gone
    m.socket.write(encodeMessageFrame(voteOf(2)));
    assert.deepEqual(await node.heard.next(), voteOf(2));
    m.socket.destroy();
    assert.equal((await copy.frames.next()).kind, frameKinds.hello);
    copy.socket.write(encodeMessageFrame(voteOf(3)));
    const came = await Promise.race([node.heard.next(), copy.closed]);
    assert.equal(came, undefined, 'nothing of it counts');
    assert.match(await RawPeer.to(node.address).hello(other).refusal(), /is an older copy/);
  });
});

describe('A small file that is replaced while the node serves', () => {
  it('is written once at a time, of what was handed over meanwhile the latest alone (DFILE-3)', async () => {
    fs.mkdirSync(folder);
    const texts: string[] = [];
    const disk: Disk = {
      ...fileDisk,
      rename: async (from, to) => {
        texts.push(readFileSync(from, 'utf8'));
        await fileDisk.rename(from, to);
      },
    };
    const file = new DurableFile(disk, folder, 'small.json');
    const written = file.write('1');
    await new Promise((resolve) => setImmediate(resolve));
    await Promise.all([written, ...['2', '3', '4'].map((text) => file.write(text))]);
    assert.deepEqual(texts, ['1', '4']);
    assert.equal(readFileSync(join(folder, 'small.json'), 'utf8'), '4');
    assert.deepEqual(fs.readdirSync(folder), ['small.json']);
  });

  it('that the disk refuses once is written again at the next time, whole (DFILE-2)', async () => {
    fs.mkdirSync(folder);
    let fails = true;
    const disk: Disk = {
      ...fileDisk,
      syncFolder: (at) => {
        if (!fails) return fileDisk.syncFolder(at);
        return Promise.reject(
          Object.assign(new Error('full'), { code: 'ENOSPC', syscall: 'fsync' }),
        );
      },
    };
    const file = new DurableFile(disk, folder, 'small.json');
    await assert.rejects(file.write('1'), { name: 'DiskError' });
    fails = false;
    await file.write('2');
    assert.equal(readFileSync(join(folder, 'small.json'), 'utf8'), '2');
  });

  it('that the disk refuses again and again leaves no other file behind (DFILE-4)', async () => {
    fs.mkdirSync(folder);
    for (const step of ['write', 'rename'] as const) {
      const refused = (): Promise<never> =>
        Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC', syscall: step }));
      const disk: Disk = {
        ...fileDisk,
        create: async (path, zeroBytes) => {
          const file = await fileDisk.create(path, zeroBytes);
          return step === 'write' ? { ...file, close: () => file.close(), write: refused } : file;
        },
        rename: refused,
      };
      const file = new DurableFile(disk, folder, 'small.json');
      for (const text of ['1', '2', '3'])
        await assert.rejects(file.write(text), { systemCode: 'ENOSPC' });
      assert.deepEqual(fs.readdirSync(folder), []);
    }
  });

  it('is not known of a process whose write failed, however often it asks (RUN-1)', async () => {
    const runs = new PeerRuns(join(folder, 'nowhere'), { isKnownMember: () => true }, fileDisk);
    for (const starts of [1, 1])
      await assert.rejects(async () => runs.count('m' as MemberId, [{ ...first, starts }]), {
        name: 'DiskError',
      });
  });
});
