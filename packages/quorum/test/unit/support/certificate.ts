/** Certificates of an authority that is made for a test. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CertificateFiles } from '@holdfast/tls';
import { Authority } from '@holdfast/tls/development';
import type { KeyPair } from '@holdfast/tls/development';

export async function certificatesOf(names: readonly string[]): Promise<{
  readonly files: (name: string) => CertificateFiles;
  readonly client: KeyPair;
  readonly other: KeyPair;
  readonly ca: string;
}> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-certificates-'));
  const authority = await Authority.create({ name: 'Tests', days: 30 });
  const path = (file: string): string => join(folder, file);
  writeFileSync(path('ca.crt'), authority.pair.certificate);
  for (const name of names) {
    const { certificate, key } = await authority.node({ name, hosts: ['127.0.0.1'], days: 30 });
    writeFileSync(path(`${name}.crt`), certificate);
    writeFileSync(path(`${name}.key`), key);
  }
  return {
    files: (name) => ({
      certificate: path(`${name}.crt`),
      key: path(`${name}.key`),
      authority: path('ca.crt'),
      revocations: [],
    }),
    client: await authority.client({ name: 'client', days: 30 }),
    other: await authority.client({ name: 'other', days: 30 }),
    ca: authority.pair.certificate,
  };
}
