/**
 * Where a node answers over HTTP: the one place that reads such an address, whoever gives it (a program, an
 * option, a variable, another node).
 *
 * ENDPOINT-1: text from outside becomes a URL here and nowhere else, where somebody can be told what is wrong with it:
 *      whatever is made of an `Endpoint` (the URL of a request, of a stream) is a URL on every platform.
 */
import { HoldfastError } from './errors.ts';
import { hostOf, isWildcardHost, readHostPort } from './host-port.ts';
import { streamPath } from './stream.ts';
import { parseUrl } from './url.ts';

export interface Endpoint {
  /** `http://host:port`, and the path below which it answers where there is one; no slash at its end. */
  readonly url: string;
  /** An IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** `/prefix` of a reverse proxy; else empty. */
  readonly path: string;
}

export type EndpointReading =
  | { readonly ok: true; readonly endpoint: Endpoint }
  /** Follows the text that was given. */
  | { readonly ok: false; readonly problem: string };

const portOfScheme: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };
const longestShown = 200;

/**
 * Reads `http://host:port`, `https://host:port`, or `host:port`, which means http. A URL without a port means the
 * one of its scheme. A path is kept: a reverse proxy may have the node below it. Slashes at the end say nothing.
 */
export function readEndpoint(text: string): EndpointReading {
  const given = text.trim();
  if (given === '') return refused('is empty');
  if (/[\s\p{Cc}\\]/u.test(given))
    return refused('contains a space, a backslash or a control character');
  const [, scheme, rest = given] = /^([^:/?#]*):\/\/(.*)$/.exec(given) ?? [];
  if (scheme !== undefined && !/^https?$/i.test(scheme))
    return refused(`must begin with http:// or https://, not ${scheme}://`);
  const authority = rest.replace(/[/?#].*$/, '');
  if (authority.includes('@')) return refused('must not contain a user or password');
  if (rest.length > authority.length && /[?#]/.test(rest))
    return refused('must have nothing but a path after its host');
  const problem = problemOfAuthority(authority, scheme !== undefined);
  return problem === undefined ? readUrl(`${scheme ?? 'http'}://${rest}`) : refused(problem);
}

/** @throws HoldfastError `invalid_request`, with what was given and what to write instead. */
export function endpointOf(text: string): Endpoint {
  const read = readEndpoint(text);
  if (read.ok) return read.endpoint;
  throw new HoldfastError(
    'invalid_request',
    `The address of a node, ${quoted(text)}, ${read.problem}. Nodes are named http://host:port or host:port.`,
  );
}

/** One that a node told: one that means "all of that machine" would lead whoever hears it to itself. */
export function readToldEndpoint(text: string): EndpointReading {
  const read = readEndpoint(text);
  return read.ok && isWildcardHost(read.endpoint.host)
    ? refused('is a wildcard address: it means all addresses of a machine')
    : read;
}

/** Where the client stream of a node is. */
export const streamUrlOf = ({ url }: Endpoint): string =>
  `${url.replace(/^http/, 'ws')}${streamPath}`;

/** Text from outside as it stands in a message: bounded, and without a user and password. */
export function quoted(text: string): string {
  const shown = text.slice(0, 10 * longestShown).replace(/^([a-z]+:\/\/)?.*@/is, '$1…@');
  return JSON.stringify(shown.length > longestShown ? `${shown.slice(0, longestShown)}…` : shown);
}

/** What stands between the scheme and the path. */
function problemOfAuthority(authority: string, hasScheme: boolean): string | undefined {
  if (/^(?::|$)(?!:)/.test(authority)) return 'must name a host';
  if (hasScheme && !authority.replace(/^\[[^\]]*\]/, '').includes(':')) return undefined;
  const read = readHostPort(authority);
  if (!read.ok) return read.problem;
  return read.port === 0 ? 'must have a port of at least 1' : undefined;
}

function readUrl(text: string): EndpointReading {
  const url = parseUrl(text);
  const port = url?.port === '' ? portOfScheme[url.protocol] : Number(url?.port);
  if (url === undefined || url.hostname === '' || port === undefined)
    return refused('must name a valid host');
  const path = url.pathname.replace(/\/+$/, '');
  return {
    ok: true,
    endpoint: { url: `${url.origin}${path}`, host: hostOf(url.hostname), port, path },
  };
}

const refused = (problem: string): EndpointReading => ({ ok: false, problem });
