import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigurationError, loadConfiguration } from '../../../src/index.ts';

/** @returns Why it is refused; empty: it is not. */
function refusal(urls: string, isCluster = false): string {
  const environment = {
    HOLDFAST_QUEUES_STORE: 'redis',
    HOLDFAST_QUEUES_REDIS_URLS: urls,
    HOLDFAST_QUEUES_REDIS_CLUSTER: String(isCluster),
  };
  try {
    loadConfiguration({ environment });
    return '';
  } catch (error) {
    assert.ok(error instanceof ConfigurationError);
    return error.message;
  }
}

describe('the address of the Redis that keeps the queues', () => {
  for (const url of ['redis://a', 'redis://[::1]:6379', 'rediss://me:p%25@a:1/3', 'redis://a/0'])
    it(`may be ${url}`, () => assert.equal(refusal(url), ''));

  it('is refused with the setting and the value, and without its password', () => {
    const told = refusal('redis://:100%@a:1');
    assert.match(told, /HOLDFAST_QUEUES_REDIS_URLS: has a "%".*given: "redis:\/\/…@a:1"/);
    const several = refusal('redis://:pass@a:1,redis://:pass@b:0', true);
    assert.match(several, /port from 1 to 65535.*given: "redis:\/\/…@b:0"/);
  });

  for (const url of ['redis://a:0', 'redis://a/x', 'redis://a?db=3', 'a:6379', 'http://a'])
    it(`is not ${url}`, () => assert.match(refusal(url), /HOLDFAST_QUEUES_REDIS_URLS: must /));

  it('names no database of a Redis Cluster, which has none', () => {
    assert.match(refusal('redis://a/3', true), /database.*queues\.redis_prefix/);
    assert.match(refusal('redis://a,redis://b/3', true), /database.*queues\.redis_prefix/);
    assert.equal(refusal('redis://a/0,redis://b', true), '');
  });

  it('has the same user, password and scheme for all servers of a Redis Cluster', () => {
    assert.equal(refusal('redis://:x@a,redis://:x@b,redis://c', true), '');
    for (const urls of [
      'redis://:x@a,redis://:y@b',
      'redis://a,rediss://b',
      'redis://a,redis://u@b',
    ])
      assert.match(refusal(urls, true), /scheme of the first one/, urls);
  });
});

describe('what was given, in the text of a refusal', () => {
  it('has no user and password, whatever the setting is', () => {
    const flags = { 'http-advertise': 'http://me:secret@a:1' };
    assert.throws(
      () => loadConfiguration({ flags }),
      ({ message }: Error) => !message.includes('secret') && message.includes('://…@a:1'),
    );
  });
});
