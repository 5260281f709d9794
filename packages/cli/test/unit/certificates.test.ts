import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { certificates, useCertificates } from '../../src/certificates.ts';
import { UsageError } from '../../src/failure.ts';

const folder = mkdtempSync(join(tmpdir(), 'holdfast-certificates-'));
const file = (name: string): string => {
  writeFileSync(join(folder, name), name);
  return join(folder, name);
};
const [ca, cert, key, other] = ['ca', 'cert', 'key', 'other'].map(file);

afterEach(() => useCertificates({}));

describe('the certificates of a command', () => {
  it('are none where none are given', () => {
    assert.equal(certificates({}), undefined);
    assert.equal(certificates({ HOLDFAST_CA: '' }), undefined);
  });

  it('are those of its options, else of the variables', () => {
    const environment = { HOLDFAST_CA: ca, HOLDFAST_CERT: cert, HOLDFAST_KEY: key };
    assert.deepEqual(certificates(environment), { ca: 'ca', cert: 'cert', key: 'key' });
    useCertificates({ ca: other ?? '' });
    assert.deepEqual(certificates(environment), { ca: 'other', cert: 'cert', key: 'key' });
  });

  it('are read anew each time', () => {
    const path = file('changing');
    useCertificates({ ca: path });
    assert.deepEqual(certificates({}), { ca: 'changing' });
    writeFileSync(path, 'changed');
    assert.deepEqual(certificates({}), { ca: 'changed' });
  });

  const wrong: readonly (readonly [Readonly<Record<string, string>>, RegExp])[] = [
    [{ HOLDFAST_CERT: cert ?? '' }, /go together/],
    [{ HOLDFAST_KEY: key ?? '' }, /go together/],
    [{ HOLDFAST_CA: join(folder, 'none') }, /^HOLDFAST_CA cannot be read: ENOENT/],
  ];
  for (const [environment, says] of wrong)
    it(`are refused: ${Object.keys(environment).join(', ')}`, () => {
      assert.throws(
        () => certificates(environment),
        (error: unknown) => error instanceof UsageError && says.test(error.message),
      );
    });
});
