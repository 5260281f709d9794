/** A history as a file: one operation a line. */
import type { Operation } from './history.ts';

export function toJsonLines<Call, Answer>(history: readonly Operation<Call, Answer>[]): string {
  return history.map((operation) => JSON.stringify(operation) + '\n').join('');
}

/**
 * Reads what `toJsonLines` wrote.
 *
 * @param isCall Tells whether a value is a call of the model that the history is for.
 * @throws SyntaxError where a line is no operation; the message names the line.
 */
export function fromJsonLines<Call, Answer>(
  text: string,
  isCall: (value: unknown) => value is Call,
  isAnswer: (value: unknown) => value is Answer,
): Operation<Call, Answer>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line, index) => {
      const value: unknown = JSON.parse(line);
      const operation = asOperation(value, isCall, isAnswer);
      if (operation === undefined)
        throw new SyntaxError(`Line ${String(index + 1)} is no operation: ${line.slice(0, 120)}`);
      return operation;
    });
}

function asOperation<Call, Answer>(
  value: unknown,
  isCall: (value: unknown) => value is Call,
  isAnswer: (value: unknown) => value is Answer,
): Operation<Call, Answer> | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { client, call, calledAtMs, outcome } = value as Record<string, unknown>;
  if (typeof client !== 'string' || typeof calledAtMs !== 'number' || !isCall(call))
    return undefined;
  if (typeof outcome !== 'object' || outcome === null) return undefined;
  const { type, answer, atMs } = outcome as Record<string, unknown>;
  if (type === 'unknown') return { client, call, calledAtMs, outcome: { type } };
  if (type !== 'answered' || typeof atMs !== 'number' || !isAnswer(answer)) return undefined;
  return { client, call, calledAtMs, outcome: { type, answer, atMs } };
}
