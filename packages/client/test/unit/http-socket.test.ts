import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
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
});
