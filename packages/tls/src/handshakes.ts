/**
 * Connections on which the handshake is not over yet.
 *
 * TLS-3: a handshake is over within its deadline, counted from the connection on and not from the latest byte, or its
 *     connection is closed. How many there may be is bounded: where there are too many the oldest goes, first of an
 *     address that has more than half of them.
 */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { networkOf } from './network.ts';

const maxPending = 1024;
const maxPerAddress: number = maxPending / 2;

interface Pending {
  readonly socket: Socket;
  readonly address: string;
  readonly timer: NodeJS.Timeout;
}

const keyOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string =>
  `${remoteAddress} ${String(remotePort)}`;

/** Watches over all handshakes of this server (TLS-3). @returns Ends those that are under way. */
export function boundHandshakes(server: Server, deadlineMs: number): () => void {
  /** In order of age. */
  const pending = new Map<string, Pending>();
  const counts = new Map<string, number>();
  const settle = (key: string, socket?: Socket): void => {
    const found = pending.get(key);
    if (found === undefined || (socket !== undefined && found.socket !== socket)) return;
    pending.delete(key);
    clearTimeout(found.timer);
    const left = (counts.get(found.address) ?? 1) - 1;
    if (left === 0) counts.delete(found.address);
    else counts.set(found.address, left);
  };
  const makeRoom = (address: string): void => {
    const ofAddress = (counts.get(address) ?? 0) >= maxPerAddress;
    if (!ofAddress && pending.size < maxPending) return;
    for (const [key, oldest] of pending) {
      if (ofAddress && oldest.address !== address) continue;
      settle(key);
      oldest.socket.destroy();
      return;
    }
  };
  server.on('connection', (socket: Socket) => {
    const key = keyOf(socket);
    const address = networkOf(socket.remoteAddress ?? '');
    makeRoom(address);
    const timer = setTimeout(() => {
      settle(key, socket);
      socket.destroy();
    }, deadlineMs);
    timer.unref();
    pending.set(key, { socket, address, timer });
    counts.set(address, (counts.get(address) ?? 0) + 1);
    socket.once('close', () => settle(key, socket));
  });
  server.prependListener('secureConnection', (socket: TLSSocket) => settle(keyOf(socket)));
  return () => {
    for (const [key, { socket }] of pending) {
      settle(key);
      socket.destroy();
    }
  };
}
