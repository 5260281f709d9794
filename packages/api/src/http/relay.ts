/** Any operation of the stream by its name, over HTTP. The body is checked by the operation itself. */
import type { Outcome } from '../operations/context.ts';
import { readAckedBelow } from '../pipeline/acked-below.ts';
import { streamOperations } from '../pipeline/perform.ts';
import type { ServedUnary } from '../pipeline/perform.ts';
import { RequestError } from '../request-error.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Relayed {
  readonly operation: ServedUnary;
  readonly told: { readonly ackedBelow?: number };
}

const ackedBelowField = 'answered_below';
const ackedBelowAt = { what: `The query field "${ackedBelowField}"`, field: ackedBelowField };

export function readRelayed({ operation: name }: Fields, query: Fields): Outcome<Relayed> {
  const operation = typeof name === 'string' ? streamOperations.get(name) : undefined;
  if (operation === undefined) {
    const known = [...streamOperations.keys()].join(', ');
    return new RequestError(
      'route_not_found',
      `There is no such operation. Known operations: ${known}.`,
      { field: 'operation' },
    );
  }
  const unknown = Object.keys(query).find((field) => field !== ackedBelowField);
  if (unknown !== undefined)
    return new RequestError(
      'invalid_request',
      `There is no query field ${JSON.stringify(unknown.slice(0, 80))} here. Known: "${ackedBelowField}"; all others stand in the body.`,
      { field: unknown },
    );
  const told = readAckedBelow(query[ackedBelowField], ackedBelowAt);
  return told instanceof RequestError ? told : { operation, told };
}
