/**
 * Where a Redis server is: the one reading of such an address, whoever is given it (a setting of nodes, an option, a program).
 *
 * REDIS-ADDRESS-1: what is accepted can be connected to as it is told here: the host without the brackets of a URL, user and
 *     password decoded, a port that something listens on. What a driver would not take is refused where it was written.
 * REDIS-ADDRESS-2: nothing of it is passed over: what stands behind the host is the number of a database, or is refused.
 */
import { readHostPort } from './host-port.ts';
import { parseUrl } from './url.ts';

export interface RedisServerAddress {
  readonly isTls: boolean;
  /** An IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** Empty where there is none. */
  readonly username: string;
  /** Empty where there is none. */
  readonly password: string;
  /** Undefined where the address names none: the server takes its first one, 0. */
  readonly database: number | undefined;
}

export type RedisAddressReading =
  | { readonly ok: true; readonly address: RedisServerAddress }
  /** Follows the text that was given. It tells nothing of the text: that may be a password. */
  | { readonly ok: false; readonly problem: string };

const usualPort = '6379';
const databasePath = /^\/(?:(0|[1-9]\d{0,8}))?$/;

/** Reads `redis://user:password@host:port/database` and `rediss://…`, which means TLS; only the host is needed. */
export function readRedisAddress(text: string): RedisAddressReading {
  const url = parseUrl(text);
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === '')
    return refused(
      'must be an address such as redis://127.0.0.1:6379, redis://[::1]:6379 or rediss://user:password@host',
    );
  const place = readHostPort(`${url.hostname}:${url.port === '' ? usualPort : url.port}`);
  if (!place.ok || place.port === 0)
    return refused('must name a host, and a port from 1 to 65535 where it names one');
  const username = decoded(url.username);
  const password = decoded(url.password);
  if (username === undefined || password === undefined)
    return refused(
      'has a "%" in its user or password that encodes no character: write %25 for a percent sign',
    );
  const path = databasePath.exec(url.pathname === '' ? '/' : url.pathname);
  if (path === null || url.search !== '' || url.hash !== '')
    return refused('must have nothing behind its host but the number of a database, such as /3');
  const [, database] = path;
  const isTls = url.protocol === 'rediss:';
  return {
    ok: true,
    address: {
      isTls,
      host: place.host,
      port: place.port,
      username,
      password,
      database: database === undefined ? undefined : Number(database),
    },
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

const refused = (problem: string): RedisAddressReading => ({ ok: false, problem });
