import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  endpointOf,
  HoldfastError,
  readEndpoint,
  readToldEndpoint,
  streamUrlOf,
} from '@holdfast/protocol';

const whyNot = (text: string): string => {
  const read = readEndpoint(text);
  return read.ok ? `taken as ${read.endpoint.url}` : read.problem;
};

describe('the address of a node', () => {
  const taken: readonly (readonly [text: string, url: string])[] = [
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['https://Node-A.example:8443/', 'https://node-a.example:8443'],
    ['HTTP://a:1', 'http://a:1'],
    ['http://a', 'http://a'],
    ['http://a:80', 'http://a'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080'],
    ['localhost:8080', 'http://localhost:8080'],
    [' localhost:8080\n', 'http://localhost:8080'],
    ['localhost:80', 'http://localhost'],
    ['node_1:8080', 'http://node_1:8080'],
    ['[::1]:8080', 'http://[::1]:8080'],
    ['http://[::1]:8080///', 'http://[::1]:8080'],
    ['http://[0:0::0:1]:8080', 'http://[::1]:8080'],
    ['http://proxy:8080/holdfast/', 'http://proxy:8080/holdfast'],
    ['proxy:8080/holdfast//', 'http://proxy:8080/holdfast'],
  ];
  for (const [text, url] of taken)
    it(`is read in "${text.trim()}"`, () => assert.equal(endpointOf(text).url, url));

  it('is told with its parts', () => {
    assert.deepEqual(endpointOf('https://[2001:DB8::1]/below'), {
      url: 'https://[2001:db8::1]/below',
      host: '2001:db8::1',
      port: 443,
      path: '/below',
    });
  });

  const refused: readonly (readonly [text: string, why: RegExp])[] = [
    ['', /^is empty$/],
    [' ', /^is empty$/],
    ['localhost', /^must be host:port/],
    ['8080', /must be host:port/],
    [':8080', /must name a host/],
    ['/', /must name a host/],
    ['http://', /must name a host/],
    ['http:///a:1', /must name a host/],
    ['http://:8080', /must name a host/],
    ['http://a b', /contains a space/],
    ['http://a\t:1', /control character/],
    ['http:\\\\a:1', /backslash/],
    ['http:a:1', /must be host:port/],
    ['http:/a:1', /must be host:port/],
    ['a:port', /must be host:port/],
    ['a:1:2', /^must be host:port/],
    ['a:', /must be host:port/],
    ['a:0', /port of at least 1/],
    ['a:65536', /port of at most 65535/],
    ['http://a:', /must be host:port/],
    ['http://a:0', /port of at least 1/],
    ['http://a:65536', /port of at most 65535/],
    ['http://a:port', /must be host:port/],
    ['::1:8080', /brackets: \[::1\]:8080/],
    ['http://::1:8080', /brackets: \[::1\]:8080/],
    ['[::1]', /must be host:port, or \[host\]:port/],
    ['[::1:8080', /must be host:port, or \[host\]:port/],
    ['[::x]:8080', /IPv6 address between/],
    ['http://[::x]', /a valid host/],
    ['http://[fe80::1%eth0]:1', /a valid host/],
    ['999.1.1.1:8080', /a valid host/],
    ['ws://a:1', /must begin with http:\/\/ or https:\/\/, not ws:\/\//],
    ['redis://a:1', /not redis:\/\//],
    ['http://a:1/?x=1', /nothing but a path/],
    ['a:1#part', /nothing but a path/],
    ['http://user:secret@a:1', /user or password/],
    ['user:secret@a:1', /user or password/],
    ['a:1,b:2', /must be host:port/],
  ];
  for (const [text, why] of refused)
    it(`is not ${JSON.stringify(text)}`, () => assert.match(whyNot(text), why));

  it('is refused with a code, the value and what to write instead', () => {
    assert.throws(
      () => endpointOf('localhost'),
      (error) =>
        error instanceof HoldfastError &&
        error.code === 'invalid_request' &&
        error.message ===
          'The address of a node, "localhost", must be host:port, or [host]:port for an IPv6 address. Nodes are named http://host:port or host:port.',
    );
  });

  it('is refused without telling a password, or more than a line', () => {
    for (const text of ['http://me:secret@a:1', 'me:secret@a:1', 'http://me:se/cret@a:1'])
      assert.throws(
        () => endpointOf(text),
        ({ message }: Error) => !message.includes('cret') && message.includes('…@a:1'),
      );
    assert.throws(
      () => endpointOf('x'.repeat(100_000)),
      ({ message }: Error) => message.length < 500,
    );
  });

  it('whatever is taken makes URLs that can be asked', () => {
    for (const [text] of taken) {
      const endpoint = endpointOf(text);
      assert.equal(new URL(streamUrlOf(endpoint)).pathname, `${endpoint.path}/stream`);
      assert.equal(endpointOf(endpoint.url).url, endpoint.url);
    }
    assert.equal(streamUrlOf(endpointOf('https://a:1/p/')), 'wss://a:1/p/stream');
  });

  it('that another node tells is none of "every address of this machine"', () => {
    for (const text of [
      'http://0.0.0.0:8080',
      'http://[::]:8080',
      '[::0]:1',
      '0:1',
      'http://[::ffff:0.0.0.0]:1',
    ])
      assert.equal(readToldEndpoint(text).ok, false, text);
    assert.equal(readToldEndpoint('http://127.0.0.1:8080').ok, true);
  });
});
