import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { toldClientUrl } from '../../../src/configuration/addresses.ts';
import { isLoopback } from '@holdfast/tls';
import { ConfigurationError, loadConfiguration } from '../../../src/index.ts';

type Flags = Readonly<Record<string, unknown>>;
const tls: Flags = { 'tls-certificate': 'a.crt', 'tls-key': 'a.key', 'tls-authority': 'ca.crt' };

function refusal(flags: Flags, environment: Readonly<Record<string, string>> = {}): string {
  try {
    loadConfiguration({ flags, environment });
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
  return assert.fail('it was taken');
}

describe('the settings of TLS', () => {
  it('are none by default, and nothing is exposed', () => {
    const { tls: none, exposed } = loadConfiguration({});
    assert.equal(none, null);
    assert.deepEqual(exposed, []);
  });

  it('are those of members, too, unless these have their own', () => {
    const files = {
      certificate: 'a.crt',
      key: 'a.key',
      authority: 'ca.crt',
      revocations: ['x.crl'],
    };
    const flags = { ...tls, 'tls-revocations': 'x.crl' };
    assert.deepEqual(loadConfiguration({ flags }).tls, {
      files,
      peerFiles: files,
      clientCertificates: 'required',
      lowestVersion: '1.2',
      handshakeTimeoutMs: 5000,
    });
    const own = {
      ...flags,
      'tls-peer-certificate': 'p.crt',
      'tls-peer-key': 'p.key',
      'tls-peer-authority': 'p.ca',
    };
    assert.deepEqual(loadConfiguration({ flags: own }).tls?.peerFiles, {
      certificate: 'p.crt',
      key: 'p.key',
      authority: 'p.ca',
      revocations: [],
    });
  });

  it('are told to clients as https', () => {
    const configuration = loadConfiguration({ flags: tls });
    assert.equal(toldClientUrl(configuration, 8080), 'https://127.0.0.1:8080');
  });

  const wrong: readonly (readonly [Flags, RegExp])[] = [
    [{ 'tls-certificate': 'a.crt' }, /tls\.key must be/],
    [{ 'tls-key': 'a.key' }, /tls\.certificate must be/],
    [{ 'tls-authority': 'ca.crt' }, /tls\.certificate must be/],
    [{ 'tls-revocations': 'x.crl' }, /tls\.certificate must be/],
    [{ 'tls-certificate': 'a.crt', 'tls-key': 'a.key' }, /tls\.authority must say/],
    [{ ...tls, 'tls-peer-certificate': 'p.crt' }, /tls\.peer_key must be/],
    [{ ...tls, 'tls-peer-key': 'p.key' }, /tls\.peer_certificate must be/],
    [{ ...tls, 'tls-peer-revocations': 'p.crl' }, /tls\.peer_authority must be/],
    [{ ...tls, 'tls-min-version': '1.1' }, /--tls-min-version/],
    [{ ...tls, 'http-advertise': 'http://a:1' }, /write it with https/],
    [
      {
        'tls-certificate': 'a.crt',
        'tls-key': 'a.key',
        'tls-client-certificates': 'off',
        'cluster-listen': '127.0.0.1:1',
      },
      /certificates of members/,
    ],
  ];
  for (const [flags, says] of wrong)
    it(`are refused where they cannot be meant: ${JSON.stringify(flags)}`, () => {
      assert.match(refusal(flags), says);
    });
});

describe('the settings of TLS to the Redis of queues', () => {
  const redis: Flags = { 'queues-store': 'redis', 'queues-redis-urls': 'rediss://redis.example' };
  const own: Flags = { 'queues-redis-authority': 'redis.crt' };

  it('are none by default, and files where they are named', () => {
    assert.equal(loadConfiguration({ flags: redis }).queueRedis?.files, null);
    assert.deepEqual(loadConfiguration({ flags: { ...redis, ...own } }).queueRedis?.files, {
      certificate: '',
      key: '',
      authority: 'redis.crt',
      revocations: [],
    });
  });

  const wrong: readonly (readonly [Flags, RegExp])[] = [
    [{ 'queues-redis-certificate': 'a.crt' }, /queues\.redis_key/],
    [{ 'queues-redis-key': 'a.key' }, /queues\.redis_certificate/],
    [{ 'queues-redis-revocations': 'a.crl' }, /queues\.redis_authority/],
    [{ ...own, 'queues-redis-urls': 'redis://redis.example' }, /must be rediss:/],
  ];
  for (const [flags, told] of wrong)
    it(`are refused where they cannot be meant: ${JSON.stringify(flags)}`, () => {
      assert.match(refusal({ ...redis, ...flags }), told);
    });
});

describe('an address that other machines reach (EXPOSED-1)', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1', 'localhost'])
    it(`is not ${host}`, () => {
      assert.equal(isLoopback(host), true);
    });
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '126.255.255.255',
    '128.0.0.1',
    'fe80::1',
    'localhost.example',
    'node-1',
    '::ffff:10.0.0.1',
  ])
    it(`is ${host}`, () => {
      assert.equal(isLoopback(host), false);
    });

  const single = { 'http-host': '0.0.0.0' };
  const peers = { 'cluster-listen': '10.0.0.1:7000' };
  const refused: readonly (readonly [string, Flags, RegExp])[] = [
    ['HTTP', single, /^.*\n {2}http\.host is 0\.0\.0\.0: .*--insecure/],
    ['gRPC', { 'grpc-host': '::' }, /grpc\.host is ::/],
    ['metrics', { 'metrics-listen': '0.0.0.0:9090' }, /metrics\.listen is 0\.0\.0\.0/],
    ['members', peers, /cluster\.listen is 10\.0\.0\.1/],
    [
      'HTTP over TLS whose clients prove nothing',
      { ...tls, ...single, 'tls-client-certificates': 'off' },
      /tls\.client_certificates: required/,
    ],
    [
      'HTTP over TLS whose clients need not',
      { ...tls, ...single, 'tls-client-certificates': 'optional' },
      /required/,
    ],
    ['what --insecure says no to', { ...single, insecure: 'false' }, /--insecure/],
  ];
  for (const [what, flags, says] of refused)
    it(`is refused: ${what}`, () => {
      assert.match(refusal(flags), says);
    });

  it('is taken over TLS with clients that prove who they are, and is not exposed', () => {
    const flags = {
      ...tls,
      ...single,
      ...peers,
      'grpc-host': '::',
      'metrics-listen': '[::]:9090',
      'http-advertise': 'https://a:1',
    };
    assert.deepEqual(loadConfiguration({ flags }).exposed, []);
  });

  it('is taken where somebody says so, and is told as exposed', () => {
    const flags = { ...single, ...peers, insecure: true, 'http-advertise': 'http://a:1' };
    assert.deepEqual(loadConfiguration({ flags }).exposed, [
      'http.host is 0.0.0.0',
      'cluster.listen is 10.0.0.1',
    ]);
    const environment = { HOLDFAST_SECURITY_INSECURE: 'true' };
    assert.deepEqual(loadConfiguration({ flags: single, environment }).exposed, [
      'http.host is 0.0.0.0',
    ]);
  });

  it('counts gRPC only where it is served', () => {
    const flags = { 'grpc-host': '::', 'grpc-enabled': 'false' };
    assert.deepEqual(loadConfiguration({ flags }).exposed, []);
  });
});
