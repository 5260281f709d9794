/** What a browser sends to any lease node that it reaches, for a page of another web origin (ORIGIN-1) or name (HOST-2). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, describe, it } from 'node:test';
import { LeaseNodes } from './support/lease-nodes.ts';

const upgrade =
  'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
const simple = 'content-type: text/plain\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';
const json = 'content-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}';

/** What a page can have sent, by how it begins and ends. */
const requests = [
  ['GET /stream', upgrade],
  ['POST /acquire', json],
  ['POST /release', simple],
  ['GET /set', 'connection: close\r\n'],
] as const;

describe('A page of another origin', () => {
  const nodes = new LeaseNodes();
  after(() => nodes.end());

  /** The head of the answer. */
  async function told(
    url: string,
    [begin, end]: readonly [string, string],
    origin?: string,
    host = new URL(url).host,
  ): Promise<string> {
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    const own = origin === undefined ? '' : `origin: ${origin}\r\n`;
    socket.write(`${begin} HTTP/1.1\r\nhost: ${host}\r\n${own}${end}\r\n`);
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    return chunk.toString();
  }

  for (const [what, more] of [
    ['without a key', {}],
    ['with a key', { apiKey: 'secret' }],
    ['that is open to others', { host: '0.0.0.0', isInsecure: true }],
  ] as const)
    it(`is told why a lease node ${what} refuses it, whatever it asks for`, async () => {
      const { url, close } = await nodes.start('a', more);
      for (const request of requests)
        for (const origin of ['http://evil.example', url.replace(/\d+$/, '1'), 'null'])
          assert.match(
            await told(url, request, origin),
            /^HTTP\/1\.1 403 [^]*not executed[^]*pass the \\?"Host/,
            `${request[0]} of ${origin}`,
          );
      await close();
    });

  it('by a name that leads to this machine is answered where the node was told the name (HOST-2)', async () => {
    const { url, close } = await nodes.start('c', { allowedHosts: ['Leases.example'] });
    const byName = (name: string, [begin, end]: readonly [string, string]): Promise<string> =>
      told(url, [begin, end], undefined, name);
    for (const request of requests) {
      const refused = await byName('other.example:5001', request);
      assert.match(refused, /^HTTP\/1\.1 403 [^]*that name, without a port, as an --allowed-host/);
      assert.doesNotMatch(refused, /API key/, 'there is none');
      assert.doesNotMatch(await byName('leases.example:8443', request), /^HTTP\/1\.1 403 /);
    }
    await close();
  });

  it('is told from the page of the node itself, and from a program', async () => {
    const { url } = await nodes.start('b');
    for (const origin of [url, undefined]) {
      const heads = [];
      for (const request of requests)
        heads.push((await told(url, request, origin)).slice(0, 'HTTP/1.1 200'.length));
      assert.deepEqual(heads, ['HTTP/1.1 101', 'HTTP/1.1 400', 'HTTP/1.1 415', 'HTTP/1.1 200']);
    }
  });
});
