/**
 * The names by which a node is asked on its own machine.
 *
 * HOST-2: who asks from the machine of a node, without TLS and without a proof of who it is, is answered only where the `Host` is an
 *     address, `localhost`, a name that the node knows as its own, or one that nobody can own in the DNS: without a dot, or under
 *     `.internal`, as hosts files and container engines give. A browser asks so for a page of another site whose name
 *     was made to lead to a loopback address (DNS rebinding): to the browser that is the page's own server, and it tells no other
 *     origin. With TLS no such page gets as far: the node has no certificate for its name. Probes are answered to everybody.
 */
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { TLSSocket } from 'node:tls';
import { isLoopback } from './loopback.ts';

const probes: ReadonlySet<string> = new Set(['/health', '/livez', '/readyz']);

/** `.internal` and `.localhost` are kept out of the public DNS for good (ICANN, 2024; RFC 6761). */
const ownedByNobody = /^[a-z][a-z0-9_-]*$|\.(?:internal|localhost)$/;

/** What is looked at of a request. */
export interface HostAsked {
  readonly url?: string | undefined;
  readonly headers: { readonly host?: string | undefined };
  readonly socket: Pick<Socket, 'remoteAddress'>;
}

export interface OwnHostsOptions {
  /** Host names and URLs. */
  readonly known: readonly string[];
  /** What else there is to do, as the end of a sentence: how to prove who one is, how to have another name known. */
  readonly remedy: (host: string) => string;
}

export class OwnHosts {
  readonly #names: ReadonlySet<string>;
  readonly #remedy: OwnHostsOptions['remedy'];

  constructor({ known, remedy }: OwnHostsOptions) {
    const own = hostname().toLowerCase();
    const told = known.map(nameOf).filter((name) => name !== '');
    this.#names = new Set(['localhost', own, `${own}.local`, ...told]);
    this.#remedy = remedy;
  }

  /** Of who proves nothing (HOST-2). @returns What is wrong, for the one who asked. Undefined: nothing is. */
  problem({ url = '', headers: { host }, socket }: HostAsked): string | undefined {
    if (host === undefined || host === '' || socket instanceof TLSSocket) return undefined;
    if (!isThisMachine(socket.remoteAddress)) return undefined;
    if (probes.has(url.split('?')[0] ?? '')) return undefined;
    const name = nameOf(host);
    if (isIP(name) !== 0 || ownedByNobody.test(name) || this.#names.has(name)) return undefined;
    return (
      `The request came from the machine of this node and asks for the host ${JSON.stringify(host)}, which is not known as a name of this node: ` +
      `a page of another site may have sent it. The request was not executed. Use an IP address or "localhost" as the host, ${this.#remedy(host)}.`
    );
  }
}

/** Of a URL or `host:port`: lower case, without a dot at its end and without the brackets of IPv6. */
function nameOf(text: string): string {
  const authority = text.replace(/^[a-z]+:\/\//i, '').split('/')[0] ?? '';
  const [, inBrackets, plain = ''] = /^(?:\[([^\]]*)\]|([^:]*))/.exec(authority) ?? [];
  return (inBrackets ?? plain).toLowerCase().replace(/\.$/, '');
}

/** Whether a connection comes from the machine itself; an IPv6 socket writes IPv4 addresses in its own way. */
export const isThisMachine = (address: string | undefined): boolean =>
  address !== undefined && isLoopback(address.replace(/^::ffff:(?=\d+\.)/i, ''));
