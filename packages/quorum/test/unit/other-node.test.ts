import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { longestPageBytes, OtherNode } from '../../src/http/other-node.ts';
import { longestResourceName } from '../../src/http/schemas.ts';
import { namesOnAPage } from '../../src/node/pages.ts';

const page = {
  epoch: 1,
  set: '1-a',
  after: '',
  voting: true,
  fresh: false,
  file_id: 1,
  bootstrap_set: [],
  floor: 0,
};

describe('What a node reads of another one', () => {
  let server: Server;
  let other: OtherNode;
  let answer: (response: ServerResponse) => void;
  beforeEach(async () => {
    server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    other = new OtherNode(`http://127.0.0.1:${String(port)}`, undefined);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  it('is the largest page, whole', async () => {
    const names = Array.from({ length: namesOnAPage }, (_, at) =>
      String(at).padEnd(longestResourceName, '\u0001'),
    );
    const tokens = names.map((name) => [name, Number.MAX_SAFE_INTEGER - 1] as const);
    answer = (response) => response.end(JSON.stringify({ ...page, tokens, next: '1.1000' }));
    assert.equal((await other.tokens('')).tokens.length, namesOnAPage);
  });

  it('is no more than that of a body without end (ANS-1)', async () => {
    const over = Promise.withResolvers<void>();
    const chunk = Buffer.alloc(64 * 1024, ' ');
    let sentBytes = 0;
    answer = (response) => {
      response.on('close', over.resolve);
      const more = (): void => {
        if (response.destroyed) return;
        sentBytes += chunk.length;
        if (response.write(chunk)) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    };
    const expected = { code: 'internal', message: /more than \d+ bytes, which no node does/ };
    await assert.rejects(other.tokens(''), expected);
    await over.promise;
    assert.ok(sentBytes < longestPageBytes + 64 * 1024 * 1024, `${String(sentBytes)} bytes`);
  });
});
