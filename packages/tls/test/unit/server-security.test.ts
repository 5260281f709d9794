import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { boundHandshakes } from '../../src/handshakes.ts';
import type { ServerSecurityOptions } from '../../src/index.ts';
import {
  ask,
  authority,
  clientOf,
  clientOptions,
  filesOf,
  listening,
  newFolder,
  nodeOf,
  otherAuthority,
  plainTo,
  securityOf,
} from '../support.ts';
import type { Lines } from '../support.ts';

const own = await nodeOf('node-1');
const client = await clientOf('reports');
const revoked = await clientOf('gone');
const stranger = await clientOf('reports', otherAuthority);
const revocations = await authority.revocations([revoked.certificate], 1);

interface Served {
  readonly port: number;
  readonly log: Lines;
  /** What the server was told by those that it talked to. */
  readonly heard: string[];
}

/** Answers every line with `hello`. */
async function serve(
  t: TestContext,
  changes: Partial<ServerSecurityOptions> = {},
  list: string | undefined = revocations,
): Promise<Served> {
  const { security, certificates, log } = await securityOf(
    filesOf(newFolder(), own, list),
    changes,
  );
  const heard: string[] = [];
  const sockets = new Set<TLSSocket>();
  const server = createServer(security.serverOptions, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      heard.push(chunk.toString('utf8'));
      socket.write('hello');
    });
  });
  security.secure(server, 'test');
  const port = await listening(server);
  t.after(() => {
    certificates.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port, log, heard };
}

const versions = ['TLSv1.2', 'TLSv1.3'] as const;

/** `once` would fail with an error that the peer's end makes of what is still being written. */
const closed = (socket: Socket): Promise<void> =>
  new Promise((resolve) => socket.once('close', () => resolve()));

describe('a secured server', { timeout: 60_000 }, () => {
  for (const version of versions)
    it(`talks ${version} with a client of its authority`, async (t) => {
      const { port } = await serve(t);
      const limits = { minVersion: version, maxVersion: version } as const;
      assert.equal(await ask(port, clientOptions(client, limits)), 'hello');
    });

  it('talks nothing older than it is told to', async (t) => {
    const { port } = await serve(t, { lowestVersion: '1.3' });
    assert.equal(await ask(port, clientOptions(client, { maxVersion: 'TLSv1.2' })), undefined);
    assert.equal(await ask(port, clientOptions(client)), 'hello');
  });

  const cases: readonly (readonly [
    what: string,
    options: ConnectionOptions,
    taken: { readonly required: boolean; readonly optional: boolean; readonly off: boolean },
  ])[] = [
    ['of its authority', clientOptions(client), { required: true, optional: true, off: true }],
    ['without a certificate', clientOptions(), { required: false, optional: true, off: true }],
    [
      'of another authority',
      clientOptions(stranger),
      { required: false, optional: false, off: true },
    ],
    ['that is revoked', clientOptions(revoked), { required: false, optional: false, off: true }],
  ];
  for (const version of versions)
    for (const [what, options, taken] of cases)
      for (const clientCertificates of ['required', 'optional', 'off'] as const)
        it(`${taken[clientCertificates] ? 'takes' : 'refuses'} a client ${what}, ${clientCertificates}, ${version} (TLS-4)`, async (t) => {
          const { port, log, heard } = await serve(t, { clientCertificates });
          const answer = await ask(port, { ...options, minVersion: version, maxVersion: version });
          assert.equal(answer, taken[clientCertificates] ? 'hello' : undefined);
          // Nothing of what a refused one said was read.
          assert.equal(heard.length, taken[clientCertificates] ? 1 : 0);
          if (!taken[clientCertificates]) await log.find(/^Refused a client: /);
        });

  it('refuses everybody where a revocation list has run out, rather than nobody', async (t) => {
    const { port, log } = await serve(t, {}, await authority.revocations([], 0));
    assert.equal(await ask(port, clientOptions(client)), undefined);
    await log.find(/CRL_HAS_EXPIRED/);
  });

  for (const version of versions)
    it(`resumes no session over ${version} (TLS-5)`, async (t) => {
      const { port } = await serve(t);
      const limits = { minVersion: version, maxVersion: version, port } as const;
      const first = connect(clientOptions(client, limits));
      let session: Buffer | undefined;
      first.on('session', (told: Buffer) => {
        session = told;
      });
      await once(first, 'secureConnect');
      first.write('hello');
      await once(first, 'data');
      session ??= first.getSession();
      first.destroy();
      const second = connect(
        clientOptions(client, { ...limits, ...(session === undefined ? {} : { session }) }),
      );
      await once(second, 'secureConnect');
      assert.equal(second.isSessionReused(), false);
      second.destroy();
    });

  it('negotiates no connection anew (TLS-5)', async (t) => {
    const { port } = await serve(t);
    const socket = connect(clientOptions(client, { port, maxVersion: 'TLSv1.2' }));
    await once(socket, 'secureConnect');
    const outcome = await new Promise((resolve) => {
      socket.on('error', () => resolve('failed'));
      socket.on('close', () => resolve('closed'));
      socket.renegotiate({}, (error) => resolve(error === null ? 'renegotiated' : 'refused'));
    });
    socket.destroy();
    assert.notEqual(outcome, 'renegotiated');
  });
});

