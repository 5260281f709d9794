/**
 * Where gRPC is listened for. The library takes neither revocation lists nor a deadline of handshakes, and bounds no
 * connections; so both are done here, as for every other port, and it is given connections that were judged.
 */
import { ServerCredentials } from '@grpc/grpc-js';
import type { Server } from '@grpc/grpc-js';
import { once } from 'node:events';
import { createServer as createPlainServer } from 'node:net';
import type { AddressInfo, Server as NetServer, Socket } from 'node:net';
import { createServer } from 'node:tls';
import { Connections } from '@holdfast/tls';
import type { ConnectionsOptions, ServerSecurity } from '@holdfast/tls';
import type { GrpcAddress } from '../options.ts';

export interface GrpcListening {
  readonly port: number;
  readonly connections: Connections;
  /** Takes no more connections, and ends those whose handshake is not over. Resolves when all have ended. */
  readonly stop: () => Promise<void>;
}

/** @throws Error where the address cannot be bound. */
export async function listen(
  server: Server,
  { host, port }: GrpcAddress,
  bounds: ConnectionsOptions,
  security: ServerSecurity | undefined,
): Promise<GrpcListening> {
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const take = (socket: Socket): void => {
    // What is wrong with a connection ends it.
    socket.on('error', () => undefined);
    if (!socket.destroyed) injector.injectConnection(socket);
  };
  let listener: NetServer;
  let endHandshakes = (): void => undefined;
  if (security === undefined) listener = createPlainServer(take);
  else {
    const options = { ...security.serverOptions, ALPNProtocols: ['h2'] };
    const secure = createServer(options, (socket) => {
      if (socket.alpnProtocol === 'h2') take(socket);
      else socket.destroy();
    });
    endHandshakes = security.secure(secure, 'grpc');
    listener = secure;
  }
  const connections = new Connections(listener, bounds);
  listener.listen({ host, port });
  await once(listener, 'listening');
  const bound = listener.address() as AddressInfo;
  return {
    port: bound.port,
    connections,
    stop: () => {
      endHandshakes();
      return new Promise((resolve) => {
        listener.close(() => resolve());
      });
    },
  };
}
