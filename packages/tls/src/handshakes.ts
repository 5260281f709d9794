/**
 * Connections on which the handshake is not over yet.
 *
 * TLS-3: a handshake is over within its deadline, counted from the connection on and not from the latest byte, or its
 *     connection is closed. How many there may be is bounded: where there are too many the oldest goes, first of an
 *     address that has more than half of them. Each is counted by itself and given back once, also where a client uses
 *     its port again before its old connection is seen to be closed; one that its client has reset already is closed.
 */
import type { Socket } from 'node:net';
import type { Server, TLSSocket } from 'node:tls';
import { networkOf } from './network.ts';

const maxPending = 1024;
const maxPerAddress: number = maxPending / 2;

interface Pending {
  readonly socket: Socket;
  readonly key: string;
  readonly address: string;
  readonly timer: NodeJS.Timeout;
}

const keyOf = ({ remoteAddress = '', remotePort = 0 }: Socket): string =>
  `${remoteAddress} ${String(remotePort)}`;

/** Watches over all handshakes of this server (TLS-3). @returns Ends those that are under way. */
export function boundHandshakes(server: Server, deadlineMs: number): () => void {
  /** In order of age. */
  const pending = new Set<Pending>();
  /** The latest one with these ends: of two sockets, the one below TLS and the one above, they are the same. */
  const byEnds = new Map<string, Pending>();
  const counts = new Map<string, number>();
  const settle = (one: Pending): void => {
    if (!pending.delete(one)) return;
    clearTimeout(one.timer);
    if (byEnds.get(one.key) === one) byEnds.delete(one.key);
    const left = (counts.get(one.address) ?? 1) - 1;
    if (left === 0) counts.delete(one.address);
    else counts.set(one.address, left);
  };
  const end = (one: Pending): void => {
    settle(one);
    one.socket.destroy();
  };
  const makeRoom = (address: string): void => {
    const ofAddress = (counts.get(address) ?? 0) >= maxPerAddress;
    if (!ofAddress && pending.size < maxPending) return;
    for (const oldest of pending) {
      if (ofAddress && oldest.address !== address) continue;
      end(oldest);
      return;
    }
  };
  server.on('connection', (socket: Socket) => {
    if (socket.remoteAddress === undefined) {
      socket.destroy();
      return;
    }
    const address = networkOf(socket.remoteAddress);
    makeRoom(address);
    const timer = setTimeout(() => {
      end(one);
    }, deadlineMs);
    timer.unref();
    const one: Pending = { socket, key: keyOf(socket), address, timer };
    pending.add(one);
    byEnds.set(one.key, one);
    counts.set(address, (counts.get(address) ?? 0) + 1);
    socket.once('close', () => settle(one));
  });
  server.prependListener('secureConnection', (socket: TLSSocket) => {
    const one = byEnds.get(keyOf(socket));
    if (one !== undefined) settle(one);
  });
  return () => {
    for (const one of pending) end(one);
  };
}
