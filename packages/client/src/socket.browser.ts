/** The WebSocket that browsers have by themselves; `socket.ts` is its counterpart for Node. */
import type { SocketEvents, StreamSocket } from './socket.ts';

export function openSocket(url: string, events: SocketEvents): StreamSocket {
  const socket = new WebSocket(url);
  socket.addEventListener('open', events.onOpen);
  socket.addEventListener('message', (event) => events.onMessage(String(event.data)));
  socket.addEventListener('close', events.onClose); // An 'error' is followed by it.
  return { send: (text) => socket.send(text), close: () => socket.close() };
}
