/** Pages of other sites, which a browser on a machine that reaches the node may show. */
import type { IncomingMessage } from 'node:http';
import { foreignOrigin } from '@holdfast/tls';
import type { OwnHosts } from '@holdfast/tls';

export interface PageRules {
  /** Who shows the key may name any host; undefined: nobody is asked for one. */
  readonly apiKey: string | undefined;
  /** HOST-2; undefined: nothing is asked of the host. */
  readonly ownHosts?: OwnHosts | undefined;
}

/** ORIGIN-1 and HOST-2. @returns What is wrong, for the one who asked. */
export function pageProblem(
  request: IncomingMessage,
  { apiKey, ownHosts }: PageRules,
): string | undefined {
  const origin = foreignOrigin(request);
  if (origin !== undefined)
    return (
      `The request tells the origin ${JSON.stringify(origin)}, which is not this node (the host that it asks for): a page of another site sent it. ` +
      'The request was not executed. Use the page of the node itself, or a program, which sends no "Origin". A proxy in front of the node has to pass the "Host" on.'
    );
  return apiKey === undefined ? ownHosts?.problem(request) : undefined;
}
