/** The WebSocket of `ws` for Node, whose own is missing from Node 20; `socket.browser.ts` is its counterpart for browsers. */
import { WebSocket } from 'ws';
import { causeOf, noAnswerIn } from './causes.ts';
import { tlsOptionsOf } from './tls.ts';
import type { TlsSettings } from './tls.ts';

const handshakeMs = 2000;

export interface StreamSocket {
  send(text: string): void;
  close(): void;
  /** What was sent and has not left the machine, where that is known. */
  readonly unsentBytes?: number;
}

export interface MeasuredSocket extends StreamSocket {
  readonly unsentBytes: number;
}

export interface SocketEvents {
  readonly onOpen: () => void;
  readonly onMessage: (text: string) => void;
  /** @param cause Why it could not be made, where the platform tells: ECONNREFUSED, say. */
  readonly onClose: (cause?: string) => void;
}

/** @param tls For `wss://`. */
export function openSocket(url: string, events: SocketEvents, tls?: TlsSettings): MeasuredSocket {
  let socket: WebSocket;
  try {
    const certificates =
      tls !== undefined && url.startsWith('wss:')
        ? { ...tlsOptionsOf(tls), rejectUnauthorized: true } // As in requests.ts.
        : {};
    socket = new WebSocket(url, {
      ...certificates,
      perMessageDeflate: false,
      handshakeTimeout: handshakeMs,
    });
  } catch (error) {
    // What is no certificate, or a function that gives none: no connection, like any other that fails.
    queueMicrotask(() => events.onClose(causeOf(error)));
    return { send: () => undefined, close: () => undefined, unsentBytes: 0 };
  }
  socket.on('open', events.onOpen);
  socket.on('message', (data: Buffer) => events.onMessage(data.toString('utf8')));
  let cause: string | undefined;
  // 'close' follows.
  socket.on('error', (error) => {
    cause = isLateHandshake(error) ? noAnswerIn(handshakeMs) : causeOf(error);
  });
  socket.on('close', () => events.onClose(cause));
  // Binary: what is JSON needs no second check for being UTF-8.
  return {
    send: (text) => socket.send(text, { binary: true }),
    close: () => socket.terminate(),
    get unsentBytes() {
      return socket.bufferedAmount;
    },
  };
}

/** As `ws` says it. */
const isLateHandshake = ({ message }: Error): boolean =>
  message === 'Opening handshake has timed out';
