/** A process of its own that carries bytes to a port, so that it can be stopped: `way-entry.ts PORT` prints where it listens. */
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

const target = Number(process.argv[2]);
const server = createServer((socket) => {
  const onward = connect(target, '127.0.0.1');
  socket.pipe(onward).pipe(socket);
  socket.on('error', () => onward.destroy());
  onward.on('error', () => socket.destroy());
});
server.listen(0, '127.0.0.1', () => {
  console.log((server.address() as AddressInfo).port);
});
