/** A lease node answers to each method as a node of a cluster does. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { KnownMethods } from '../../src/http/methods.ts';
import { LeaseNodes } from './support/lease-nodes.ts';

describe('a path of a lease node', () => {
  const nodes = new LeaseNodes();
  let url = '';
  before(async () => {
    url = (await nodes.start('a')).url;
  });
  after(() => nodes.end());

  const paths: readonly (readonly [path: string, allow: string])[] = [
    ['/livez', 'GET, HEAD, OPTIONS'],
    ['/readyz', 'GET, HEAD, OPTIONS'],
    ['/metrics?x=1', 'GET, HEAD, OPTIONS'],
    ['/openapi.json', 'GET, HEAD, OPTIONS'],
    ['/status/a%2Fb', 'GET, HEAD, OPTIONS'],
    ['/acquire', 'OPTIONS, POST'],
  ];
  for (const [path, allow] of paths)
    it(`${path} tells its methods, and is 405 for others`, async () => {
      const asked = await fetch(`${url}${path}`, { method: 'OPTIONS' });
      assert.deepEqual([asked.status, asked.headers.get('allow')], [204, allow]);
      const refused = await fetch(`${url}${path}`, { method: 'DELETE' });
      assert.deepEqual([refused.status, refused.headers.get('allow')], [405, allow]);
      const { code, detail } = (await refused.json()) as {
        readonly code: string;
        readonly detail: string;
      };
      assert.equal(code, 'method_not_allowed');
      assert.match(detail, /has no DELETE\. It has /);
    });

  it('that is not there is 404, whatever the method', async () => {
    for (const method of ['GET', 'OPTIONS', 'DELETE'])
      assert.equal((await fetch(`${url}/none`, { method })).status, 404, method);
  });

  it('is known by its pattern alone: "." is no wildcard, a name is one segment', () => {
    const known = new KnownMethods();
    known.add({ url: '/openapi.json', method: 'GET' });
    known.add({ url: '/status/:resource', method: ['GET', 'HEAD'] });
    assert.equal(known.of('/openapi-json'), undefined);
    assert.equal(known.of('/status/a/b'), undefined);
    assert.deepEqual(known.of('/status/a'), ['GET', 'HEAD', 'OPTIONS']);
  });
});
