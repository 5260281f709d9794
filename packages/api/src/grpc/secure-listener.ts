/**
 * gRPC over TLS. The library takes neither revocation lists nor a deadline of handshakes, so the handshake is made
 * here, as for every other port, and it is given connections that were judged.
 */
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server } from '@grpc/grpc-js';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import type { ServerSecurity } from '@holdfast/tls';
import type { GrpcAddress } from '../options.ts';

export interface Listening {
  readonly port: number;
  /** Takes no more connections, and ends those whose handshake is not over. */
  readonly stop: () => void;
}

/** @throws Error where the address cannot be bound. */
export async function listenSecurely(
  server: Server,
  { host, port }: GrpcAddress,
  security: ServerSecurity,
): Promise<Listening> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const listener = createServer({ ...security.serverOptions, ALPNProtocols: ['h2'] }, (socket) => {
    // What is wrong with a connection ends it.
    socket.on('error', () => undefined);
    if (socket.alpnProtocol === 'h2') injector.injectConnection(socket);
    else socket.destroy();
  });
  const endHandshakes = security.secure(listener, 'grpc');
  listener.listen({ host, port });
  await once(listener, 'listening');
  const bound = listener.address() as AddressInfo;
  return {
    port: bound.port,
    stop: () => {
      endHandshakes();
      listener.close();
    },
  };
}
