import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { Authority } from '@holdfast/tls/development';
import type { KeyPair } from '@holdfast/tls/development';
import { useApiKey } from '../../src/api-key.ts';
import { examineCertificates } from '../../src/doctor/certificates.ts';
import { examineDisk, judgeRoom, judgeWrites } from '../../src/doctor/disk.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { examinePeers, examinePorts } from '../../src/doctor/network.ts';
import { examineNodes } from '../../src/doctor/nodes.ts';
import type { Examined } from '../../src/doctor/nodes.ts';

const dayMs = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'holdfast-doctor-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** What is not well, as `level what`, each with advice. */
function troubles(findings: readonly Finding[]): readonly string[] {
  for (const { level, advice, found } of findings)
    assert.equal(advice === '', level === 'ok', found);
  return findings
    .filter(({ level }) => level !== 'ok')
    .map(({ level, what }) => `${level} ${what}`);
}

describe('The disk of a node', () => {
  it('is judged by its durable writes and by its room', () => {
    const levels = (...tookMs: readonly number[]): string => judgeWrites(tookMs).level;
    assert.equal(levels(0.2, 0.3, 2), 'ok');
    assert.equal(levels(1, 12, 20, 30), 'warning');
    assert.equal(levels(...Array.from({ length: 46 }, () => 1), 300, 300, 300, 300), 'error');
    assert.equal(judgeRoom(50, 100).level, 'ok');
    assert.equal(judgeRoom(20, 100).level, 'warning');
    assert.equal(judgeRoom(5, 100).level, 'error');
  });

  it('is written to, and left as it was', async () => {
    const own = join(folder, 'own');
    mkdirSync(own, { mode: 0o700 });
    const findings = await examineDisk(own);
    assert.equal(findings.length, 2);
    assert.ok(findings.every(({ what }) => what === 'disk'));
    assert.deepEqual(readdirSync(own), []);
    assert.equal((await examineDisk(join(own, 'not/there'))).length, 2);
    assert.deepEqual(readdirSync(own), []);
    chmodSync(own, 0o755);
    const [first] = await examineDisk(own);
    assert.deepEqual([first?.what, first?.level], ['security', 'warning']);
    assert.match(first?.advice ?? '', /chmod 0700/);
  });

  it('that takes nothing is told', async () => {
    // Nobody makes a file there, not even root.
    assert.deepEqual(
      troubles((await examineDisk('/proc/1')).filter(({ what }) => what === 'disk')),
      ['error disk', 'error disk'],
    );
  });
});

describe('The certificates of a node', async () => {
  const authority = await Authority.create({ name: 'Tests', days: 30 });
  const pair = await authority.node({ name: 'node-1', hosts: ['127.0.0.1'], days: 30 });
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const files = {
    certificate: put('own.crt', pair.certificate),
    key: put('own.key', pair.key),
    authority: put('ca.crt', authority.pair.certificate),
    revocations: [],
  };
  const examine = (
    nodeId: string,
    inDays: number,
    changes: Partial<typeof files> = {},
  ): Promise<readonly Finding[]> =>
    examineCertificates(
      {
        nodeId,
        peerListen: { host: '127.0.0.1', port: 1 },
        queueRedis: null,
        tls: {
          files: { ...files, ...changes },
          peerFiles: { ...files, ...changes },
          clientCertificates: 'required',
          lowestVersion: '1.2',
          handshakeTimeoutMs: 1000,
        },
      },
      Date.now() + inDays * dayMs,
    );

  it('are right, end soon, have ended, or name somebody else', async () => {
    assert.deepEqual(troubles(await examine('node-1', 0)), []);
    assert.deepEqual(troubles(await examine('node-1', 20)), ['warning certificates']);
    assert.deepEqual(troubles(await examine('node-1', 40)), ['error certificates']);
    assert.deepEqual(troubles(await examine('node-2', 0)), ['error certificates']);
    const gone = await examine('node-1', 0, { key: join(folder, 'gone.key') });
    assert.deepEqual(troubles(gone), ['error certificates']);
    assert.match(gone[0]?.found ?? '', /gone\.key/);
  });

  it('of the Redis of queues are read as well, and end soon, have ended, or cannot be used', async () => {
    const ofRedis = (inDays: number, changes: Partial<typeof files>): Promise<readonly Finding[]> =>
      examineCertificates(
        {
          nodeId: 'node-1',
          peerListen: null,
          tls: null,
          queueRedis: {
            urls: ['rediss://redis.example'],
            isCluster: false,
            prefix: 'holdfast:',
            files: { ...files, ...changes },
          },
        },
        Date.now() + inDays * dayMs,
      );
    assert.deepEqual(troubles(await ofRedis(0, {})), []);
    assert.deepEqual(troubles(await ofRedis(0, { certificate: '', key: '' })), []);
    assert.deepEqual(troubles(await ofRedis(20, {})), ['warning certificates']);
    assert.deepEqual(troubles(await ofRedis(40, {})), ['error certificates']);
    const noAuthority = await ofRedis(0, { certificate: '', key: '', authority: files.key });
    assert.deepEqual(troubles(noAuthority), ['error certificates']);
  });
});

