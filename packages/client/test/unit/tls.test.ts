/** The client over TLS: the bytes on the wire are those of Node, the node is a small one of this test. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { endpointOf } from '@holdfast/protocol';
import { Authority } from '@holdfast/tls/development';
import type { KeyPair } from '@holdfast/tls/development';
import { WebSocketServer } from 'ws';
import { fetchWith } from '#requests';
import { Quorum } from '@holdfast/quorum-client';
import { Client, HoldfastError } from '../../src/index.ts';
import type { ClientWarning, TlsOptions } from '../../src/index.ts';
import { NodeRoute } from '../../src/route.ts';

const authority = await Authority.create({ name: 'Tests', days: 1 });
const own = await authority.node({ name: 'node-1', hosts: ['127.0.0.1'], days: 1 });
const known = await authority.client({ name: 'reports', days: 1 });
const ca = authority.pair.certificate;

const cluster = { cluster_id: 'c', node_id: 'node-1', leader: 'node-1', members: [] };

/** Answers whoever shows a certificate of the authority, and tells who that was. */
async function serve(t: TestContext): Promise<{ readonly url: string; readonly names: string[] }> {
  const names: string[] = [];
  const options = { cert: own.certificate, key: own.key, ca, requestCert: true };
  const server: Server = createServer(
    { ...options, rejectUnauthorized: true },
    (request, response) => {
      names.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(request.url === '/cluster/status' ? cluster : { locks: [] }));
    },
  );
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    names.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN));
    socket.send(JSON.stringify([[0, 'cluster', cluster]]));
    socket.on('message', (data: Buffer) => {
      const asked = JSON.parse(data.toString('utf8')) as readonly (readonly [number])[];
      socket.send(JSON.stringify(asked.map(([id]) => [id, 0, { locks: [] }])));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    for (const socket of sockets.clients) socket.terminate();
    server.closeAllConnections();
    server.close();
  });
  return { url: `https://127.0.0.1:${String((server.address() as AddressInfo).port)}`, names };
}

const tlsOf = ({ certificate, key }: KeyPair): TlsOptions => ({ ca, cert: certificate, key });

async function list(client: Client): Promise<string> {
  try {
    await client.call('list_locks', { limit: 1 }, { timeoutMs: 1000 });
    return 'answered';
  } catch (error) {
    assert.ok(error instanceof HoldfastError);
    return error.message;
  } finally {
    await client.close();
  }
}

describe('a client over TLS', () => {
  for (const transport of ['stream', 'http'] as const) {
    it(`trusts its authority alone, whatever the environment says: ${transport}`, async (t) => {
      const { url, names } = await serve(t);
      const variable = 'NODE_TLS_REJECT_UNAUTHORIZED';
      process.env[variable] = '0';
      t.after(() => Reflect.deleteProperty(process.env, variable));
      const others = await Authority.create({ name: 'Others', days: 1 });
      const tls = { ...tlsOf(known), ca: others.pair.certificate };
      assert.notEqual(await list(new Client({ endpoints: [url], transport, tls })), 'answered');
      assert.deepEqual(names, []);
    });

    it(`shows its certificate and trusts its authority: ${transport}`, async (t) => {
      const { url, names } = await serve(t);
      const client = new Client({ endpoints: [url], transport, tls: tlsOf(known) });
      assert.equal(await list(client), 'answered');
      assert.deepEqual(new Set(names), new Set(['reports']));
    });

    it(`asks for its certificates anew with each connection: ${transport}`, async (t) => {
      const { url } = await serve(t);
      let asked = 0;
      const tls = (): TlsOptions => {
        asked += 1;
        // Somebody is replacing the files just now.
        if (asked === 1) throw new Error('half of a file');
        return tlsOf(known);
      };
      assert.equal(await list(new Client({ endpoints: [url], transport, tls })), 'answered');
      assert.ok(asked > 1);
    });

    it(`talks to nobody whose certificate is not of its authority: ${transport}`, async (t) => {
      const { url, names } = await serve(t);
      const { cert, key } = tlsOf(known);
      const client = new Client({
        endpoints: [url],
        transport,
        tls: { cert: cert ?? '', key: key ?? '' },
      });
      assert.match(await list(client), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/);
      assert.equal(names.length, 0);
    });
  }

  it('fetches as the platform does', async (t) => {
    const { url } = await serve(t);
    const response = await fetchWith(tlsOf(known))(`${url}/cluster/status`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/json');
    assert.deepEqual(await response.json(), cluster);
    const signal = AbortSignal.abort(new Error('enough'));
    await assert.rejects(fetchWith(tlsOf(known))(url, { signal }), /enough/);
    await assert.rejects(fetchWith(tlsOf(known))('https://127.0.0.1:1/'), (error: Error) => {
      assert.equal((error.cause as { readonly code?: string }).code, 'ECONNREFUSED');
      return true;
    });
  });

  const wrong: readonly unknown[] = [
    'x',
    7,
    { ca: 7 },
    { cert: known.certificate },
    { key: known.key },
  ];
  for (const tls of wrong)
    it(`says what is no certificate, and never what it is: ${JSON.stringify(tls).slice(0, 20)}`, () => {
      const options = { endpoints: ['https://a:1'], tls } as never;
      const nodes = { nodes: ['https://a:1', 'https://b:1', 'https://c:1'], tls } as never;
      for (const make of [() => new Client(options), () => new Quorum(nodes)])
        assert.throws(make, (error: Error) => {
          assert.match(error.message, /^"tls" /);
          assert.equal(error.message.includes('BEGIN'), false);
          return true;
        });
    });

  it('that was told https:// alone goes to no address without TLS (ROUTE-7)', () => {
    const warnings: ClientWarning[] = [];
    const tell = (...given: readonly string[]): string | undefined => {
      const route = new NodeRoute(given.map(endpointOf), (warning) => warnings.push(warning));
      const members = [
        { node_id: 'node-1', url: 'https://a:1' },
        { node_id: 'node-2', url: 'http://b:1' },
      ];
      route.learn({ cluster_id: 'c', node_id: 'node-1', leader: 'node-2', members });
      return route.next(0, new Set())?.url;
    };
    assert.equal(tell('https://a:1'), 'https://a:1');
    assert.match(warnings[0]?.message ?? '', /"http:\/\/b:1", is without TLS/);
    assert.equal(tell('http://a:1'), 'http://b:1');
  });
});