/** Of a server to which connections come as the system hands them out; no handshake goes on by itself. */
function handshakesOf(deadlineMs: number): {
  readonly arrive: (socket: Socket) => Socket;
  readonly succeed: (socket: Socket) => void;
} {
  const server = createServer();
  server.removeAllListeners('connection');
  boundHandshakes(server, deadlineMs);
  const arrive = (socket: Socket): Socket => {
    server.emit('connection', socket);
    return socket;
  };
  return { arrive, succeed: (socket) => server.emit('secureConnection', socket) };
}

const socketFrom = (remoteAddress: string, remotePort: number): Socket =>
  Object.defineProperties(new Socket(), {
    remoteAddress: { value: remoteAddress },
    remotePort: { value: remotePort },
  });

describe('the handshakes of a server', { timeout: 20_000 }, () => {
  it('have their deadline each, and none once they are over (TLS-3)', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const { arrive, succeed } = handshakesOf(1000);
    const first = arrive(socketFrom('192.0.2.1', 1));
    const done = arrive(socketFrom('192.0.2.1', 2));
    succeed(done);
    t.mock.timers.tick(500);
    const second = arrive(socketFrom('192.0.2.1', 3));
    t.mock.timers.tick(500);
    assert.deepEqual([first.destroyed, done.destroyed, second.destroyed], [true, false, false]);
    t.mock.timers.tick(500);
    assert.deepEqual([done.destroyed, second.destroyed], [false, true]);
  });

  it('are bounded: of an address with too many the oldest goes, then of all (TLS-3)', () => {
    const { arrive } = handshakesOf(60_000);
    const other = arrive(socketFrom('192.0.2.2', 1));
    const crowd = Array.from({ length: 512 }, (_, at) => arrive(socketFrom('192.0.2.1', at)));
    assert.equal(crowd[0]?.destroyed, false);
    crowd.push(arrive(socketFrom('192.0.2.1', 512)));
    assert.deepEqual([crowd[0]?.destroyed, crowd[1]?.destroyed], [true, false]);
    assert.equal(other.destroyed, false);
    for (let at = 0; at < 511; at++) arrive(socketFrom('192.0.2.3', at));
    assert.equal(other.destroyed, false);
    arrive(socketFrom('192.0.2.4', 1));
    assert.equal(other.destroyed, true);
  });

  it('of a port that is used again are each given back once, and stay bounded (TLS-3)', async () => {
    const { arrive } = handshakesOf(60_000);
    // As many as an address may have: all of them are closed again.
    for (let at = 0; at < 512; at++) {
      const both = [arrive(socketFrom('192.0.2.1', 1)), arrive(socketFrom('192.0.2.1', 1))];
      await Promise.all(both.map((socket) => once(socket.destroy(), 'close')));
    }
    const [first] = [arrive(socketFrom('192.0.2.1', 2)), arrive(socketFrom('192.0.2.1', 3))];
    assert.equal(first?.destroyed, false);
    for (let at = 4; at < 514; at++) arrive(socketFrom('192.0.2.1', at));
    assert.equal(first?.destroyed, false);
    arrive(socketFrom('192.0.2.1', 514));
    assert.equal(first?.destroyed, true);
  });

  it('that were reset before they were accepted are closed at once (TLS-3)', () => {
    // Of it the system tells no address any more.
    assert.equal(handshakesOf(60_000).arrive(new Socket()).destroyed, true);
  });
});

describe('the handshakes of a secured server', { timeout: 60_000 }, () => {
  it('end at their deadline where nothing is said (TLS-3)', async (t) => {
    const { port } = await serve(t, { handshakeTimeoutMs: 100 });
    const silent = plainTo(port);
    silent.on('error', () => undefined);
    silent.resume();
    await closed(silent);
  });

  it('end at their deadline however often a byte comes (TLS-3)', async (t) => {
    const { port } = await serve(t, { handshakeTimeoutMs: 200 });
    const dripping = plainTo(port);
    dripping.on('error', () => undefined);
    dripping.resume();
    // The head of a record of 16 KiB, and then a byte each 20 ms.
    dripping.write(Buffer.from([22, 3, 1, 64, 0]));
    const drip = setInterval(() => dripping.write(Buffer.from([1])), 20);
    await closed(dripping);
    clearInterval(drip);
  });

  it('do not end a connection whose handshake was in time', async (t) => {
    const { port } = await serve(t, { handshakeTimeoutMs: 300 });
    const silent = plainTo(port);
    silent.on('error', () => undefined);
    const socket = connect(clientOptions(client, { port }));
    await once(socket, 'secureConnect');
    // It began before, and its deadline has passed when it ends.
    const late = plainTo(port);
    late.on('error', () => undefined);
    late.resume();
    await closed(late);
    socket.write('hello');
    await once(socket, 'data');
    socket.destroy();
    silent.destroy();
  });

  it('are bounded: of an address with too many the oldest goes (TLS-3)', async (t) => {
    const { port } = await serve(t, { handshakeTimeoutMs: 60_000 });
    const oldest = plainTo(port);
    oldest.on('error', () => undefined);
    oldest.resume();
    await once(oldest, 'connect');
    const gone = closed(oldest);
    const others = Array.from({ length: 512 }, () => plainTo(port));
    for (const other of others) other.on('error', () => undefined);
    await gone;
    assert.equal(await ask(port, clientOptions(client)), 'hello');
    for (const other of others) other.destroy();
  });
});
