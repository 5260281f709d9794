/** For which hosts a node answers who asks on its own machine and proves nothing. */
import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { OwnHosts } from '../../src/index.ts';

const hosts = new OwnHosts({
  known: [
    '0.0.0.0',
    'http://Node-1.example:8080',
    'peer.example:7000',
    'https://console.example',
    '[fd00::1]:80',
    '',
  ],
  remedy: (host) => `add ${host}`,
});
const problem = (
  host: string | undefined,
  remoteAddress: string | undefined = '127.0.0.1',
  url = '/locks',
): string | undefined => hosts.problem({ url, headers: { host }, socket: { remoteAddress } });

describe('a request from the machine of a node (HOST-2)', () => {
  it('is answered for addresses, names of the machine and those that the node knows', () => {
    for (const host of [
      '127.0.0.1:8080',
      '10.1.2.3',
      '[::1]:8080',
      '[fe80::1]',
      'localhost:8080',
      'LOCALHOST.',
      'holdfast.localhost:1',
      `${hostname()}:8080`,
      `${hostname()}.local`,
      'node-1.example:9090',
      'PEER.example',
      'console.example',
      'host.docker.internal:8080',
      'holdfast-1:8080',
      '',
      undefined,
    ])
      assert.equal(problem(host), undefined, host);
  });

  it('is refused for any other name, which a page may have had made to lead there', () => {
    for (const address of ['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])
      for (const host of [
        'evil.example:8080',
        'localhost.evil.example',
        'internal.evil.example',
        'evil.notinternal',
        '127.0.0.1.evil.example',
        `${hostname()}.evil.example`,
        'node-1.example.evil',
        ':8080',
        '0x7f000001',
      ])
        assert.match(
          problem(host, address) ?? '',
          /not known as a name of this node[^]*add /,
          host,
        );
  });

  it('is answered for any host where it comes from elsewhere, or is a probe', () => {
    for (const address of ['192.0.2.1', '::ffff:10.0.0.1', 'fd00::2'])
      assert.equal(problem('holdfast.example', address), undefined, address);
    for (const probe of ['/health', '/livez', '/readyz'])
      assert.equal(problem('holdfast.example', '127.0.0.1', probe), undefined, probe);
    assert.equal(problem('holdfast.example', '127.0.0.1', '/livez?verbose=1'), undefined);
    assert.notEqual(problem('holdfast.example', '127.0.0.1', '/health/'), undefined);
  });
});
