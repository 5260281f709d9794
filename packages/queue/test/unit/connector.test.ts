import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Connector } from '../../src/redis/connector.ts';

test('a second error of a socket to Redis is heard: nobody else does, and it would end the process (RCONN-4)', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const { port } = listener.address() as AddressInfo;
  const connector = new Connector({ host: '127.0.0.1', port });
  const socket = await connector.connect();
  t.after(() => socket.destroy());
  // As the client of Redis listens.
  socket.once('error', () => undefined);
  socket.emit('error', new Error('The certificate does not hold.'));
  assert.doesNotThrow(() => socket.emit('error', new Error('The other end has said so as well.')));
  assert.match(connector.firstError?.message ?? '', /other end/);
});
