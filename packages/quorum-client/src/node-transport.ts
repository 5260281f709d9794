/** How questions get to a lease node and answers back. */
import { codeIn, HoldfastError } from '@holdfast/protocol';

export type AnswerFields = Readonly<Record<string, unknown>>;

export interface NodeTransport {
  /** @throws HoldfastError what the node says, or `connection_lost`, `cancelled`. */
  ask(operation: string, body: object, signal: AbortSignal): Promise<AnswerFields>;
  /** Ends for good: whatever is asked later fails. */
  close(): void;
}

export function fieldsOf(value: unknown): AnswerFields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as AnswerFields;
  throw new HoldfastError('internal', 'The response is not that of a lease node.');
}

export const closed = (): HoldfastError =>
  new HoldfastError('connection_lost', 'This quorum client is closed. Create another one.');

/** The error that a problem document tells, with its details: a program reads there which set a node has. */
export function errorIn(node: string, problem: AnswerFields): HoldfastError {
  const { type: _type, title: _title, status: _status, code: _code, detail, ...details } = problem;
  return new HoldfastError(
    codeIn(problem),
    `${node}: ${typeof detail === 'string' ? detail : 'it answered with an error.'}`,
    details,
  );
}
