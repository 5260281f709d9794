/** Sends every WebSocket message back; tells its port to its parent and lives as long as that. */
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
server.on('connection', (socket) => {
  socket.on('message', (data) => socket.send(data, { binary: false }));
});
server.on('listening', () => {
  const address = server.address();
  if (isAddress(address)) process.send?.(address.port);
});
process.on('disconnect', () => process.exit(0));

function isAddress(address: AddressInfo | string | null): address is AddressInfo {
  return typeof address === 'object' && address !== null;
}
