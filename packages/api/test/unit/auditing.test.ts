/** What a node records of requests, and what it refuses where it cannot. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { connect as connectSecurely } from 'node:tls';
import type { TestContext } from 'node:test';
import { streamPath } from '@holdfast/protocol';
import { Certificates, ServerSecurity } from '@holdfast/tls';
import { Authority } from '@holdfast/tls/development';
import { WebSocket } from 'ws';
import { startApi } from '../../src/index.ts';
import type { AuditedRequest, NodeAuditing } from '../../src/index.ts';
import { recordWrongProof } from '../../src/pipeline/auditing.ts';
import { RequestError } from '../../src/request-error.ts';
import { startHarness } from '../harness.ts';
import { MemoryEngine } from '../memory-engine.ts';
import type { Harness } from '../harness.ts';

class Recorded implements NodeAuditing {
  isOn = true;
  recordsReads = false;
  cannotRecord = false;
  cannotRecordReads = false;
  readonly told: AuditedRequest[] = [];

  tell(request: AuditedRequest): void {
    this.told.push(request);
  }

  status(): ReturnType<NodeAuditing['status']> {
    return { isFailing: false, refusesChanges: this.cannotRecord, chains: [] };
  }

  checkpoint(): ReturnType<NodeAuditing['checkpoint']> {
    return Promise.resolve({ notes: ['a note\n'], verifierKey: 'a key' });
  }

  latest(): ReturnType<NodeAuditing['latest']> {
    return Promise.resolve({ records: [], isWhole: true });
  }

  get short(): readonly (readonly [string, string, readonly string[]])[] {
    return this.told.map(({ operation, outcome, on }) => [operation, outcome, on]);
  }
}

const ignore = (): void => undefined;

/** `once` would fail where it never becomes a stream. */
const closed = (socket: WebSocket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

/** From another address of this machine, which has streams of its own. */
async function addressed(t: TestContext, url: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { localAddress: '127.0.0.2' });
  t.after(() => socket.terminate());
  await once(socket, 'open');
  return socket;
}

/** Resolves when so many requests are answered. */
function answersOf(socket: WebSocket, count: number): Promise<void> {
  const answered = new Set<unknown>();
  return new Promise((resolve) => {
    socket.on('message', (data: Buffer) => {
      for (const [id] of JSON.parse(data.toString('utf8')) as readonly (readonly [number])[])
        if (id !== 0) answered.add(id);
      if (answered.size >= count) resolve();
    });
  });
}

function audited(
  t: TestContext,
  more: Partial<Recorded> = {},
): Harness & { readonly audit: Recorded } {
  const audit = Object.assign(new Recorded(), more);
  return { ...startHarness(t, { auditing: audit }), audit };
}

