/**
 * The last answer on a connection that Node's HTTP server has left, with its listeners and time-outs: where an upgrade is refused, or
 * what arrived is no HTTP.
 *
 * LAST-ANSWER-1: whatever the client does, its connection ends, and the process goes on: a connection that is reset is no error of
 *     the node, and one that its client leaves open is destroyed after `closedWithinMs`.
 */
import type { Duplex } from 'node:stream';

/** For a client to read why, and to close its side. */
const closedWithinMs = 1000;

/** @param answer The whole response, as text of HTTP. */
export function answerAndClose(socket: Duplex, answer: string): void {
  socket.on('error', () => undefined);
  const timer = setTimeout(() => socket.destroy(), closedWithinMs);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.resume(); // What is still sent is of no use; else its end would not be seen.
  socket.end(answer);
}
