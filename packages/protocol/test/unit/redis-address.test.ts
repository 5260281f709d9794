import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readRedisAddress } from '@holdfast/protocol/redis-address';
import type { RedisServerAddress } from '@holdfast/protocol/redis-address';

function addressIn(text: string): RedisServerAddress {
  const read = readRedisAddress(text);
  assert.ok(read.ok, text);
  return read.address;
}

describe('the address of a Redis server', () => {
  it('is told with its parts, as a driver takes them (REDIS-ADDRESS-1)', () => {
    assert.deepEqual(addressIn('rediss://me%40work:p%25%3A@redis.example:6380/3'), {
      isTls: true,
      host: 'redis.example',
      port: 6380,
      username: 'me@work',
      password: 'p%:',
      database: 3,
    });
    assert.deepEqual(addressIn('redis://127.0.0.1'), {
      isTls: false,
      host: '127.0.0.1',
      port: 6379,
      username: '',
      password: '',
      database: undefined,
    });
  });

  it('has an IPv6 address in brackets, and is connected to without them', () => {
    assert.equal(addressIn('redis://[::1]:34010').host, '::1');
    assert.equal(addressIn('redis://:secret@[2001:DB8:0::1]/').host, '2001:db8::1');
  });

  it('names a database behind its host, or none', () => {
    assert.equal(addressIn('redis://a/0').database, 0);
    assert.equal(addressIn('redis://a:1/15').database, 15);
    assert.equal(addressIn('redis://a:1/').database, undefined);
  });

  for (const [text, why] of [
    ['', /an address such as redis:/],
    ['a:6379', /an address such as redis:/],
    ['http://a', /an address such as redis:/],
    ['redis:a', /an address such as redis:/],
    ['redis://', /an address such as redis:/],
    ['redis://::1:6379', /an address such as redis:.*redis:\/\/\[::1\]:6379/],
    ['redis://a:65536', /an address such as redis:/],
    ['redis://a:0', /port from 1 to 65535/],
    ['redis://[::1]:0', /port from 1 to 65535/],
    ['redis://a%20b', /must name a host/],
    ['redis://:100%@a', /write %25/],
    ['redis://100%:x@a', /write %25/],
    ['redis://:%ff@a', /write %25/],
    ['redis://a/x', /number of a database/],
    ['redis://a/03', /number of a database/],
    ['redis://a/-1', /number of a database/],
    ['redis://a/1/2', /number of a database/],
    ['redis://a?db=3', /number of a database/],
    ['redis://a/3#x', /number of a database/],
  ] as const)
    it(`is not ${JSON.stringify(text)} (REDIS-ADDRESS-2)`, () => {
      const read = readRedisAddress(text);
      assert.ok(!read.ok);
      assert.match(read.problem, why);
    });
});
