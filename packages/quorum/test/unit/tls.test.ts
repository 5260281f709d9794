import assert from 'node:assert/strict';
import { request } from 'node:https';
import { after, describe, it } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { LeaseNodeOptions } from '../../src/start.ts';
import { certificatesOf } from './support/certificate.ts';
import { LeaseNodes } from './support/lease-nodes.ts';

/** Of a set of new nodes, on a machine that has much else to do. */
const longestStartMs = 20_000;
const longestTtlMs = 300;
const driftBufferMs = 40;

describe('Lease nodes over HTTPS', () => {
  const nodes = new LeaseNodes();
  after(() => nodes.end());

  it('speak TLS where they are given a certificate, and ask each other over it', async () => {
    const { files, client, ca } = await certificatesOf(['a', 'b', 'c']);
    const tlsOf = (name: string): Partial<LeaseNodeOptions> => ({
      longestTtlMs,
      driftBufferMs,
      tls: {
        files: files(name),
        clientCertificates: 'required',
        lowestVersion: '1.2',
        handshakeTimeoutMs: 5000,
      },
    });
    const all = [
      await nodes.start('a', tlsOf('a')),
      await nodes.start('b', tlsOf('b')),
      await nodes.start('c', tlsOf('c')),
    ];
    for (const node of all) {
      assert.match(node.url, /^https:/);
      // New ones vote when all have asked all: over TLS, with their certificates.
      const votes = node.votes.then(() => true);
      assert.ok(
        await Promise.race([votes, pause(longestStartMs, false, { ref: false })]),
        `${node.url} votes`,
      );
      const health = (options: object): Promise<unknown> =>
        new Promise((resolve, reject) => {
          request(`${node.url}/health`, { ...options, agent: false }, (response) => {
            response.setEncoding('utf8').on('data', (text: string) => resolve(JSON.parse(text)));
          })
            .on('error', reject)
            .end();
        });
      const shown = { ca, cert: client.certificate, key: client.key };
      assert.deepEqual(await health(shown), { status: 'healthy', voting: true });
      await assert.rejects(health({ ca }), 'it shows no certificate');
      await assert.rejects(fetch(`${node.url.replace('https', 'http')}/health`));
    }
  });
});
