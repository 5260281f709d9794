/** What a client stands on; injected so that tests and simulations own it. */
import { openSocket } from '#socket';
import type { SocketEvents, StreamSocket } from '#socket';
import { systemClock } from './clock.ts';
import type { ClientClock } from './clock.ts';

export type OpenSocket = (url: string, events: SocketEvents) => StreamSocket;

export interface Environment {
  readonly clock: ClientClock;
  readonly openSocket: OpenSocket;
  /** A name that nobody else has. */
  readonly newId: () => string;
}

export const systemEnvironment: Environment = {
  clock: systemClock,
  openSocket,
  newId: () => globalThis.crypto.randomUUID(),
};
