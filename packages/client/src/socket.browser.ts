/** The WebSocket that browsers have by themselves; `socket.ts` is its counterpart for Node. */
import type { MeasuredSocket, SocketEvents } from './socket.ts';

export function openSocket(url: string, events: SocketEvents): MeasuredSocket {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  socket.addEventListener('open', () => events.onOpen());
  socket.addEventListener('message', (event: { readonly data: unknown }) => {
    const { data } = event;
    if (typeof data === 'string') events.onMessage(data);
    else if (data instanceof ArrayBuffer) events.onMessage(decoder.decode(data));
  });
  socket.addEventListener('close', () => events.onClose()); // An 'error' is followed by it.
  return {
    send: (text) => socket.send(encoder.encode(text)),
    close: () => socket.close(),
    get unsentBytes() {
      return socket.bufferedAmount;
    },
  };
}
