/** What a client stands on; injected so that tests and simulations own it. */
import { fetchWith } from '#requests';
import { openSocket } from '#socket';
import { systemClock } from './clock.ts';
import { openHttp } from './http-socket.ts';
import { readApiKey, withHello } from './hello.ts';
import type { ApiKey } from './hello.ts';
import type { OpenSocket } from './open-socket.ts';
import type { TlsSettings } from './tls.ts';
import type { ClientClock } from './clock.ts';

export interface Environment {
  readonly clock: ClientClock;
  readonly openSocket: OpenSocket;
  /** Where no WebSocket comes through. Absent: then there is no connection. */
  readonly openHttp?: OpenSocket;
  /** A name that nobody else has. */
  readonly newId: () => string;
}

export const systemEnvironment: Environment = environmentWith(undefined);

/**
 * That of the platform.
 *
 * @param tls Of connections to `https://` endpoints.
 * @param apiKey Shown to nodes.
 */
export function environmentWith(tls: TlsSettings | undefined, apiKey?: ApiKey): Environment {
  const fetchPlain = fetchWith(tls);
  const openPlain: OpenSocket = (url, events) => openSocket(url, events, tls);
  const fetchAny: typeof fetchPlain =
    apiKey === undefined
      ? fetchPlain
      : (url, init = {}) => {
          const given = readApiKey(apiKey);
          if ('why' in given) return Promise.reject(new Error(given.why));
          const headers = new Headers(init.headers);
          headers.set('authorization', `Bearer ${given.value}`);
          return fetchPlain(url, { ...init, headers });
        };
  return {
    clock: systemClock,
    openSocket: apiKey === undefined ? openPlain : withHello(openPlain, apiKey),
    openHttp: (url, events) => openHttp(url, events, fetchAny),
    newId: () => globalThis.crypto.randomUUID(),
  };
}
