import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { describe, it } from 'node:test';
import { Authority } from '../../src/development/index.ts';
import { dnsNamesIn } from '../../src/index.ts';

const authority = await Authority.create({ name: 'Tests', days: 1 });

async function namesOf(...names: readonly string[]): Promise<readonly string[]> {
  const [name = '', ...hosts] = names;
  const { certificate } = await authority.node({ name, hosts, days: 1 });
  return dnsNamesIn(new X509Certificate(certificate).subjectAltName);
}

describe('the names of a certificate', () => {
  it('are its DNS names, and none of its addresses', async () => {
    assert.deepEqual(await namesOf('node-1', '10.0.0.1', 'a.example', '::1'), [
      'node-1',
      'a.example',
    ]);
  });

  for (const hostile of [
    'x, DNS:node-1',
    'x, DNS:node-1, DNS:y',
    'x", DNS:node-1',
    'x\\", DNS:node-1, DNS:"',
    'x\0node-1',
    "x', DNS:node-1",
  ])
    it(`are whole: ${JSON.stringify(hostile)} is one name (NAME-1)`, async () => {
      const names = await namesOf(hostile, 'other');
      assert.equal(names.includes('node-1'), false);
      assert.equal(names.length, 2);
    });

  for (const text of [
    '',
    undefined,
    'DNS',
    'DNS:a,DNS:node-1',
    'DNS:"a, DNS:node-1',
    ', DNS:node-1',
  ])
    it(`are none in ${JSON.stringify(text)}`, () => {
      assert.deepEqual(dnsNamesIn(text), []);
    });
});
