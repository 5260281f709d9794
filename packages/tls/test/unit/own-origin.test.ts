/** Which pages a browser shows in the name of others than the node. */
import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { test } from 'node:test';
import { TLSSocket } from 'node:tls';
import { foreignOrigin } from '../../src/index.ts';

const plain = new Socket();
const secure = new TLSSocket(new Socket());

test('an origin is that of the node where its host and port are those that were asked for (ORIGIN-1)', () => {
  const own = (origin: string | undefined, host: string | undefined, socket = plain): boolean =>
    foreignOrigin({ headers: { origin, host }, socket }) === undefined;
  assert.ok(own(undefined, 'node.example:5001'), 'a program');
  assert.ok(own('http://node.example:5001', 'node.example:5001'));
  assert.ok(own('https://node.example', 'node.example'), 'behind a proxy with TLS');
  assert.ok(own('http://[::1]:5001', '[::1]:5001'));
  for (const origin of [
    'http://evil.example',
    'http://node.example:80',
    'http://node.example:5002',
    'http://node.example:5001.evil.example',
    'http://evil.example/node.example:5001',
    'null',
    'node.example:5001',
    '',
  ])
    assert.ok(!own(origin, 'node.example:5001'), origin);
  assert.ok(!own('http://node.example', undefined));
});

test('over TLS a page of the same host without TLS is foreign (ORIGIN-1)', () => {
  const headers = { host: 'node.example:5001', origin: 'http://node.example:5001' };
  assert.equal(foreignOrigin({ headers, socket: secure }), headers.origin);
  const origin = 'https://node.example:5001';
  assert.equal(foreignOrigin({ headers: { ...headers, origin }, socket: secure }), undefined);
});