describe('an audited node', () => {
  test('records refusals of its own, and leaves to the log what the state says of a change (AUDITING-1)', async (t) => {
    const { request, session, acquire, audit } = audited(t);
    const id = await session();
    const other = await session();
    await acquire(id, 'x');
    const held = await request('POST', `/sessions/${other}/locks/x`, {});
    assert.equal(held.body['code'], 'lock_held');
    await request('POST', `/sessions/${id}/locks/x`, { mode: 'none' });
    await request('GET', '/sessions/none');
    assert.deepEqual(audit.short, [
      ['POST /sessions/{session_id}/locks/{name}', 'invalid_request', []],
      ['get_session', 'session_not_found', []],
    ]);
  });

  test('records what stands in no log, and reads where that is configured', async (t) => {
    const quiet = audited(t);
    await quiet.request('GET', '/locks');
    assert.deepEqual(quiet.audit.short, []);
    await quiet.request('POST', '/cluster/members', { node_id: 'node-9', address: 'node-9:1' });
    assert.equal(quiet.audit.short[0]?.[0], 'add_member');
    const loud = audited(t, { recordsReads: true });
    await loud.request('GET', '/locks/a');
    assert.deepEqual(loud.audit.short, [['lock_status', 'done', ['lock/a']]]);
  });

  test('records who takes a backup, whether or not reads are recorded (AUDITING-1)', async (t) => {
    const { request, audit } = audited(t);
    assert.equal((await request('GET', '/cluster/snapshot')).status, 200);
    assert.deepEqual(audit.short, [['snapshot', 'begun', []]]);
  });

  test('records who changed what it logs, and the level is changed until the next change', async (t) => {
    const logLevel = { level: 'info' };
    const audit = new Recorded();
    const { request } = startHarness(t, { auditing: audit, logLevel });
    const before = await request('GET', '/admin/log-level');
    assert.deepEqual(before.body, { node_id: 'node-1', level: 'info' });
    const changed = await request('POST', '/admin/log-level', { level: 'debug' });
    assert.deepEqual(changed.body, { node_id: 'node-1', level: 'debug' });
    assert.equal(logLevel.level, 'debug');
    assert.deepEqual(audit.short, [['set_log_level', 'done', []]]);
    const unknown = await request('POST', '/admin/log-level', { level: 'loud' });
    assert.equal(unknown.body['code'], 'invalid_request');
    assert.equal(logLevel.level, 'debug');
  });

  test('records who shows a wrong key, with its id and without its secret', async (t) => {
    const { request, audit } = audited(t);
    const secret = 'S'.repeat(43);
    const headers = { authorization: `Bearer hf_k0123456789abcdef_${secret}` };
    const { status } = await request('GET', '/locks', undefined, headers);
    assert.equal(status, 401);
    assert.partialDeepStrictEqual(audit.told, [
      {
        operation: 'authenticate',
        outcome: 'unauthorized',
        proof: 'not proven: key k0123456789abcdef',
      },
    ]);
    assert.ok(!JSON.stringify(audit.told).includes(secret));
  });

  test('neither records nor refuses what keeps a session, and probes (AUDITING-4)', async (t) => {
    const { request, session, audit } = audited(t, { recordsReads: true });
    const id = await session();
    audit.cannotRecord = true;
    audit.cannotRecordReads = true;
    for (const [method, path] of [
      ['POST', `/sessions/${id}/keepalive`],
      ['GET', '/health'],
      ['GET', '/livez'],
      ['GET', '/readyz'],
    ] as const) {
      const { status } = await request(method, path, method === 'POST' ? {} : undefined);
      assert.equal(status, 200, path);
    }
    assert.deepEqual(audit.told, []);
  });

  test('counts wrong keys of one network together', () => {
    const audit = new Recorded();
    for (const address of ['2001:db8::1', '2001:db8::2'])
      recordWrongProof(audit, new RequestError('unauthorized', ''), address, undefined);
    assert.deepEqual(
      audit.told.map(({ caller }) => caller),
      ['2001:db8:0:0::/64', '2001:db8:0:0::/64'],
    );
  });

  test('records no id of a session (AUDITING-2)', async (t) => {
    const { request, session, audit } = audited(t, { recordsReads: true });
    const id = await session();
    await request('GET', `/sessions/${id}`);
    await request('GET', `/sessions/${id}/locks`);
    assert.equal(audit.told.length, 2);
    assert.ok(!JSON.stringify(audit.told).includes(id));
  });

  test('refuses changes while it cannot record them, and reads where those are recorded (AUDITING-3)', async (t) => {
    const { request, audit, engine } = audited(t, { cannotRecord: true });
    const refused = await request('POST', '/sessions', { client_id: 'c' });
    assert.deepEqual([refused.status, refused.body['code']], [503, 'audit_unavailable']);
    assert.deepEqual(engine.submitted, []);
    // Whoever takes everything is recorded by this node alone.
    assert.equal((await request('GET', '/cluster/snapshot')).status, 503);
    assert.equal((await request('GET', '/locks')).status, 200);
    audit.recordsReads = true;
    assert.equal((await request('GET', '/locks')).status, 200);
    audit.cannotRecordReads = true;
    assert.equal((await request('GET', '/locks')).status, 503);
    audit.cannotRecord = false;
    assert.equal((await request('POST', '/sessions', { client_id: 'c' })).status, 200);
    // A refusal for want of room takes none.
    assert.deepEqual(audit.short, [['list_locks', 'done', []]]);
    audit.isOn = false;
    assert.equal((await request('GET', '/locks')).status, 200);
  });

  test('is turned on and off, and told of', async (t) => {
    const { request, engine } = audited(t);
    assert.deepEqual((await request('POST', '/audit/enable', {})).body, { enabled: true });
    const status = await request('GET', '/audit');
    assert.partialDeepStrictEqual(status.body, { enabled: true, size: 1, refuses_changes: false });
    assert.equal(status.body['head'], engine.audit.head);
    assert.deepEqual((await request('GET', '/audit/checkpoint')).body, {
      notes: ['a note\n'],
      verifier_key: 'a key',
    });
    assert.deepEqual((await request('POST', '/audit/disable', {})).body, { enabled: false });
    assert.equal(engine.audit.size, 2);
  });

  test('records client streams that are refused, and what is refused on them (AUDITING-1)', async (t) => {
    const audit = new Recorded();
    const api = await startApi({
      engine: new MemoryEngine(),
      host: '127.0.0.1',
      port: 0,
      nodeId: 'node-1',
      version: '0',
      log: { info: ignore, warn: ignore, error: ignore },
      auditing: audit,
      limits: { maxStreams: 2, maxStreamsPerCaller: 1, maxRequestsPerStream: 1 },
    });
    t.after(() => api.close());
    const url = `${api.url.replace('http', 'ws')}${streamPath}`;
    const open = (headers: Readonly<Record<string, string>> = {}): WebSocket => {
      const socket = new WebSocket(url, { headers });
      t.after(() => socket.terminate());
      socket.on('error', ignore);
      return socket;
    };
    const first = open();
    await once(first, 'open');
    await closed(open());
    await closed(open({ origin: 'https://elsewhere.example' }));
    assert.deepEqual(audit.short, [
      ['stream', 'limit_exceeded', []],
      ['stream', 'forbidden', []],
    ]);
    audit.told.length = 0;
    const body = { client_id: 'c', timeout: 30 };
    const told = answersOf(first, 4);
    first.send(JSON.stringify([1, 2, 3, 4].map((id) => [id, 'create_session', body])));
    await told;
    assert.deepEqual(
      new Set(audit.short.map(([name, code]) => `${name} ${code}`)),
      new Set(['create_session overloaded']),
    );
    assert.equal(audit.told[0]?.address, '127.0.0.1');
    audit.told.length = 0;
    const other = await addressed(t, url);
    const answered = answersOf(other, 3);
    other.send(
      JSON.stringify([
        [1, 'hello', { api_key: `hf_${'a'.repeat(16)}_${'b'.repeat(43)}` }],
        [2, 'list_locks', {}],
        [3, 'x'.repeat(1000), {}],
      ]),
    );
    await answered;
    assert.deepEqual(audit.short, [
      ['authenticate', 'unauthorized', []],
      ['list_locks', 'unauthorized', []],
      ['stream', 'unauthorized', []],
    ]);
    audit.told.length = 0;
    await closed(open());
    assert.deepEqual(audit.short, [['stream', 'overloaded', []]]);
  });

  test('records connections whose certificate or handshake does not hold (AUDITING-1)', async (t) => {
    const audit = new Recorded();
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-audited-'));
    const authority = await Authority.create({ name: 'Tests', days: 1 });
    const { certificate, key } = await authority.node({
      name: 'node-1',
      hosts: ['127.0.0.1'],
      days: 1,
    });
    const put = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const log = { info: ignore, warn: ignore, error: ignore };
    const files = {
      certificate: put('own.crt', certificate),
      key: put('own.key', key),
      authority: put('ca.crt', authority.pair.certificate),
      revocations: [],
    };
    const certificates = await Certificates.open({ files, log });
    const security = new ServerSecurity({
      certificates,
      clientCertificates: 'required',
      lowestVersion: '1.2',
      handshakeTimeoutMs: 5000,
      log,
    });
    const api = await startApi({
      engine: new MemoryEngine(),
      host: '127.0.0.1',
      port: 0,
      grpc: { host: '127.0.0.1', port: 0 },
      nodeId: 'node-1',
      version: '0',
      log,
      auditing: audit,
      security,
    });
    t.after(async () => {
      await api.close();
      certificates.close();
    });
    const ca = authority.pair.certificate;
    for (const port of [new URL(api.url).port, api.grpcAddress?.split(':')[1]]) {
      const socket = connectSecurely({ host: '127.0.0.1', port: Number(port), ca });
      socket.on('error', ignore);
      socket.resume();
      await new Promise((resolve) => socket.once('close', resolve));
    }
    const plain = connect({ host: '127.0.0.1', port: Number(new URL(api.url).port) });
    plain.on('error', ignore);
    plain.resume();
    plain.end('GET / HTTP/1.1\r\n\r\n');
    await new Promise((resolve) => plain.once('close', resolve));
    assert.deepEqual(audit.short, [
      ['handshake', 'unauthorized', ['port/http']],
      ['handshake', 'unauthorized', ['port/grpc']],
      ['handshake', 'unauthorized', ['port/http']],
    ]);
    assert.ok(audit.told.every(({ isRefused, identity }) => isRefused && identity === 'anonymous'));
  });
});
