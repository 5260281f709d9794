/** A client's certificate proves the identity that it is mapped to, on HTTP and gRPC alike; another one proves none. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { credentials } from '@grpc/grpc-js';
import type { AccessCommand } from '@holdfast/state';
import { Certificates, ServerSecurity } from '@holdfast/tls';
import { Authority } from '@holdfast/tls/development';
import type { KeyPair } from '@holdfast/tls/development';
import { startApi } from '../../src/index.ts';
import { newKey } from '../../src/pipeline/api-keys.ts';
import { MemoryEngine } from '../memory-engine.ts';
import { callOver, codeOf } from './grpc/grpc-client.ts';

const ignore = (): void => undefined;
const log = { info: ignore, warn: ignore, error: ignore };

test('a certificate has the rights of the identity that it is mapped to, on HTTP and gRPC', async (t) => {
  const authority = await Authority.create({ name: 'Tests', days: 30 });
  const own = await authority.node({ name: 'node-1', hosts: ['127.0.0.1'], days: 30 });
  const mapped = await authority.client({ name: 'reports', days: 30 });
  const unmapped = await authority.client({ name: 'reports2', days: 30 });
  const ca = authority.pair.certificate;
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-identities-'));
  const put = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const certificates = await Certificates.open({
    files: {
      certificate: put('own.crt', own.certificate),
      key: put('own.key', own.key),
      authority: put('ca.crt', ca),
      revocations: [],
    },
    log,
  });
  const engine = new MemoryEngine();
  const change = async (command: AccessCommand): Promise<void> => {
    assert.ok((await engine.submit(command, { identity: 'holdfast' })).ok);
  };
  const { id, hash } = newKey();
  const root = { identity: 'root', roles: ['admin'], createdAtMs: 1 };
  await change({ type: 'auth_create_key', id, hash, ...root });
  await change({
    type: 'auth_grant',
    role: 'r',
    rule: { verb: 'read', kind: 'lock', prefix: 'a/' },
  });
  await change({ type: 'auth_bind', identity: 'nightly', role: 'r' });
  const holder = { field: 'common_name', value: 'reports' } as const;
  await change({ type: 'auth_map_certificate', ...holder, identity: 'nightly' });
  await change({ type: 'auth_enable' });
  const security = new ServerSecurity({
    certificates,
    clientCertificates: 'required',
    lowestVersion: '1.2',
    handshakeTimeoutMs: 5000,
    log,
  });
  const api = await startApi({
    engine,
    host: '127.0.0.1',
    port: 0,
    nodeId: 'node-1',
    version: '0',
    log,
    security,
    grpc: { host: '127.0.0.1', port: 0 },
  });
  t.after(async () => {
    certificates.close();
    await api.close();
  });

  const overHttp = async (pair: KeyPair, name: string): Promise<string> => {
    const url = `${api.url}/locks/${encodeURIComponent(name)}/status`;
    const asked = request(url, { ca, cert: pair.certificate, key: pair.key, agent: false });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    let text = '';
    for await (const chunk of answer) text += String(chunk);
    return answer.statusCode === 200 ? 'done' : (JSON.parse(text) as { code: string }).code;
  };
  const overGrpc = (pair: KeyPair, name: string): Promise<string> => {
    const [key, certificate] = [Buffer.from(pair.key), Buffer.from(pair.certificate)];
    const secured = credentials.createSsl(Buffer.from(ca), key, certificate);
    const called = callOver(api.grpcAddress ?? '', secured, ['Locks', 'LockStatus'], { name });
    return called.then(() => 'done', codeOf);
  };
  for (const ask of [overHttp, overGrpc]) {
    assert.equal(await ask(mapped, 'a/1'), 'done', ask.name);
    assert.equal(await ask(mapped, 'b'), 'forbidden', ask.name);
    assert.equal(await ask(unmapped, 'a/1'), 'unauthorized', ask.name);
  }
  await change({ type: 'auth_unmap_certificate', ...holder });
  for (const ask of [overHttp, overGrpc])
    assert.equal(await ask(mapped, 'a/1'), 'unauthorized', `${ask.name}, when it is unmapped`);
});