interface Node {
  /** Below which it answers alone; undefined: at whatever is asked. */
  readonly path?: string;
  readonly nodeId: string;
  readonly version?: string;
  readonly members?: readonly string[];
  readonly leader?: string | null;
  readonly insecure?: boolean;
  readonly aheadMs?: number;
  /** Of members. */
  readonly urls?: Readonly<Record<string, string>>;
  /** It tells nothing. */
  readonly refuses?: boolean;
  readonly clusterId?: string;
  /** Of each question what it proved itself with. */
  readonly proofs?: (string | undefined)[];
  readonly secured?: KeyPair;
}

const plain = { own: {}, others: {} };
const ownAt = (url: string): Examined => ({ url, nodeId: 'a', clusterId: 'shop' });

/** Answers as a node does. */
async function serve(t: TestContext, node: Node): Promise<number> {
  const {
    nodeId,
    version = '1',
    members = ['a', 'b'],
    leader = 'a',
    insecure = false,
    urls = {},
    refuses = false,
    clusterId = 'shop',
    secured,
  } = node;
  const status = {
    cluster_id: clusterId,
    node_id: nodeId,
    version,
    term: 1,
    leader,
    insecure,
    members: members.map((id) => ({ node_id: id, url: urls[id] ?? '' })),
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    node.proofs?.push(request.headers.authorization);
    const isAskedFor = (path: string): boolean => request.url === `${node.path ?? ''}${path}`;
    response.sendDate = false;
    response.setHeader('date', new Date(Date.now() + (node.aheadMs ?? 0)).toUTCString());
    response.statusCode = refuses ? 401 : 200;
    if (node.path !== undefined && !['/cluster/status', '/livez'].some(isAskedFor)) {
      response.statusCode = 404;
      response.end();
      return;
    }
    response.end(JSON.stringify(refuses ? { code: 'unauthorized' } : status));
  };
  const server =
    secured === undefined
      ? createServer(answer)
      : createSecureServer({ cert: secured.certificate, key: secured.key }, answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

describe('The nodes of a cluster', () => {
  const examine = async (t: TestContext, ...nodes: readonly Node[]): Promise<readonly string[]> => {
    const ports = await Promise.all(nodes.map((node) => serve(t, node)));
    const urls = ports.map((port) => `http://127.0.0.1:${String(port)}`);
    const { findings, isRunning } = await examineNodes(ownAt(urls[0] ?? ''), urls, plain);
    assert.equal(
      isRunning,
      nodes.some(({ nodeId }) => nodeId === 'a'),
    );
    return troubles(findings);
  };

  it('agree', async (t) => {
    assert.deepEqual(await examine(t, { nodeId: 'a' }, { nodeId: 'b', aheadMs: 300 }), []);
  });

  it('differ in release, members, clocks', async (t) => {
    const a = { nodeId: 'a' };
    assert.deepEqual(await examine(t, a, { nodeId: 'b', version: '2' }), ['warning peers']);
    assert.deepEqual(await examine(t, a, { nodeId: 'b', members: ['a'] }), ['warning peers']);
    assert.deepEqual(await examine(t, a, { nodeId: 'b', aheadMs: -60_000 }), ['warning clocks']);
    assert.deepEqual(await examine(t, { nodeId: 'b', aheadMs: 3_600_000 }), ['warning clocks']);
  });

  it('know no leader, or are reached by everybody', async (t) => {
    assert.deepEqual(await examine(t, { nodeId: 'a', leader: null }), ['error peers']);
    assert.deepEqual(await examine(t, { nodeId: 'a', insecure: true }), ['warning security']);
  });

  it('are asked as members name them, and compared', async (t) => {
    const port = await serve(t, { nodeId: 'b', version: '2' });
    const urls = { b: `http://127.0.0.1:${String(port)}`, c: 'http://127.0.0.1:1' };
    const found = await examine(t, { nodeId: 'a', members: ['a', 'b', 'c'], urls });
    assert.deepEqual(found, ['warning peers', 'warning peers', 'warning peers']);
  });

  it('may tell nothing without a key, and run all the same', async (t) => {
    const own = `http://127.0.0.1:${String(await serve(t, { nodeId: 'a', refuses: true }))}`;
    const { findings, isRunning } = await examineNodes(ownAt(own), [], plain);
    assert.deepEqual(troubles(findings), ['warning peers']);
    assert.match(findings[0]?.found ?? '', /401 unauthorized/);
    assert.match(findings[0]?.advice ?? '', /HOLDFAST_API_KEY_FILE/);
    assert.equal(isRunning, true);
  });

  it('are asked below the path that a reverse proxy has them at', async (t) => {
    const below = { nodeId: 'a', path: '/holdfast' };
    const own = `http://127.0.0.1:${String(await serve(t, below))}`;
    for (const [path, isRunning] of [
      ['/holdfast', true],
      ['/holdfast/', true],
      ['', false],
    ] as const)
      assert.equal(
        (await examineNodes(ownAt(`${own}${path}`), [], plain)).isRunning,
        isRunning,
        path,
      );
  });

  it('do not answer', async () => {
    const { findings, isRunning } = await examineNodes(ownAt('http://127.0.0.1:1'), [], plain);
    assert.deepEqual(troubles(findings), ['warning peers']);
    assert.equal(isRunning, false);
  });
});

describe('The API key', () => {
  const withKey = (t: TestContext): void => {
    useApiKey('hf_key');
    t.after(() => useApiKey(undefined));
  };
  const shown = (proofs: readonly (string | undefined)[]): boolean =>
    proofs.some((proof) => proof !== undefined);

  it('is shown to this node, to endpoints, and to members that the own cluster names alone (DOCTOR-KEY-1)', async (t) => {
    withKey(t);
    const proofs = { a: [], b: [], x: [], y: [] } satisfies Record<string, (string | undefined)[]>;
    const b = await serve(t, { nodeId: 'b', proofs: proofs.b });
    const y = await serve(t, { nodeId: 'y', proofs: proofs.y, refuses: true });
    const at = (port: number): string => `http://127.0.0.1:${String(port)}`;
    const a = await serve(t, { nodeId: 'a', proofs: proofs.a, urls: { b: at(b) } });
    // Of another cluster: it names a member of the own one as well, at an address of its choice.
    const x = await serve(t, {
      nodeId: 'x',
      proofs: proofs.x,
      clusterId: 'other',
      members: ['x', 'b', 'y'],
      urls: { b: at(y), y: at(y) },
    });
    const { findings } = await examineNodes(ownAt(at(a)), [at(x)], plain);
    assert.deepEqual([proofs.a, proofs.x, proofs.b, proofs.y].map(shown), [
      true,
      true,
      true,
      false,
    ]);
    assert.ok(proofs.y.length > 0);
    assert.match(
      findings.find(({ found }) => found.startsWith('y ('))?.advice ?? '',
      /asked without the API key/,
    );
  });

  it('goes over no plain HTTP to a member where this node has TLS (DOCTOR-KEY-1)', async (t) => {
    withKey(t);
    const authority = await Authority.create({ name: 'Tests', days: 30 });
    const secured = await authority.node({ name: 'a', hosts: ['127.0.0.1'], days: 30 });
    const [proofsOfA, proofsOfB]: (string | undefined)[][] = [[], []];
    const b = await serve(t, { nodeId: 'b', proofs: proofsOfB ?? [] });
    const urls = { b: `HTTP://127.0.0.1:${String(b)}` };
    const a = await serve(t, { nodeId: 'a', secured, urls, proofs: proofsOfA ?? [] });
    const asking = { own: { ca: authority.pair.certificate }, others: {} };
    await examineNodes(ownAt(`https://127.0.0.1:${String(a)}`), [], asking);
    assert.deepEqual(
      [proofsOfA, proofsOfB].map((proofs) => shown(proofs ?? [])),
      [true, false],
    );
    assert.ok((proofsOfB ?? []).length > 0);
  });

  it('is shown to nobody of another authority, whatever the environment says (TLS-7)', async (t) => {
    withKey(t);
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    t.after(() => {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    });
    const [own, other] = [
      await Authority.create({ name: 'Tests', days: 30 }),
      await Authority.create({ name: 'Others', days: 30 }),
    ];
    const secured = await other.node({ name: 'a', hosts: ['127.0.0.1'], days: 30 });
    const proofs: (string | undefined)[] = [];
    const port = await serve(t, { nodeId: 'a', secured, proofs });
    const asking = { own: { ca: own.pair.certificate }, others: {} };
    const url = `https://127.0.0.1:${String(port)}`;
    const { findings } = await examineNodes(ownAt(url), [], asking);
    assert.deepEqual(proofs, []);
    assert.deepEqual(troubles(findings), ['error certificates']);
  });
});

describe('The ports of a node', () => {
  it('are free, its own, or taken by somebody else', async (t) => {
    const taken = await serve(t, { nodeId: 'x' });
    const configuration = {
      httpHost: '127.0.0.1',
      grpc: null,
      peerListen: null,
      metricsListen: null,
    };
    const at = (httpPort: number, isRunning: boolean): Promise<readonly Finding[]> =>
      examinePorts({ ...configuration, httpPort }, isRunning);
    assert.deepEqual(troubles(await at(0, false)), []);
    assert.deepEqual(troubles(await at(taken, true)), []);
    assert.deepEqual(troubles(await at(taken, false)), ['error ports']);
  });

  it('of its peers are reached or not', async (t) => {
    const port = await serve(t, { nodeId: 'x' });
    const findings = await examinePeers([
      { id: 'b', address: `127.0.0.1:${String(port)}` },
      { id: 'c', address: '127.0.0.1:1' },
    ]);
    assert.deepEqual(troubles(findings), ['warning peers']);
    assert.match(findings[1]?.found ?? '', /^c is not reached at 127\.0\.0\.1:1/);
  });
});
