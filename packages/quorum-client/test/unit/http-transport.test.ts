import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { longestAnswerBytes } from '@holdfast/protocol/bounded-answer';
import { HttpTransport } from '../../src/http-transport.ts';
import { isCode } from './support/voters.ts';

describe('Asking a lease node over HTTP', () => {
  let server: Server;
  let transport: HttpTransport;
  let answer: (response: ServerResponse) => void;
  beforeEach(async () => {
    server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as AddressInfo;
    transport = new HttpTransport(`http://127.0.0.1:${String(port)}`, undefined);
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });
  const ask = () => transport.ask('acquire', {}, AbortSignal.timeout(10_000));

  it('reads what fits, to the last byte', async () => {
    const text = 'x'.repeat(longestAnswerBytes - '{"text":""}'.length);
    answer = (response) => response.end(JSON.stringify({ text }));
    assert.deepEqual(await ask(), { text });
    answer = (response) => response.end(JSON.stringify({ text: `${text}x` }));
    await assert.rejects(ask(), isCode('internal'));
  });

  it('cuts off a body without end (ANS-1)', async () => {
    let sentBytes = 0;
    const over = Promise.withResolvers<void>();
    const chunk = Buffer.alloc(64 * 1024, ' ');
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
    await assert.rejects(ask(), (error: Error) => {
      assert.match(error.message, /more than 65536 bytes, which no node does/);
      return isCode('internal')(error);
    });
    await over.promise;
    assert.ok(sentBytes < 64 * 1024 * 1024, `${String(sentBytes)} bytes`);
  });

  it('says so where the answer is no JSON', async () => {
    answer = (response) => response.end('<html>');
    await assert.rejects(ask(), isCode('internal'));
  });
});
