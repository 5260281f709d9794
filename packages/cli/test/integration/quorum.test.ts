/** The quorum lease from the command line: nodes, runs and status are real processes. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort, holdfast, runsUntilTold, startOneNode, until } from './support/holdfast.ts';
import type { Ended } from './support/holdfast.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-quorum-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** A set in which nobody else is there. */
const set = ['--advertise', 'a:1', '--peers', 'b:1,c:1'];
const run = (words: readonly string[], environment = {}): Promise<Ended> =>
  holdfast(undefined, words, environment).ended;

interface ToldNode {
  readonly url: string;
  readonly pid: number;
  readonly voting: boolean;
}

async function freePorts(): Promise<ReadonlySet<number>> {
  const ports = new Set<number>();
  while (ports.size < 3) ports.add(await freePort());
  return ports;
}

async function startCluster(data: string, known?: ReadonlySet<number>) {
  const ports = known ?? (await freePorts());
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
      [['--ttl', '61'], 2, /3 of 3 nodes refuse: "ttl_ms" must be at most 60000/],
      // None of it is waited for: it would be refused each time.
      [['--wait', '600', '--epoch', '2'], 1, /3 of 3 nodes refuse: .*wrong_epoch/],
      [['--wait', '600', '--ttl', '61'], 2, /3 of 3 nodes refuse: "ttl_ms" must be at most 60000/],
      [['--epoch', '-1'], 2, /--epoch takes a whole number/],
      [['--wait', 'NaN'], 2, /--wait takes a number of seconds/],
      [['--ttl', 'NaN'], 2, /--ttl/],
      [['--ttl', '100000'], 2, /A ttl is a number of ms .*at most 86400000/],
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

  it('given a name that no node takes, then that is wrong usage', async () => {
    for (const name of ['', 'x'.repeat(257)]) {
      assert.equal((await run(lockRun(name, '--', 'true'))).status, 2);
      assert.equal((await status(name)).status, 2);
    }
  });

  it('given another configuration, then status refuses as a run does', async () => {
    const ended = await status('--epoch', '2', 'x');
    assert.equal(ended.status, 5);
    assert.match(ended.stderr, /3 of 3 nodes refuse: .*configuration 1, not 2.*wrong_epoch/);
  });

  it('given one node by two addresses, then it has one vote, and both status and a run tell', async () => {
    const [first, second, third] = cluster.nodes;
    assert.ok(first !== undefined && second !== undefined && third !== undefined);
    const none = `http://127.0.0.1:${String(await freePort())}`;
    const twins = /http:\/\/127.* and http:\/\/127.* are one node: it has one vote/;
    // Its name leads to the first node, as a wrong line of a name server would.
    const wrong = `${second.url}=${first.url}`;
    const by = (at: string): readonly string[] => [
      '--nodes',
      cluster.list,
      '--reach',
      at === third.url ? wrong : `${wrong},${third.url}=${at}`,
    ];
    const [free, alone, refused] = await Promise.all([
      run(['quorum', 'status', ...by(third.url), 'twins']),
      run(['quorum', 'status', ...by(none), 'twins']),
      run(['quorum', 'lock', 'run', ...by(none), 'other', '--', 'true']),
    ]);
    assert.equal(free.status, 0);
    assert.match(free.stdout, /free: 2 of 3 nodes/);
    assert.match(free.stderr, twins);
    assert.equal(alone.status, 5);
    assert.match(alone.stderr, twins);
    assert.equal(refused.status, 5);
    assert.match(refused.stderr, twins);
    const words = ['quorum', 'lock', 'run', ...by(third.url), 'twins', '--', 'sleep', '60'];
    const held = holdfast(undefined, words);
    let told = '';
    held.child.stderr?.on('data', (chunk: Buffer) => (told += chunk.toString()));
    await until('the hint', () => twins.test(told));
    held.child.kill('SIGTERM');
    await held.ended;
  });

  it('given lease nodes where a cluster is asked, or the other way round, then both are told what they are', async () => {
    const [lease] = cluster.nodes;
    assert.ok(lease !== undefined);
    const node = await startOneNode();
    try {
      const isLease = /is a lease node.*holdfast quorum status NAME/;
      assert.match((await holdfast(lease.url, ['status']).ended).stderr, isLease);
      const taken = await holdfast(lease.url, ['lock', 'run', 'x', '--', 'true']).ended;
      assert.match(taken.stderr, isLease);
      const list = [node.url, node.url.replace('127.0.0.1', 'localhost'), lease.url].join(',');
      const refused = await run(['quorum', 'lock', 'run', '--nodes', list, 'x', '--', 'true']);
      assert.match(refused.stderr, /2 of 3 nodes are nodes of a cluster.*\n.*"holdfast lock run"/);
    } finally {
      await node.close();
    }
  });

  it('given requests by hand that are none, then the node says what is wanted', async () => {
    const [node] = cluster.nodes;
    assert.ok(node !== undefined);
    const detailOf = async (init: RequestInit): Promise<string> => {
      const answer = await fetch(`${node.url}/acquire`, init);
      const { detail } = (await answer.json()) as { readonly detail: string };
      return detail;
    };
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    assert.match(
      await detailOf({ method: 'POST', headers: form, body: '{}' }),
      /application\/json/,
    );
    assert.match(await detailOf({}), /^\/acquire has no GET\. It has OPTIONS, POST\.$/);
  });

  it('given a lease that stands, then what is left of it is told in whole ms', async () => {
    const [node] = cluster.nodes;
    assert.ok(node !== undefined);
    const { set } = (await (await fetch(`${node.url}/set`)).json()) as Record<string, unknown>;
    const acquire = async (leaseId: string): Promise<Record<string, unknown>> => {
      const lease = { set, resource: 'whole', epoch: 1, lease_id: leaseId, client_id: 'me' };
      const answer = await fetch(`${node.url}/acquire`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...lease, ttl_ms: 20_000 }),
      });
      return (await answer.json()) as Record<string, unknown>;
    };
    assert.equal((await acquire('one'))['status'], 'GRANTED');
    const denied = await acquire('two');
    assert.equal(denied['status'], 'DENIED');
    assert.ok(Number.isInteger(denied['remaining_ms']), JSON.stringify(denied));
  });

  it('given nodes that hang, then a second is enough to tell so', async () => {
    const hanging = cluster.nodes.slice(1);
    for (const { pid } of hanging) process.kill(pid, 'SIGSTOP');
    const ended = await run(lockRun('hanging', '--', 'true')).finally(() => {
      for (const { pid } of hanging) process.kill(pid, 'SIGCONT');
    });
    assert.equal(ended.status, 5);
    assert.equal(ended.stderr.match(/does not answer \(not within 1 s\)/g)?.length, 2);
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
    const ports = await freePorts();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const { child, ended, nodes } = await startCluster(data, ports);
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
    const moved = await run(['quorum-cluster', '--ports', '1,2,3', '--data', data]);
    assert.equal(moved.status, 2);
    const [port] = ports;
    assert.match(
      moved.stderr,
      new RegExp(`of the nodes http://127.*:${String(port)}.*--ports.*--data`),
    );
  });
});

