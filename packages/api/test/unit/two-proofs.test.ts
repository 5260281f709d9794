/** Whoever shows two keys proves nothing: a proxy in front may have looked at the other one (DENY-2). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { Metadata } from '@grpc/grpc-js';
import { contextOfPeer } from '../../src/grpc/performing.ts';
import { RequestError } from '../../src/request-error.ts';
import { secured } from '../secured-api.ts';

test('a request with two keys is refused, in whatever order they stand and whichever holds', async (t) => {
  const { built, root } = await secured(t);
  const right = String(root['authorization']);
  const wrong = 'Bearer hf_aaaaaaaaaaaaaaaa_b';
  const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
  const overHttp = async (authorization: string[]): Promise<number | undefined> => {
    // Of headers in pairs each is sent, also of the same name.
    const pairs = authorization.flatMap((one) => ['authorization', one]);
    const headers = ['host', new URL(url).host, ...pairs];
    const asked = request(`${url}/locks`, { headers, agent: false });
    asked.end();
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  };
  const overGrpc = (shown: readonly string[]): string => {
    const metadata = new Metadata();
    for (const one of shown) metadata.add('authorization', one);
    const call = { metadata, getPeer: () => '127.0.0.1:1', getAuthContext: () => null };
    const context = contextOfPeer(built.context, call);
    return context instanceof RequestError ? context.code : context.caller.identity;
  };
  assert.equal(await overHttp([right]), 200);
  assert.equal(overGrpc([right]), 'root');
  for (const shown of [
    [right, wrong],
    [wrong, right],
    [right, right],
  ]) {
    assert.equal(await overHttp(shown), 401);
    assert.equal(overGrpc(shown), 'unauthorized');
  }
});
