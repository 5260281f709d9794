/**
 * How members open and accept connections, and what a connection proves of who is at its other end.
 *
 * PEER-1: where connections prove names, a hello counts under a proven name alone, on both sides and before anything
 *     of it is remembered: a member of another name, of another authority or of none cannot join, dial or be dialled.
 *     Where they prove none, whoever reaches the port can say anything: those addresses are for the members alone.
 */
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';
import type { HostPort } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';

export interface PeerListener {
  readonly server: Server;
  /** Ends the connections that were not handed out yet: the server is about to be closed. */
  readonly endHandshakes: () => void;
}

export interface PeerSockets {
  /** Each socket is handed out when it can be talked on. */
  listen(onSocket: (socket: Socket) => void): PeerListener;
  /** Emits `readyEvent` when it can be talked on; fails where another one than `peer` is there. */
  connect(to: HostPort, peer: MemberId): Socket;
  readonly readyEvent: 'connect' | 'secureConnect';
  /** The names that the other end has proven; undefined where connections prove none. */
  namesOf(socket: Socket): readonly string[] | undefined;
}

export const plainSockets: PeerSockets = {
  listen: (onSocket) => ({
    server: createServer({ noDelay: true }, onSocket),
    endHandshakes: () => undefined,
  }),
  connect: (to) => connect({ ...to, noDelay: true }),
  readyEvent: 'connect',
  namesOf: () => undefined,
};

/** Why this connection says nothing of the member (PEER-1); undefined: it may. */
export function unproven(from: string, names: readonly string[] | undefined): string | undefined {
  if (names === undefined || names.includes(from)) return undefined;
  const told = names.length === 0 ? 'names no member' : `is of ${names.slice(0, 8).join(', ')}`;
  return (
    `The certificate of the other end ${told}, and its hello is of node "${from}". A member's certificate ` +
    `names its cluster.node_id as a DNS name, and is for both uses, server and client.`
  );
}
