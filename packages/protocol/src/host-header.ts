/**
 * The `Host` of a request of HTTP, which a proxy and a server have to read alike.
 *
 * HOST-1: a request that names two hosts, or none that can be read, is refused with 400 (RFC 9112, 3.2): who is on the way may have
 *     gone by another of them than the node does.
 */

/** A name or IPv4 address, or an IP address in brackets, and a port where there is one (RFC 3986, 3.2.2). */
const form = /^(?:\[[^\]\s/?#@]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/;

/**
 * @param rawHeaders Names and values in turn, as they arrived: `rawHeaders` of an `IncomingMessage`.
 * @returns What is wrong with it, for the one who sent it. Undefined: nothing is.
 */
export function hostProblem(rawHeaders: readonly string[]): string | undefined {
  let host: string | undefined;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    if (rawHeaders[at]?.toLowerCase() !== 'host') continue;
    if (host !== undefined)
      return 'The request has more than one "Host" header. The request was not executed. Send one, with the address of this node.';
    host = rawHeaders[at + 1] ?? '';
  }
  if (host === undefined || form.test(host)) return undefined;
  return `The "Host" header ${JSON.stringify(host)} is no host with a port. The request was not executed. Send the address of this node in it.`;
}
