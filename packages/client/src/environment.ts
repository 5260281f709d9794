/** What a client stands on; injected so that tests and simulations own it. */
import { fetchWith } from '#requests';
import { openSocket } from '#socket';
import type { SocketEvents, StreamSocket } from '#socket';
import { systemClock } from './clock.ts';
import { openHttp } from './http-socket.ts';
import type { TlsSettings } from './tls.ts';
import type { ClientClock } from './clock.ts';

export type OpenSocket = (url: string, events: SocketEvents) => StreamSocket;

export interface Environment {
  readonly clock: ClientClock;
  readonly openSocket: OpenSocket;
  /** Where no WebSocket comes through. Absent: then there is no connection. */
  readonly openHttp?: OpenSocket;
  /** A name that nobody else has. */
  readonly newId: () => string;
}

export const systemEnvironment: Environment = environmentWith(undefined);

/** That of the platform. @param tls Of connections to `https://` endpoints. */
export function environmentWith(tls: TlsSettings | undefined): Environment {
  const fetchAny = fetchWith(tls);
  return {
    clock: systemClock,
    openSocket: (url, events) => openSocket(url, events, tls),
    openHttp: (url, events) => openHttp(url, events, fetchAny),
    newId: () => globalThis.crypto.randomUUID(),
  };
}
