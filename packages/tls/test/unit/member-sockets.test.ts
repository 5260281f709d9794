import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer as createHttpsServer } from 'node:https';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connect } from 'node:tls';
import { Authority } from '../../src/development/index.ts';
import type { KeyPair } from '../../src/development/index.ts';
import { Certificates, fetchWith, MemberSockets } from '../../src/index.ts';
import {
  authority,
  filesOf,
  Lines,
  listening,
  newFolder,
  nodeOf,
  otherAuthority,
} from '../support.ts';

async function socketsOf(
  t: TestContext,
  pair: KeyPair,
  by: Authority = authority,
  revocations?: string,
): Promise<{ readonly sockets: MemberSockets; readonly log: Lines }> {
  const log = new Lines();
  const files = filesOf(newFolder(), pair, revocations, by);
  const certificates = await Certificates.open({ files, log });
  t.after(() => certificates.close());
  const options = { certificates, lowestVersion: '1.3', handshakeTimeoutMs: 5000, log } as const;
  return { sockets: new MemberSockets(options), log };
}

/** What the accepting side makes of it, or undefined where it takes no connection. */
async function meet(
  t: TestContext,
  accepting: MemberSockets,
  connecting: MemberSockets,
  wanted: string,
): Promise<{
  readonly proven: readonly string[] | undefined;
  readonly connected: readonly string[] | string;
}> {
  let proven: readonly string[] | undefined;
  const { server, endHandshakes } = accepting.listen((socket) => {
    proven = accepting.namesOf(socket);
    socket.on('error', () => undefined);
    socket.end('met');
  });
  t.after(() => {
    endHandshakes();
    server.close();
  });
  const port = await listening(server);
  const socket: Socket = connecting.connect({ host: '127.0.0.1', port }, wanted);
  socket.resume();
  const connected = await new Promise<readonly string[] | string>((resolve) => {
    socket.once(connecting.readyEvent, () => resolve(connecting.namesOf(socket)));
    socket.once('error', (error) => resolve(error.message));
  });
  if (!socket.closed) await once(socket, 'close').catch(() => undefined);
  return { proven, connected };
}

/** The variable with which Node takes every certificate that is not asked about by name. */
function believeAnything(t: TestContext): void {
  const name = 'NODE_TLS_REJECT_UNAUTHORIZED';
  const before = process.env[name];
  process.env[name] = '0';
  t.after(() => {
    if (before === undefined) Reflect.deleteProperty(process.env, name);
    else process.env[name] = before;
  });
}

describe('sockets of members', () => {
  it('dial nobody of another authority, whatever the environment says (TLS-7)', async (t) => {
    believeAnything(t);
    const { sockets: stranger } = await socketsOf(t, await nodeOf('node-1', otherAuthority));
    const { sockets: two } = await socketsOf(t, await nodeOf('node-2'));
    const { connected, proven } = await meet(t, stranger, two, 'node-1');
    assert.match(String(connected), /unable to verify|self-signed|issuer/);
    assert.equal(proven, undefined);
  });

  it('prove no name by a certificate that nobody checked (TLS-7)', async (t) => {
    const { sockets: stranger } = await socketsOf(t, await nodeOf('node-1', otherAuthority));
    const { sockets: two } = await socketsOf(t, await nodeOf('node-2'));
    const { server, endHandshakes } = stranger.listen(() => undefined);
    t.after(() => {
      endHandshakes();
      server.close();
    });
    const port = await listening(server);
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
    t.after(() => socket.destroy());
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    assert.equal(socket.authorized, false);
    assert.deepEqual(two.namesOf(socket), []);
  });

  it('ask nobody of another authority over HTTP, whatever the environment says (TLS-7)', async (t) => {
    believeAnything(t);
    const stranger = await nodeOf('node-1', otherAuthority);
    const server = createHttpsServer(
      { cert: stranger.certificate, key: stranger.key },
      (_request, response) => response.end('taken'),
    );
    t.after(() => server.close());
    const port = await listening(server);
    const files = filesOf(newFolder(), await nodeOf('node-2'));
    const certificates = await Certificates.open({ files, log: new Lines() });
    t.after(() => certificates.close());
    const ask = fetchWith(certificates, '1.3');
    await assert.rejects(
      ask(`https://localhost:${String(port)}/`),
      /unable to verify|self-signed|issuer/,
    );
  });

  it('prove each end to the other (TLS-6)', async (t) => {
    const { sockets: one } = await socketsOf(t, await nodeOf('node-1'));
    const { sockets: two } = await socketsOf(t, await nodeOf('node-2'));
    const { proven, connected } = await meet(t, one, two, 'node-1');
    assert.deepEqual(proven, ['node-2', 'localhost']);
    assert.deepEqual(connected, ['node-1', 'localhost']);
  });

  it('connect to nobody but the member that is meant (TLS-6)', async (t) => {
    const { sockets: one } = await socketsOf(t, await nodeOf('node-1'));
    const { sockets: two } = await socketsOf(t, await nodeOf('node-2'));
    const { connected } = await meet(t, one, two, 'node-3');
    assert.equal(connected, 'the certificate there is of node-1, localhost, and not of "node-3"');
  });

  it('take none of another authority, on either side', async (t) => {
    const { sockets: one, log } = await socketsOf(t, await nodeOf('node-1'));
    const other = await nodeOf('node-2', otherAuthority);
    // It trusts this cluster's authority, so that the accepting side is the one that refuses.
    const { sockets: two } = await socketsOf(t, other);
    const accepted = await meet(t, one, two, 'node-1');
    assert.equal(accepted.proven, undefined);
    await log.find(/^Refused a client: its certificate does not hold/);
    const { sockets: three } = await socketsOf(t, await nodeOf('node-2'), otherAuthority);
    const dialled = await meet(t, one, three, 'node-1');
    assert.match(String(dialled.connected), /unable to verify|self-signed|issuer/);
  });

  it("take the certificate of a client for no member's, on either side", async (t) => {
    const { sockets: node } = await socketsOf(t, await nodeOf('node-1'));
    // Its names are those of a member, its use is not.
    const named = await authority.client({ name: 'node-2', names: ['node-2'], days: 1 });
    const { sockets: client } = await socketsOf(t, named);
    const { proven } = await meet(t, node, client, 'node-1');
    assert.deepEqual(proven, []);
    const { connected } = await meet(t, client, node, 'node-2');
    assert.equal(typeof connected, 'string');
  });

  it('take none that is revoked, on either side', async (t) => {
    const gone = await nodeOf('node-2');
    const list = await authority.revocations([gone.certificate], 1);
    const { sockets: one } = await socketsOf(t, await nodeOf('node-1'), authority, list);
    const { sockets: two } = await socketsOf(t, gone);
    assert.equal((await meet(t, one, two, 'node-1')).proven, undefined);
    assert.match(String((await meet(t, two, one, 'node-2')).connected), /revoked/);
  });
});
