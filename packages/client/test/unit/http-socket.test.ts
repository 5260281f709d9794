import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { HoldfastError, longestBodyBytes } from '@holdfast/protocol';
import { untilSo } from '../../../checker/src/waits.ts';
import { connect } from '../../src/index.ts';

const block = Buffer.alloc(1024 * 1024, ' ');

describe('A node that is asked over plain HTTP', () => {
  it(
    'is left when its answer has no end, and no more of it is read (ANS-1)',
    { timeout: 20_000 },
    async () => {
      const written: number[] = [];
      let tellLeft: () => void = () => undefined;
      const left = new Promise<void>((resolve) => (tellLeft = resolve));
      const server = createServer((_request, response) => {
        let blocks = 0;
        const write = (): void => {
          while (!response.destroyed && response.write(block)) blocks += 1;
        };
        response.on('drain', write).on('close', () => {
          written.push(blocks);
          tellLeft();
        });
        write();
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      try {
        const endpoints = [`http://127.0.0.1:${String(port)}`];
        await assert.rejects(connect({ endpoints, transport: 'http', timeoutMs: 1500 }));
        // The server hears of it a little later. A connection that stays is what the time-out of the test is for.
        await left;
        for (const blocks of written) assert.ok(blocks < 100, `${String(blocks)} MiB`);
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  );

  it('is sent no request that is larger than it reads, and others as before (REQUEST-TEXT-1)', async () => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(String(request.url));
      request.resume();
      const status = { cluster_id: 'c', node_id: 'n', leader: 'n', members: [] };
      const isStatus = request.url === '/cluster/status';
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(isStatus ? status : { locks: [], version: '1' }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const endpoints = [`http://127.0.0.1:${String(port)}`];
      const client = await connect({ endpoints, transport: 'http', timeoutMs: 5000 });
      for (const value of ['x'.repeat(longestBodyBytes), '€'.repeat(longestBodyBytes / 3)])
        await assert.rejects(
          client.cache.set('a', value),
          (error) =>
            error instanceof HoldfastError &&
            error.code === 'invalid_request' &&
            error.effect === 'none',
        );
      await client.cache.set('a', 'y'.repeat(60_000));
      await client.close();
      assert.equal(asked.filter((url) => url === '/operations/cache_set').length, 1);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('answers no wait that is cancelled: its caller is told what became of it here', async () => {
    const left: string[] = [];
    const server = createServer((request, response) => {
      request.resume();
      const status = { cluster_id: 'c', node_id: 'n', leader: 'n', members: [] };
      const url = String(request.url);
      const isAcquire = url.startsWith('/operations/acquire');
      if (isAcquire) response.on('close', () => left.push(url));
      response.setHeader('content-type', 'application/json');
      if (!isAcquire)
        response.end(JSON.stringify(url === '/cluster/status' ? status : { locks: [] }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    try {
      const endpoints = [`http://127.0.0.1:${String(port)}`];
      const client = await connect({ endpoints, transport: 'http', timeoutMs: 5000 });
      const body = { session_id: 's', name: 'a' };
      const codeOf = async (settings: { timeoutMs?: number; signal?: AbortSignal }) =>
        client.call('acquire', body, settings).catch((error: unknown) => {
          assert.ok(error instanceof HoldfastError, String(error));
          return [error.code, error.effect];
        });
      assert.deepEqual(await codeOf({ timeoutMs: 300 }), ['deadline_exceeded', 'perhaps']);
      const signal = AbortSignal.timeout(300);
      assert.deepEqual(await codeOf({ signal }), ['cancelled', 'perhaps']);
      await client.close();
      await untilSo(() => left.length === 2, { what: 'the node hears of both' });
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
