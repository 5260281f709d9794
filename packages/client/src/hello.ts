/**
 * Who asks, told as the first request of a connection: browsers set no headers, so that it is done alike everywhere.
 *
 * KEYED-1: nothing is sent before it. The node takes requests in their order, and answers none without it where the key
 *     is wrong: a connection never goes on as somebody else.
 */
import type { OpenSocket } from './environment.ts';

/** A function is asked for each new connection: a key that was rotated is taken up that way. */
export type ApiKey = string | (() => string);

export const apiKeyOf = (key: ApiKey): string => (typeof key === 'function' ? key() : key);

/** No request has it: ids count from 1. */
const helloId = Number.MAX_SAFE_INTEGER;

export function withHello(open: OpenSocket, key: ApiKey): OpenSocket {
  return (url, events) => {
    let isAnswered = false;
    const socket = open(url, {
      ...events,
      onOpen: () => {
        socket.send(JSON.stringify([[helloId, 'hello', { api_key: apiKeyOf(key) }]])); // KEYED-1
        events.onOpen();
      },
      onMessage: (text) => {
        if (isAnswered) {
          events.onMessage(text);
          return;
        }
        const frame = JSON.parse(text) as readonly (readonly unknown[])[];
        const others = frame.filter(([id]) => id !== helloId);
        isAnswered = others.length < frame.length;
        if (others.length > 0) events.onMessage(JSON.stringify(others));
      },
    });
    return socket;
  };
}
