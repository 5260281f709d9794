/**
 * The addresses in a configuration: where a node listens, and what it tells others of where it can be reached.
 *
 * CONFIG-ADDR-1: what a node tells (peers, clients) leads whoever hears it to that node. An address that means "all of
 *     this machine" leads each to itself, so it is never told: where others need one, it must be given.
 */
import { z } from 'zod';
import {
  formatHostPort,
  hostOf,
  hostPortOf,
  isWildcardHost,
  readHostPort,
  readPeerAddress,
  readToldEndpoint,
} from '@holdfast/protocol';
import type { HostPort } from '@holdfast/protocol';

export interface Peer {
  readonly id: string;
  /** `host:port`, with an IPv6 address in brackets. */
  readonly address: string;
}

export const nodeId: z.ZodType<string> = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, 'must be 1 to 64 letters, digits, ".", "_" or "-"');

type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: string };

/** Others remember it. */
const noPort = { ok: false, problem: 'must have a fixed port (from 1)' } as const;

/** Text that is read once, here; what comes out of it has its form. */
const readBy = <T>(read: (text: string) => Read<T>): z.ZodType<T, string> =>
  z.string().transform((text, context) => {
    const result = read(text);
    if (result.ok) return result.value;
    context.addIssue(result.problem);
    return z.NEVER;
  });

/** Null where it is empty. */
export const listenAddress: z.ZodType<HostPort | null, string> = readBy((text) => {
  if (text === '') return { ok: true, value: null };
  const read = readHostPort(text);
  if (!read.ok) return read;
  if (read.port === 0) return noPort;
  return { ok: true, value: { host: read.host, port: read.port } };
});

/** Empty where it is (CONFIG-ADDR-1). */
export const peerAddress: z.ZodType<string, string> = readBy((text) =>
  text === '' ? { ok: true, value: '' } : readPeerAddress(text),
);

/** `host:port`, whose host is the node id, or `id=host:port`. */
export const peer: z.ZodType<Peer, string> = readBy((text) => {
  const [, named, rest = ''] = /^(?:([^=]*)=)?(.*)$/s.exec(text) ?? [];
  const address = readPeerAddress(rest);
  if (!address.ok) return address;
  const id = named ?? hostPortOf(rest)?.host ?? '';
  if (nodeId.safeParse(id).success) return { ok: true, value: { id, address: address.value } };
  return {
    ok: false,
    problem:
      named === undefined
        ? `must name the node in front of this address: id=${address.value}`
        : 'must be host:port or id=host:port; an id has 1 to 64 letters, digits, ".", "_" or "-"',
  };
});

/** An address to listen on, without a port; brackets around an IPv6 address are taken off. */
export const host: z.ZodType<string, string> = readBy((text) => {
  if (readHostPort(formatHostPort(text, 1)).ok) return { ok: true, value: hostOf(text) };
  return {
    ok: false,
    problem: 'must be a host or an address without a port, such as 0.0.0.0 or ::1',
  };
});

/** The URL under which clients reach a node; empty where it is. */
export const clientUrl: z.ZodType<string, string> = readBy((text) => {
  if (text === '') return { ok: true, value: '' };
  const read = readToldEndpoint(text);
  return read.ok
    ? { ok: true, value: read.endpoint.url }
    : { ok: false, problem: `${read.problem}; write it as http://node-1:8080` };
});

/** A web origin, as browsers write it. */
export const webOrigin: z.ZodType<string, string> = readBy((text) => {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.href === `${url.origin}/`
    ? { ok: true, value: url.origin }
    : { ok: false, problem: 'must be a web origin such as https://console.example:8443' };
});

export interface ClientAddresses {
  readonly httpHost: string;
  readonly httpAdvertise: string;
}

/**
 * Whether there is a URL under which clients on other machines can be sent to this node (CONFIG-ADDR-1). An address
 * with a zone has none: it means something on its own machine only.
 */
export const hasClientUrl = ({ httpHost, httpAdvertise }: ClientAddresses): boolean =>
  httpAdvertise !== '' || !(isWildcardHost(httpHost) || httpHost.includes('%'));

/**
 * What is told to clients; empty where there is nothing to tell (CONFIG-ADDR-1): they go on with the address that they
 * were given.
 */
export const toldClientUrl = (
  addresses: ClientAddresses & { readonly tls: object | null },
  httpPort: number,
): string =>
  hasClientUrl(addresses)
    ? addresses.httpAdvertise ||
      `${addresses.tls === null ? 'http' : 'https'}://${formatHostPort(addresses.httpHost, httpPort)}`
    : '';
