import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const folder = join(mkdtempSync(join(tmpdir(), 'holdfast-cert-')), 'tls');

function cert(...words: readonly string[]): {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
} {
  return spawnSync(process.execPath, ['--conditions=source', main, 'cert', ...words], {
    encoding: 'utf8',
  });
}

describe('holdfast cert', () => {
  it('makes an authority, members and clients with a command each, and tells which files', () => {
    const steps: readonly (readonly string[])[] = [
      ['init', '--folder', folder],
      ['node', 'node-1', 'node-2', 'node-3', '--folder', folder],
      ['client', 'reports', '--folder', folder, '--days', '7'],
    ];
    for (const step of steps) {
      const done = cert(...step);
      assert.equal(done.status, 0, done.stderr);
    }
    const authority = new X509Certificate(readFileSync(join(folder, 'ca.crt')));
    for (const name of ['node-1', 'node-2', 'node-3', 'reports']) {
      const certificate = new X509Certificate(readFileSync(join(folder, `${name}.crt`)));
      assert.equal(certificate.subject, `CN=${name}`);
      assert.ok(certificate.checkIssued(authority));
      assert.equal(statSync(join(folder, `${name}.key`)).mode & 0o777, 0o600);
    }
    const told = cert('client', 'jobs', '--folder', folder, '--json');
    assert.deepEqual(JSON.parse(told.stdout), {
      certificates: [
        { name: 'jobs', certificate: join(folder, 'jobs.crt'), key: join(folder, 'jobs.key') },
      ],
    });
    const node = new X509Certificate(readFileSync(join(folder, 'node-2.crt')));
    assert.equal(node.checkHost('localhost'), 'localhost');
    assert.equal(node.checkIP('127.0.0.1'), '127.0.0.1');
  });

  const refused: readonly (readonly [words: readonly string[], says: RegExp])[] = [
    [['init', '--folder', folder], /There is an authority/],
    [['client', 'x', '--folder', folder, '--days', '99999999'], /--days takes at most/],
  ];
  for (const [words, says] of refused)
    it(`refuses "cert ${words.join(' ').replaceAll(folder, 'F')}" and says why`, () => {
      const done = cert(...words);
      assert.equal(done.status, 2, done.stderr);
      assert.match(done.stderr, says);
    });
});
