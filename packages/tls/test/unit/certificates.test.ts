import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { connect, createServer } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import { CertificateError, Certificates } from '../../src/index.ts';
import type { CertificateFiles } from '../../src/index.ts';
import {
  ask,
  authority,
  clientOf,
  clientOptions,
  filesOf,
  Lines,
  listening,
  newFolder,
  nodeOf,
  securityOf,
} from '../support.ts';

const [first, second] = [await nodeOf('first'), await nodeOf('second')];
const client = await clientOf('reports');

async function echo(t: TestContext, files: CertificateFiles, everyMs = 20) {
  const log = new Lines();
  const certificates = await Certificates.open({ files, log, everyMs });
  const { security } = await securityOf(files, { certificates, log });
  const sockets = new Set<TLSSocket>();
  const server = createServer(security.serverOptions, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => socket.write(chunk));
  });
  security.secure(server, 'test');
  const port = await listening(server);
  t.after(() => {
    certificates.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port, log, certificates };
}

async function open(port: number): Promise<TLSSocket> {
  const socket = connect(clientOptions(client, { port }));
  socket.on('error', () => undefined);
  await once(socket, 'secureConnect');
  return socket;
}

const nameOf = (socket: TLSSocket): unknown => socket.getPeerCertificate().subject.CN;

function put(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  renameSync(`${path}.new`, path);
}

describe('certificates', { timeout: 60_000 }, () => {
  it('are read again at the look after their files have changed, and at no other', async (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    const files = filesOf(newFolder(), first);
    const certificates = await Certificates.open({ files, log: new Lines(), everyMs: 1000 });
    t.after(() => certificates.close());
    let reads = 0;
    certificates.onReload(() => (reads += 1));
    // It waits for the look that is under way, and reads once by itself.
    const look = async (): Promise<void> => {
      t.mock.timers.tick(1000);
      await certificates.reload();
    };
    await look();
    assert.equal(reads, 1);
    put(files.key, second.key);
    put(files.certificate, second.certificate);
    await look();
    assert.equal(reads, 3);
  });

  it('are read again when their files change; what is open stays open', async (t) => {
    const files = filesOf(newFolder(), first);
    const { port, log } = await echo(t, files);
    const before = await open(port);
    assert.equal(nameOf(before), 'first');
    put(files.key, second.key);
    put(files.certificate, second.certificate);
    await log.find(/^Certificates were read again/);
    const after = await open(port);
    assert.equal(nameOf(after), 'second');
    before.write('still here');
    const [answer] = (await once(before, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'still here');
    before.destroy();
    after.destroy();
  });

  it('are read again when somebody says so, without waiting for a look', async (t) => {
    const files = filesOf(newFolder(), first);
    const { port, certificates } = await echo(t, files, 3_600_000);
    put(files.certificate, second.certificate);
    put(files.key, second.key);
    await certificates.reload();
    const socket = await open(port);
    assert.equal(nameOf(socket), 'second');
    socket.destroy();
  });

  it('stay as they are while what is there is half of a change, or nothing (TLS-2)', async (t) => {
    const files = filesOf(newFolder(), first);
    const { port, log, certificates } = await echo(t, files, 3_600_000);
    put(files.certificate, second.certificate);
    await certificates.reload();
    assert.match(
      log.all.at(-1) ?? '',
      /^The certificates stay as they were: .*own\.key is not the key of/,
    );
    assert.equal(await ask(port, clientOptions(client)), 'hello\n');
    rmSync(files.key);
    await certificates.reload();
    assert.match(
      log.all.at(-1) ?? '',
      /^The certificates stay as they were: .*own\.key cannot be read/,
    );
    const socket = await open(port);
    assert.equal(nameOf(socket), 'first');
    socket.destroy();
  });

  it('that a new list revokes are refused from then on', async (t) => {
    const files = filesOf(newFolder(), first, await authority.revocations([], 1));
    const { port, log } = await echo(t, files);
    assert.equal(await ask(port, clientOptions(client)), 'hello\n');
    put(files.revocations[0] ?? '', await authority.revocations([client.certificate], 1));
    await log.find(/^Certificates were read again/);
    assert.equal(await ask(port, clientOptions(client)), undefined);
  });

  it('that end soon are told', async (t) => {
    const files = filesOf(newFolder(), first);
    const { log } = await echo(t, files);
    await log.find(/^The certificate ends soon/);
  });

  const broken: readonly (readonly [what: string, (files: CertificateFiles) => void, RegExp])[] = [
    [
      'a certificate that is none',
      ({ certificate }) => put(certificate, 'x'),
      /own\.crt cannot be used/,
    ],
    ['an empty key', ({ key }) => put(key, ''), /own\.key is empty/],
    ['a key of another one', ({ key }) => put(key, second.key), /is not the key of/],
    [
      'an authority that is none',
      (files) => put(files.authority, first.certificate),
      /no authority/,
    ],
    ['an authority without PEM', (files) => put(files.authority, 'x'), /no certificate in PEM/],
    [
      'a list that is none',
      ({ revocations: [list = ''] }) => put(list, 'x'),
      /ca\.crl cannot be used/,
    ],
    ['a file that is not there', ({ key }) => rmSync(key), /own\.key cannot be read: ENOENT/],
  ];
  for (const [what, breakIt, says] of broken)
    it(`are refused at the start with ${what} (TLS-1)`, async () => {
      const files = filesOf(newFolder(), first, await authority.revocations([], 1));
      breakIt(files);
      await assert.rejects(Certificates.open({ files, log: new Lines() }), (error) => {
        assert.ok(error instanceof CertificateError);
        assert.match(error.message, says);
        return true;
      });
    });
});
