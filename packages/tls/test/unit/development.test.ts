import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import {
  CertificateFolderError,
  makeAuthority,
  makeClientCertificate,
  makeNodeCertificate,
} from '../../src/development/index.ts';

const serverUse = '1.3.6.1.5.5.7.3.1';
const clientUse = '1.3.6.1.5.5.7.3.2';

const newFolder = (): string => join(mkdtempSync(join(tmpdir(), 'holdfast-tls-')), 'tls');
const read = (path: string): X509Certificate => new X509Certificate(readFileSync(path));

describe('a development authority', () => {
  const folder = newFolder();
  before(async () => {
    await makeAuthority(folder, 'Tests, O=Nobody');
  });

  it('is an authority, named as it was asked for', () => {
    const authority = read(join(folder, 'ca.crt'));
    assert.equal(authority.ca, true);
    // No text of a name becomes another field of it.
    assert.equal(authority.toLegacyObject().subject.CN, 'Tests, O=Nobody');
    assert.equal(authority.toLegacyObject().subject.O, undefined);
  });

  it("makes a member's certificate for its id and its hosts, of a server and of a client", async () => {
    const made = await makeNodeCertificate('node-1', ['a.example', '10.0.0.1', '::1'], { folder });
    const certificate = read(made.certificate);
    assert.equal(
      certificate.subjectAltName,
      'DNS:node-1, DNS:a.example, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1',
    );
    assert.deepEqual(certificate.keyUsage, [serverUse, clientUse]);
    assert.equal(certificate.ca, false);
    assert.equal(certificate.verify(read(join(folder, 'ca.crt')).publicKey), true);
    assert.equal(certificate.checkPrivateKey(createPrivateKey(readFileSync(made.key))), true);
  });

  it("makes a client's certificate that is no server's (CERT-1)", async () => {
    const made = await makeClientCertificate('reports', { folder, days: 2 });
    const certificate = read(made.certificate);
    assert.equal(certificate.subject, 'CN=reports');
    assert.deepEqual(certificate.keyUsage, [clientUse]);
    assert.equal(certificate.subjectAltName, undefined);
    const holdsMs = certificate.validToDate.getTime() - Date.now();
    assert.ok(Math.abs(holdsMs - 2 * 86_400_000) < 60_000);
  });

  it('leaves every file to its owner alone, and nothing half-written (CERT-2)', () => {
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    for (const name of readdirSync(folder)) {
      assert.match(name, /^(?:ca|node-1|reports)\.(?:crt|key)$/);
      assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
    }
  });

  it('replaces nothing unless it is told to (CERT-3)', async () => {
    const [authority, node] = ['ca.crt', 'node-1.crt'].map((name) =>
      readFileSync(join(folder, name), 'utf8'),
    );
    await assert.rejects(makeAuthority(folder, 'Another'), CertificateFolderError);
    await assert.rejects(makeNodeCertificate('node-1', [], { folder }), /--renew/);
    assert.equal(readFileSync(join(folder, 'ca.crt'), 'utf8'), authority);
    assert.equal(readFileSync(join(folder, 'node-1.crt'), 'utf8'), node);
    const renewed = await makeNodeCertificate('node-1', [], { folder, replace: true });
    assert.notEqual(readFileSync(renewed.certificate, 'utf8'), node);
  });

  for (const name of ['', '..', '../x', 'a/b', 'ca', 'a b', 'x'.repeat(65)])
    it(`makes no file for the name ${JSON.stringify(name)}`, async () => {
      await assert.rejects(makeClientCertificate(name, { folder }), CertificateFolderError);
      await assert.rejects(makeNodeCertificate(name, [], { folder }), CertificateFolderError);
    });

  it('says which host is none, and where there is no authority', async () => {
    await assert.rejects(makeNodeCertificate('n', ['a:80'], { folder }), /"a:80" is no name/);
    await assert.rejects(makeClientCertificate('n', { folder: newFolder() }), /cert init/);
    writeFileSync(join(folder, 'ca.key'), 'no key');
    await assert.rejects(makeClientCertificate('n', { folder }), /ca\.key cannot be used/);
  });
});
