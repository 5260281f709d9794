/** Where gRPC is served, and what is told where it cannot be. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, test } from 'node:test';
import { startApi } from '../../../src/index.ts';
import type { ApiOptions } from '../../../src/index.ts';
import { MemoryEngine } from '../../memory-engine.ts';

const ignore = (): void => undefined;
const options = (): ApiOptions => ({
  engine: new MemoryEngine(),
  host: '127.0.0.1',
  port: 0,
  nodeId: 'node-1',
  version: '0',
  log: { info: ignore, warn: ignore, error: ignore },
});

describe('starting', () => {
  test('given no address, then no gRPC', async () => {
    const api = await startApi(options());
    assert.equal(api.grpcAddress, undefined);
    await api.close();
  });

  test('given port 0, then the address that it got; closed twice, it is gone', async () => {
    const api = await startApi({ ...options(), grpc: { host: '127.0.0.1', port: 0 } });
    assert.match(api.grpcAddress ?? '', /^127\.0\.0\.1:[1-9]\d+$/);
    await Promise.all([api.close(), api.close()]);
    const port = Number(api.grpcAddress?.split(':')[1]);
    const again = createServer().listen(port, '127.0.0.1');
    await once(again, 'listening');
    again.close();
  });

  test('given a port in use, then an error that says which and what to do, and HTTP is gone too', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port: httpPort } = free.address() as AddressInfo;
    free.close();
    await once(free, 'close');
    await assert.rejects(
      startApi({ ...options(), port: httpPort, grpc: { host: '127.0.0.1', port } }),
      (error: Error) =>
        error.message.includes(`127.0.0.1:${String(port)}`) && /grpc\.port/.test(error.message),
    );
    await assert.rejects(fetch(`http://127.0.0.1:${String(httpPort)}/livez`));
    other.close();
  });
});
