import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hostProblem } from '../../src/host-header.ts';

describe('The host of a request', () => {
  it('is a name or an address, with a port or without (HOST-1)', () => {
    for (const host of [
      'a',
      'a:1',
      'my_node.example:8080',
      '10.0.0.1',
      '[::1]:80',
      '[fe80::1]',
      '',
    ])
      assert.equal(hostProblem(['accept', '*/*', 'Host', host]), undefined, host);
    assert.equal(hostProblem([]), undefined, 'HTTP/1.0 has none.');
  });

  it('is refused where it can be read in two ways (HOST-1)', () => {
    for (const host of ['a b', 'a,b:x', 'http://a', 'a/b', 'a@b', 'a:1:2', '[::1', '::1', 'a?'])
      assert.match(hostProblem(['host', host]) ?? '', /is no host with a port/, host);
    assert.match(hostProblem(['host', 'a', 'HOST', 'a']) ?? '', /more than one "Host" header/);
  });
});
