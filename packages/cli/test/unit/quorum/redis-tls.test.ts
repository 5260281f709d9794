import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { createServer } from 'node:tls';
import { Authority } from '@holdfast/tls/development';
import { useCertificates } from '../../../src/certificates.ts';
import { redisDriver } from '../../../src/quorum/redis-servers.ts';

afterEach(() => useCertificates({}));

describe('a Redis server over TLS', () => {
  it('is shown the certificate of the command, and trusted by its authority', async (t) => {
    const authority = await Authority.create({ name: 'Tests', days: 1 });
    const server = await authority.node({ name: 'redis', hosts: ['127.0.0.1'], days: 1 });
    const client = await authority.client({ name: 'reports', days: 1 });
    const folder = mkdtempSync(join(tmpdir(), 'holdfast-redis-tls-'));
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const shown: string[] = [];
    const listener = createServer(
      {
        cert: server.certificate,
        key: server.key,
        ca: authority.pair.certificate,
        requestCert: true,
      },
      (socket) => {
        shown.push(String(socket.getPeerCertificate().subject.CN));
        socket.on('error', () => undefined);
        socket.end();
      },
    );
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    t.after(() => listener.close());
    const { port } = listener.address() as AddressInfo;
    const createClient = await redisDriver();
    const connect = async (): Promise<void> => {
      const connection = createClient({
        url: `rediss://127.0.0.1:${String(port)}`,
        RESP: 2,
        disableOfflineQueue: true,
        maintNotifications: 'disabled',
        socket: { connectTimeout: 2000, reconnectStrategy: false },
      });
      connection.on('error', () => undefined);
      await connection.connect().catch(() => undefined);
      connection.destroy();
    };
    await connect().catch(() => undefined);
    assert.deepEqual(shown, []); // It is of an authority that the platform does not know.
    useCertificates({
      ca: file('ca.crt', authority.pair.certificate),
      cert: file('own.crt', client.certificate),
      key: file('own.key', client.key),
    });
    await connect().catch(() => undefined);
    assert.deepEqual(shown, ['reports']);
  });
});
