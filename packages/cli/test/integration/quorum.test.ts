/** The quorum lease from the command line: nodes, runs and status are real processes. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort, holdfast, runsUntilTold, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const run = (words: readonly string[], environment = {}): Promise<Ended> =>
  holdfast(undefined, words, environment).ended;

interface ToldNode {
  readonly url: string;
  readonly pid: number;
  readonly voting: boolean;
}

async function startCluster(data: string) {
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort());
  const words = ['quorum-cluster', '--ports', [...ports].join(','), '--data', data, '--json'];
  const cluster = holdfast(undefined, words);
  await until('the cluster', () => cluster.told().includes('\n'));
  const { nodes } = JSON.parse(cluster.told()) as { readonly nodes: readonly ToldNode[] };
  return { ...cluster, nodes, list: nodes.map(({ url }) => url).join(',') };
}

const isRunning = (pid: number): boolean => {
  try {
    // A process that has ended and was not waited for yet still takes signals.
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
};

describe('holdfast quorum lock run', () => {
  let cluster: Awaited<ReturnType<typeof startCluster>>;
  before(async () => {
    cluster = await startCluster(join(folder, 'run'));
  });
  after(async () => {
    cluster.child.kill('SIGTERM');
    await cluster.ended;
  });
  const lockRun = (...words: readonly string[]): readonly string[] => [
    'quorum',
    'lock',
    'run',
    '--nodes',
    cluster.list,
    ...words,
  ];
  const status = (...words: readonly string[]): Promise<Ended> =>
    run(['quorum', 'status', '--nodes', cluster.list, ...words]);

  it('given new nodes, when they are ready, then all vote', () => {
    assert.deepEqual(
      cluster.nodes.map(({ voting }) => voting),
      [true, true, true],
    );
  });

  it('given a free lock, when a command runs, then it has a token, larger each time, and its exit status is passed on', async () => {
    const script = 'echo "token $HOLDFAST_FENCE_TOKEN of $HOLDFAST_LOCK_NAME"; exit 7';
    const tokenOfRun = async (): Promise<number> => {
      const ended = await run(lockRun('passing', '--', 'sh', '-c', script));
      assert.equal(ended.status, 7, ended.stderr);
      return Number(/^token (\d+) of passing$/m.exec(ended.stdout)?.[1]);
    };
    const first = await tokenOfRun();
    assert.ok(first > 0 && (await tokenOfRun()) > first);
  });

  it('given a lock that is held, then others are refused and told by whom, and status shows it on each node', async () => {
    const marker = join(folder, 'held');
    const words = lockRun('--client-id', 'first', 'held', '--', ...runsUntilTold(marker));
    const first = holdfast(undefined, words);
    await until('the first command', () => existsSync(marker));
    const [second, shown] = await Promise.all([run(lockRun('held', '--', 'true')), status('held')]);
    assert.equal(second.status, 3, second.stderr);
    assert.match(second.stderr, /held by first.*\(lock_held\)\n.*--wait/);
    assert.equal(shown.status, 0, shown.stderr);
    assert.equal(shown.stdout.match(/^http.* yes +yes +first/gm)?.length, 3, shown.stdout);
    assert.match(shown.stdout, /\n\n"held" is held by first, on 3 of 3 nodes/);
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).status, 128 + 15);
    const told = JSON.parse((await status('--json', 'held')).stdout) as Record<string, unknown>;
    assert.equal(told['verdict'], 'free');
    assert.equal(told['holder'], null);
  });

  it('given nodes of a cluster, another configuration or too long a lease, then nothing is run and it is told why', async () => {
    const marker = join(folder, 'never');
    const touch = ['x', '--', 'touch', marker];
    const cases: readonly (readonly [words: readonly string[], status: number, text: RegExp])[] = [
      [['--endpoint', 'a:1'], 2, /--nodes/],
      [['--epoch', '2'], 1, /3 of 3 nodes refuse: .*configuration 1, not 2.*wrong_epoch/],
      [['--ttl', '61'], 1, /3 of 3 nodes refuse: "ttl_ms" must be at most 60000/],
    ];
    await Promise.all(
      cases.map(async ([options, wantedStatus, text]) => {
        const ended = await run(lockRun(...options, ...touch));
        assert.equal(ended.status, wantedStatus, ended.stderr);
        assert.match(ended.stderr, text);
      }),
    );
    assert.ok(!existsSync(marker));
  });

  it('given a command that cannot be started, then the status is that of a shell and the lock is free again', async () => {
    assert.equal((await run(lockRun('missing', '--', '/no/such/program'))).status, 127);
    assert.equal((await run(lockRun('missing', '--', 'true'))).status, 0);
  });

  it('given one node killed, then a run goes on; two, then its command is stopped and nobody is granted anything', async () => {
    const [, second, third] = cluster.nodes;
    assert.ok(second !== undefined && third !== undefined);
    const beats = join(folder, 'beats');
    const program = `setInterval(() => require('fs').writeFileSync(${JSON.stringify(beats)}, String(Date.now())), 20)`;
    const words = lockRun('--ttl', '2', 'kept', '--', process.execPath, '-e', program);
    const first = holdfast(undefined, words);
    const lastBeat = (): number => (existsSync(beats) ? Number(readFileSync(beats, 'utf8')) : 0);
    await until('the command', () => lastBeat() > 0);
    process.kill(second.pid, 'SIGKILL');
    const killedAt = Date.now();
    await until('a run beyond its first lease', () => lastBeat() > killedAt + 2000);
    const [refused, other, one] = await Promise.all([
      run(lockRun('kept', '--', 'true')),
      run(lockRun('other', '--', 'true')),
      status('kept'),
    ]);
    assert.equal(refused.status, 3, refused.stderr);
    assert.equal(other.status, 0, other.stderr);
    assert.match(one.stdout, /does not answer \(ECONNREFUSED\)/);
    assert.match(one.stdout, /on 2 of 3 nodes/);
    process.kill(third.pid, 'SIGKILL');
    const [lost, none, silent] = await Promise.all([
      first.ended,
      run(lockRun('other', '--', 'true')),
      status('other'),
    ]);
    assert.equal(lost.status, 4, lost.stderr);
    assert.match(lost.stderr, /lost or could not be renewed.*\n.*holdfast quorum status/);
    assert.equal(none.status, 5, none.stderr);
    for (const { url } of [second, third])
      assert.ok(none.stderr.includes(`${url} does not answer (ECONNREFUSED)`), none.stderr);
    assert.match(none.stderr, /\(no_quorum\)\nStart nodes .*quorum-node.*--nodes/);
    assert.equal(silent.status, 5);
    assert.match(silent.stdout, /No majority answered: 1 of 3 nodes/);
    assert.match(silent.stderr, /Start nodes/);
  });
});

describe('holdfast quorum-cluster', () => {
  it('given it is told to stop, or killed, then its nodes are gone; its files are of as many nodes for ever', async () => {
    const data = join(folder, 'ends');
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const { child, ended, nodes } = await startCluster(data);
      assert.ok(nodes.every(({ pid, voting }) => voting && isRunning(pid)));
      child.kill(signal);
      assert.equal((await ended).status, signal === 'SIGTERM' ? 0 : null);
      await until('the end of the nodes', () => !nodes.some(({ pid }) => isRunning(pid)));
    }
    const { status, stderr } = await run([
      'quorum-cluster',
      '--ports',
      '1,2,3,4,5',
      '--data',
      data,
    ]);
    assert.equal(status, 2);
    assert.match(stderr, /of a quorum of 3 nodes, not 5.*--data/);
  });
});

describe('holdfast quorum-node', () => {
  it('given nodes that know nobody and ask for a key, when the first client with the key comes, then they vote', async () => {
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, 'secret\n');
    const nodes = ['1', '2', '3'].map((number) => {
      const db = join(folder, `alone-${number}.sqlite`);
      const words = ['quorum-node', '--port', '0', '--db', db, '--api-key-file', keyFile, '--json'];
      return holdfast(undefined, words);
    });
    await Promise.all(nodes.map((node) => until('a node', () => node.told().includes('\n'))));
    const told = nodes.map((node) => JSON.parse(node.told()) as ToldNode);
    assert.ok(told.every(({ voting }) => !voting));
    const list = told.map(({ url }) => url).join(',');
    const words = ['quorum', 'lock', 'run', '--nodes', list, 'x', '--', 'true'];
    const without = await run(words);
    assert.equal(without.status, 1, without.stderr);
    assert.match(without.stderr, /unauthorized.*\n.*HOLDFAST_API_KEY/);
    const ended = await run(words, { HOLDFAST_API_KEY: 'secret' });
    assert.equal(ended.status, 0, ended.stderr);
    for (const node of nodes) node.child.kill('SIGTERM');
    const ends = await Promise.all(nodes.map((node) => node.ended));
    assert.deepEqual(
      ends.map(({ status }) => status),
      [0, 0, 0],
    );
  });

  it('given a port, a file or an epoch that does not fit, then it says what to do', async () => {
    const db = join(folder, 'first.sqlite');
    const first = holdfast(undefined, ['quorum-node', '--port', '0', '--db', db, '--json']);
    await until('the first node', () => first.told().includes('\n'));
    const { url } = JSON.parse(first.told()) as ToldNode;
    const { port } = new URL(url);
    const other = join(folder, 'second.sqlite');
    const attempt = async (file: string, ...words: readonly string[]): Promise<string> => {
      const { status, stderr } = await run(['quorum-node', '--db', file, ...words]);
      assert.equal(status, 1, stderr);
      return stderr;
    };
    assert.match(await attempt(other, '--port', port), /Port \d+ .*in use.*--port/);
    assert.match(await attempt(db, '--port', '0'), /first\.sqlite is in use by another .*--db/);
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).status, 0);
    assert.match(
      await attempt(db, '--port', '0', '--epoch', '2'),
      /configuration 1, not 2.*--epoch/,
    );
  });
});