describe('holdfast quorum-cluster of five', () => {
  it('tells that two may die', async () => {
    const ports = new Set<number>();
    while (ports.size < 5) ports.add(await freePort());
    const list = [...ports].join(',');
    const words = ['quorum-cluster', '--ports', list, '--data', join(folder, 'five')];
    const cluster = holdfast(undefined, words);
    await until('the cluster', () => cluster.told().includes('Ctrl-C'), 30_000);
    assert.match(cluster.told(), /kill -9 \d+ \d+ +# two may die/);
    cluster.child.kill('SIGTERM');
    await cluster.ended;
  });

  it('given a port that is in use, then that is all it says, and nothing is made', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const data = join(folder, 'taken');
    const list = [await freePort(), port, await freePort()].join(',');
    const ended = await run(['quorum-cluster', '--ports', list, '--data', data]);
    server.close();
    assert.equal(ended.status, 1);
    assert.match(ended.stderr, /^holdfast: Port \d+ of 127\.0\.0\.1 is in use.*--ports\.\n$/);
    assert.ok(!existsSync(data));
  });
});

describe('holdfast quorum-node', () => {
  /** Words for each of three that know each other, by name of file. */
  const threeNodes = async (
    name: string,
    ...more: readonly string[]
  ): Promise<{ readonly urls: readonly string[]; readonly words: readonly string[][] }> => {
    const urls = [...(await freePorts())].map((port) => `http://127.0.0.1:${String(port)}`);
    const words = urls.map((url, index) => [
      'quorum-node',
      '--port',
      new URL(url).port,
      '--peers',
      urls.filter((other) => other !== url).join(','),
      '--db',
      join(folder, `${name}-${String(index)}.sqlite`),
      '--json',
      ...more,
    ]);
    return { urls, words };
  };
  const started = async (words: readonly string[]): Promise<ReturnType<typeof holdfast>> => {
    const node = holdfast(undefined, words);
    await until('a node', () => node.told().includes('\n'));
    return node;
  };
  const stop = async (nodes: readonly ReturnType<typeof holdfast>[]): Promise<void> => {
    for (const { child } of nodes) child.kill('SIGTERM');
    const ends = await Promise.all(nodes.map(({ ended }) => ended));
    assert.deepEqual(
      ends.map(({ status }) => status),
      nodes.map(() => 0),
    );
  };

  it('given new nodes, then they vote when all of their set run; one that lost its file, when status says so', async () => {
    const { urls, words } = await threeNodes('new');
    const [one, two, three] = words;
    assert.ok(one !== undefined && two !== undefined && three !== undefined);
    const list = urls.join(',');
    const nodes = await Promise.all([started(one), started(two)]);
    const fresh = await run(['quorum', 'status', '--nodes', list, 'x']);
    assert.equal(fresh.status, 5);
    assert.match(
      fresh.stderr,
      /new nodes vote when all of them run and name the same set: start the others/,
    );
    const health = await fetch(`${urls[0] ?? ''}/health`);
    assert.equal(health.status, 503);
    nodes.push(await started(three));
    const words3 = ['quorum', 'lock', 'run', '--nodes', list, '--wait', '20', 'x', '--', 'true'];
    const first = await run(words3);
    assert.equal(first.status, 0, first.stderr);
    await stop(nodes.splice(2));
    rmSync(join(folder, 'new-2.sqlite'));
    nodes.push(await started(three));
    const none = `http://127.0.0.1:${String(await freePort())}`;
    const cutOff = ['--reach', `${urls[1] ?? ''}=${none}`];
    const shown = await run(['quorum', 'status', '--nodes', list, ...cutOff, 'x']);
    assert.match(shown.stdout, /not yet \(\d+ s\)/);
    assert.match(shown.stderr, /votes in \d+ s at the earliest/);
    await stop(nodes);
  });

  it('given nodes that ask for a key, then they agree with it, and serve who has it', async () => {
    const keyFile = join(folder, 'key');
    writeFileSync(keyFile, 'secret\n');
    const { urls, words } = await threeNodes('key', '--api-key-file', keyFile);
    const nodes = await Promise.all(words.map((one) => started(one)));
    const asked = ['quorum', 'lock', 'run', '--nodes', urls.join(','), '--wait', '20', 'x'];
    const without = await run([...asked, '--', 'true']);
    assert.equal(without.status, 1, without.stderr);
    assert.match(without.stderr, /unauthorized.*\n.*HOLDFAST_API_KEY/);
    const ended = await run([...asked, '--', 'true'], { HOLDFAST_API_KEY: 'secret' });
    assert.equal(ended.status, 0, ended.stderr);
    await stop(nodes);
  });

  it('given a port, a file or an epoch that does not fit, then it says what to do', async () => {
    const db = join(folder, 'first.sqlite');
    const first = holdfast(undefined, ['quorum-node', '--port', '0', ...set, '--db', db, '--json']);
    await until('the first node', () => first.told().includes('\n'));
    const { url } = JSON.parse(first.told()) as ToldNode;
    const { port } = new URL(url);
    const other = join(folder, 'second.sqlite');
    const attempt = async (file: string, ...words: readonly string[]): Promise<string> => {
      const { status, stderr } = await run(['quorum-node', '--db', file, ...set, ...words]);
      assert.equal(status, 1, stderr);
      return stderr;
    };
    assert.match(await attempt(other, '--port', port), /^holdfast: Port \d+ .*in use.*--port/);
    assert.ok(!existsSync(other));
    assert.match(await attempt(db, '--port', '0'), /first\.sqlite is in use by another .*--db/);
    first.child.kill('SIGTERM');
    assert.equal((await first.ended).status, 0);
    assert.match(
      await attempt(db, '--port', '0', '--epoch', '2'),
      /configuration 1, not 2.*--epoch/,
    );
  });
});
