/**
 * The one reading and writing of hosts with ports. An IPv6 address stands in brackets wherever a port may
 * follow (`[::1]:7000`), and without them where it stands alone (`::1`).
 *
 * HOST-PORT-1: what was read is written in one form: two spellings of an IPv6 address are the same address.
 * HOST-PORT-2: `::` and `0.0.0.0` mean "all of this machine" to a listener and nothing to whoever is told them:
 *     `isWildcardHost` says so, however they are spelt.
 * HOST-PORT-3: what members tell each other leads each of them to that one: no host of HOST-PORT-2, and a port that stays.
 */
import { parseUrl } from './url.ts';

export interface HostPort {
  /** A name, an IPv4 address, or an IPv6 address without brackets (perhaps with its zone: `fe80::1%eth0`). */
  readonly host: string;
  readonly port: number;
}

export type HostPortReading =
  | ({ readonly ok: true } & HostPort)
  /** Follows the text that was given, with what to write instead. */
  | { readonly ok: false; readonly problem: string };

const largestPort = 65_535;
const longestHost = 300;
const bracketed = /^\[([^\]]*)\]:(\d{1,5})$/;
/** Nothing that ends a host in a URL, and no `=`, which names a member in front of its address. */
const plain = /^([^\s:/@?#=%[\]\\]+):(\d{1,5})$/;
const zone = /^(.*?)(%[A-Za-z0-9._~-]{1,64})?$/;

/** `host:port`, with an IPv6 address in brackets. */
export function readHostPort(text: string): HostPortReading {
  const inBrackets = bracketed.exec(text);
  const [, given = '', digits = ''] = inBrackets ?? plain.exec(text) ?? [];
  if (digits === '') return { ok: false, problem: problemOf(text) };
  const port = Number(digits);
  if (port > largestPort)
    return { ok: false, problem: `must have a port of at most ${String(largestPort)}` };
  const host = inBrackets === null ? given : canonicalIpv6(given);
  if (host === undefined)
    return { ok: false, problem: 'must have an IPv6 address between "[" and "]"' };
  if (host.length > longestHost)
    return { ok: false, problem: `must have a host of at most ${String(longestHost)} characters` };
  return { ok: true, host, port };
}

export type PeerAddressReading =
  /** In its one form (HOST-PORT-1). */
  { readonly ok: true; readonly value: string } | { readonly ok: false; readonly problem: string };

/** Where others reach a member of a cluster (HOST-PORT-3): the one reading, whoever gives it. */
export function readPeerAddress(text: string): PeerAddressReading {
  const read = readHostPort(text);
  if (!read.ok) return read;
  const { host, port } = read;
  if (port === 0) return { ok: false, problem: 'must have a fixed port (from 1)' };
  if (isWildcardHost(host))
    return { ok: false, problem: `must be reachable by others: ${host} is a wildcard address` };
  return { ok: true, value: formatHostPort(host, port) };
}

/** As `readHostPort`, for whoever needs no reason. */
export function hostPortOf(text: string): HostPort | undefined {
  const read = readHostPort(text);
  return read.ok ? { host: read.host, port: read.port } : undefined;
}

/** What `readHostPort` reads. @param host With or without brackets. */
export function formatHostPort(host: string, port: number): string {
  return `${hostInUrl(host)}:${String(port)}`;
}

/** A host as it stands in a URL: an IPv6 address in brackets. */
export function hostInUrl(host: string): string {
  const bare = hostOf(host);
  return bare.includes(':') ? `[${bare}]` : bare;
}

/** A host as it stands alone: without the brackets of a URL, an IPv6 address in its one form (HOST-PORT-1). */
export function hostOf(host: string): string {
  const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
  return bare.includes(':') ? (canonicalIpv6(bare) ?? bare) : bare;
}

/** HOST-PORT-2. */
export function isWildcardHost(host: string): boolean {
  const bare = hostOf(host);
  if (bare === '') return true;
  if (bare.includes(':')) return /^(?:::|::ffff:0:0)(?:%|$)/.test(bare);
  // A system reads "0" and "0x0.0" as it reads "0.0.0.0", and so do URLs.
  return parseUrl(`http://${bare}`)?.hostname === '0.0.0.0';
}

/** Where programs on the same machine reach what listens on this host. */
export function hostOnThisMachine(host: string): string {
  const bare = hostOf(host);
  if (!isWildcardHost(bare)) return bare;
  return bare.includes(':') ? '::1' : '127.0.0.1';
}

/** HOST-PORT-1; undefined for what is no IPv6 address. */
function canonicalIpv6(text: string): string | undefined {
  const [, address = '', scope = ''] = zone.exec(text) ?? [];
  const hostname = parseUrl(`http://[${address}]`)?.hostname;
  return hostname?.startsWith('[') === true ? `${hostname.slice(1, -1)}${scope}` : undefined;
}

function problemOf(text: string): string {
  const [, before = '', behind = ''] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const meant = [
    ...(Number(behind) <= largestPort && isIpv6(before) ? [`[${before}]:${behind}`] : []),
    ...(isIpv6(text) ? [`[${text}]:PORT`] : []),
  ];
  return meant.length === 0
    ? 'must be host:port, or [host]:port for an IPv6 address'
    : `must have an IPv6 address in brackets: ${meant.join(', or ')}`;
}

/** Without brackets: what is advised has to be an address itself. */
const isIpv6 = (text: string): boolean =>
  /^[0-9a-f:.]+$/i.test(text) && canonicalIpv6(text) !== undefined;
