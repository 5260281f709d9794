import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatHostPort,
  hostInUrl,
  hostOnThisMachine,
  hostOf,
  hostPortOf,
  isWildcardHost,
  readHostPort,
  readPeerAddress,
} from '@holdfast/protocol';

describe('a host with a port', () => {
  it('is a name, an IPv4 address, or an IPv6 address in brackets', () => {
    assert.deepEqual(hostPortOf('node-1:9090'), { host: 'node-1', port: 9090 });
    assert.deepEqual(hostPortOf('10.0.0.1:1'), { host: '10.0.0.1', port: 1 });
    assert.deepEqual(hostPortOf('[::1]:7000'), { host: '::1', port: 7000 });
    assert.deepEqual(hostPortOf('[fe80::1%eth0]:7000'), { host: 'fe80::1%eth0', port: 7000 });
  });

  it('is written as it is read', () => {
    for (const text of ['node-1:9090', '10.0.0.1:1', '[::1]:7000', '[fe80::1%eth0]:65535']) {
      const { host, port } = hostPortOf(text) ?? assert.fail(text);
      assert.equal(formatHostPort(host, port), text);
    }
    assert.equal(formatHostPort('[::1]', 80), '[::1]:80', 'brackets that are there stay');
  });

  it('has one form of an IPv6 address, however it was spelt (HOST-PORT-1)', () => {
    assert.equal(hostPortOf('[0:0:0:0:0:0:0:1]:7000')?.host, '::1');
    assert.equal(hostPortOf('[2001:DB8::00a]:1')?.host, '2001:db8::a');
    assert.equal(hostOf('[0:0::1]'), '::1');
    assert.equal(hostInUrl('2001:DB8::1'), '[2001:db8::1]');
    assert.equal(hostInUrl('node-1'), 'node-1');
  });

  it('is refused with the right spelling where an IPv6 address has no brackets', () => {
    const read = readHostPort('::1:7000');
    assert.ok(!read.ok);
    assert.match(read.problem, /\[::1\]:7000/);
  });

  it('is refused with nothing but spellings that are taken', () => {
    for (const [text, spellings] of [
      ['::1', ['[::1]:PORT']],
      ['::1:7000', ['[::1]:7000', '[::1:7000]:PORT']],
      ['2001:db8::2', ['[2001:db8::2]:PORT']],
      ['1:2:3:4:5:6:7:8', ['[1:2:3:4:5:6:7:8]:PORT']],
      ['1:2:3:4:5:6:7:8:9', ['[1:2:3:4:5:6:7:8]:9']],
      ['2001:db8::99999', []],
      ['::', ['[::]:PORT']],
      ['a:1:2', []],
      ['1:2:3', []],
    ] as const) {
      const read = readHostPort(text);
      assert.ok(!read.ok);
      const advised = [...read.problem.matchAll(/\[[^\]h]*\]:\w+/g)].map(([one]) => one);
      const taken = advised.filter((one) => readHostPort(one.replace('PORT', '1')).ok);
      assert.deepEqual(taken, advised, text);
      assert.deepEqual(advised, spellings, text);
    }
  });

  for (const text of [
    '',
    'node-1',
    ':7000',
    'node-1:',
    'node-1:70000',
    'node-1:7x',
    'a b:1',
    '[]:1',
    '[::1]',
    '[::1]7000',
    '[node-1]:1',
    '[::g]:1',
    '[::1:7000',
    'http://node-1:1',
    'a=b:1',
    'a/b:1',
    'a%62:1',
    `${'x'.repeat(301)}:1`,
  ]) {
    it(`is not ${JSON.stringify(text.slice(0, 40))}`, () => {
      const read = readHostPort(text);
      assert.ok(!read.ok);
      assert.match(read.problem, /^must /);
    });
  }
});

describe('the address of a member (HOST-PORT-3)', () => {
  it('is told in its one form', () => {
    assert.deepEqual(readPeerAddress('node-1:7000'), { ok: true, value: 'node-1:7000' });
    assert.deepEqual(readPeerAddress('[0:0::1]:7000'), { ok: true, value: '[::1]:7000' });
  });

  for (const [text, problem] of [
    ['0.0.0.0:7000', /is a wildcard address/],
    ['0:7000', /is a wildcard address/],
    ['[0::0]:7000', /is a wildcard address/],
    ['node-1:0', /must have a fixed port/],
    ['node-1:70000', /must have a port of at most/],
    ['node-1', /must be host:port/],
    ['b=node-1:7000', /must be host:port/],
  ] as const) {
    it(`is not ${text}`, () => {
      const read = readPeerAddress(text);
      assert.ok(!read.ok);
      assert.match(read.problem, problem);
    });
  }
});

describe('a host that means all of this machine (HOST-PORT-2)', () => {
  it('is found however it is spelt', () => {
    for (const host of ['::', '0.0.0.0', '[::]', '0:0:0:0:0:0:0:0', '::0', '0', '0x0', '0.0', ''])
      assert.ok(isWildcardHost(host), host);
    assert.ok(isWildcardHost('::ffff:0.0.0.0'));
  });

  it('is reached by programs of the same machine over its loopback', () => {
    assert.equal(hostOnThisMachine('0.0.0.0'), '127.0.0.1');
    assert.equal(hostOnThisMachine('[::]'), '::1');
    assert.equal(hostOnThisMachine('node-1'), 'node-1');
  });

  it('is no other host', () => {
    for (const host of ['::1', '127.0.0.1', '10.0.0.0', 'localhost', '[::1]', 'node-0', '::f'])
      assert.ok(!isWildcardHost(host), host);
  });
});
