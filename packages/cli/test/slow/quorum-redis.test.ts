/** The quorum lease from the command line, with Redis servers as its voters. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort, holdfast, until } from '../integration/support/holdfast.ts';
import type { Ended } from '../integration/support/holdfast.ts';

const program = (process.env['PATH'] ?? '')
  .split(delimiter)
  .map((folder) => join(folder, 'redis-server'))
  .find((path) => existsSync(path));
const skip =
  program === undefined && 'This machine has no Redis (Debian: apt-get install redis-server).';

const run = (...words: readonly string[]): Promise<Ended> =>
  holdfast(undefined, ['quorum', ...words]).ended;

async function startRedis(port: number, folder: string): Promise<ChildProcess> {
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
  const settings = ['--save', '', '--appendonly', 'yes', '--appendfsync', 'always'];
  const appended = ['--appenddirname', `append-${String(port)}`];
  const child = spawn(program ?? '', [...place, ...settings, ...appended], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
  await until('Redis', () => told.includes('Ready to accept connections'));
  return child;
}

async function startTrio(folder: string) {
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort());
  const servers = await Promise.all([...ports].map((port) => startRedis(port, folder)));
  const list = [...ports].map((port) => `redis://127.0.0.1:${String(port)}`).join(',');
  const end = async (): Promise<void> => {
    for (const server of servers) {
      const ended = once(server, 'exit');
      server.kill('SIGKILL');
      await ended;
    }
    rmSync(folder, { recursive: true });
  };
  return { list, end };
}

describe('holdfast quorum --voters redis://...', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-redis-'));
  let trio: Awaited<ReturnType<typeof startTrio>>;
  let list = '';
  before(async () => {
    trio = await startTrio(folder);
    ({ list } = trio);
  });
  after(() => trio.end());

  it('given servers that nobody has admitted, then a run is refused and told why', async () => {
    const ended = await run('lock', 'run', '--voters', list, 'job', '--', 'true');
    assert.notEqual(ended.status, 0);
    assert.match(ended.stderr, /does not vote until it is admitted/);
    assert.match(
      ended.stderr,
      /no majority of the 3 servers.*\n.*quorum admit --voters.*--new-set/,
    );
    assert.doesNotMatch(ended.stderr, /nodes/);
    const status = await run('status', '--voters', list, 'job');
    assert.equal(status.status, 5);
    const admitted = await run('admit', '--voters', list, '--longest-ttl', '2');
    assert.match(admitted.stderr, /No majority of the servers votes.* give --new-set/);
    assert.doesNotMatch(admitted.stderr, /node/);
  });

  it('given servers that were admitted, then commands run under the lock, and status tells the holder', async () => {
    const set = ['--voters', list];
    const admitted = await run(
      'admit',
      ...set,
      '--longest-ttl',
      '10',
      '--new-set',
      '--floor',
      '41',
    );
    assert.equal(admitted.status, 0, admitted.stderr);
    assert.equal(admitted.stdout.match(/admitted/g)?.length, 3);
    const words = [
      'quorum',
      'lock',
      'run',
      ...set,
      '--ttl',
      '10',
      '--client-id',
      'me',
      'job',
      '--',
    ];
    const script = 'echo "token $HOLDFAST_FENCE_TOKEN"; exec sleep 30';
    const holder = holdfast(undefined, [...words, 'sh', '-c', script]);
    await until('the holder', () => holder.told().includes('token 42'));
    const status = await run('status', ...set, 'job');
    assert.match(status.stdout, /"job" is held by me, on [23] of 3 servers/);
    const other = await run('lock', 'run', ...set, '--ttl', '10', 'job', '--', 'true');
    assert.match(other.stderr, /held by me/);
    holder.child.kill('SIGTERM');
    await holder.ended;
    const next = await run('lock', 'run', ...set, '--ttl', '10', 'job', '--', 'true');
    assert.equal(next.status, 0, next.stderr);
  });

  it('given URLs that are none of Redis, or nodes as well, then that is wrong usage', async () => {
    const wrong = await run('status', '--voters', 'http://a:1,http://b:1,http://c:1', 'job');
    assert.equal(wrong.status, 2);
    const both = await run('status', '--voters', list, '--nodes', 'a:1,b:1,c:1', 'job');
    assert.equal(both.status, 2);
  });
});

describe('holdfast quorum reconfigure --voters redis://...', { skip }, () => {
  it('given a set of servers, then the next one begins: its tokens go on, and clients of the one before are refused', async () => {
    const { list, end } = await startTrio(mkdtempSync(join(tmpdir(), 'holdfast-quorum-redis-')));
    const longest = ['--longest-ttl', '1'];
    const floor = ['--new-set', '--floor', '41'];
    try {
      const admitted = await run('admit', '--voters', list, ...longest, ...floor);
      assert.equal(admitted.status, 0, admitted.stderr);
      const changed = await run('reconfigure', '--voters', list, '--to', list, ...longest);
      assert.equal(changed.status, 0, changed.stderr);
      assert.equal(changed.stdout.match(/voting/g)?.length, 3);
      const [old, next] = await Promise.all([
        run('status', '--voters', list, 'job'),
        run('status', '--voters', list, '--epoch', '2', 'job'),
      ]);
      assert.equal(old.status, 5);
      assert.match(old.stderr, /3 of 3 servers refuse: .*configuration 2, not 1/);
      assert.match(next.stdout, /"job" is free: 3 of 3 servers say so/);
      assert.equal(next.stdout.match(/yes +no +- +- +41 /g)?.length, 3, next.stdout);
    } finally {
      await end();
    }
  });
});
