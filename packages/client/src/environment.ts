/** What a client stands on; injected so that tests and simulations own it. */
import { openSocket } from '#socket';
import type { SocketEvents, StreamSocket } from '#socket';
import { systemClock } from './clock.ts';
import { openHttp } from './http-socket.ts';
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

export const systemEnvironment: Environment = {
  clock: systemClock,
  openSocket,
  openHttp,
  newId: () => globalThis.crypto.randomUUID(),
};
