/**
 * How many requests of one connection are in flight over HTTP/1.1.
 *
 * PIPELINED-1: a connection with more than `mostInFlight` requests that are not answered yet ends, and what came behind them is not looked at. Each
 *     request is parsed and routed before it can wait for its turn, and up to 2 MiB of a connection are read in one turn of the event loop: some
 *     thousands of short ones would take a quarter of a second, before anybody knows who asks, and a leader that is late is deposed.
 *     No client that is known sends so many without waiting for an answer.
 */
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

export const mostInFlight = 128;

/** To be called before other hooks are added. */
export function boundPipelined(app: FastifyInstance): void {
  const inFlight = new WeakMap<Socket, number>();
  app.server.prependListener('request', ({ socket }, response) => {
    const count = (inFlight.get(socket) ?? 0) + 1;
    inFlight.set(socket, count);
    if (count > mostInFlight) socket.destroy();
    response.once('close', () => inFlight.set(socket, (inFlight.get(socket) ?? 1) - 1));
  });
  // What has been read with it is told to nobody.
  app.addHook('onRequest', (request, reply, done) => {
    if (request.raw.socket.destroyed) reply.hijack();
    else done();
  });
}
