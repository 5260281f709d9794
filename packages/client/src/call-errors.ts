/** What the caller of a request is told when it comes to nothing: by the client itself, or by a node. */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { ErrorCode, ErrorEffect, Problem } from '@holdfast/protocol';
import { causesText } from './causes.ts';
import type { Unreached } from './causes.ts';
import type { Pending } from './pending.ts';
import type { AskedOperation } from './request.ts';

/** Whether the request may have had an effect, as far as this client knows. */
interface Known {
  readonly effect: ErrorEffect;
}

export const cancelledError = (known: Known): HoldfastError =>
  new HoldfastError('cancelled', 'The caller cancelled the call.', {}, known);

export const closedError = (message: string, known: Known): HoldfastError =>
  new HoldfastError('connection_lost', message, {}, known);

/** Of a request that was not sent, its operation says nothing: why no node was reached does. */
export function lateError(
  { operation, timeoutMs, refusal }: Pick<Pending, 'operation' | 'timeoutMs' | 'refusal'>,
  known: Known,
  unreached: readonly Unreached[],
): HoldfastError {
  const within = `within ${String(Math.round(timeoutMs))} ms`;
  const latest = refusal === undefined ? '' : ` The latest answer: ${refusal}`;
  const what =
    known.effect === 'none'
      ? `No node ${refusal === undefined ? 'answered' : 'executed it'} ${within}. Nothing was executed.`
      : `No node answered ${operation} ${within}; it may have been executed.`;
  return new HoldfastError(
    'deadline_exceeded',
    what + latest + causesText(unreached),
    unreached.length === 0 ? {} : { unreached },
    known,
  );
}

export const brokenError = (operation: AskedOperation): HoldfastError =>
  new HoldfastError(
    'outcome_unknown',
    `The connection was lost before ${operation} was answered; it may have been executed. Retry with the same request id.`,
  );

/** CONNECTION-5: a node that did nothing speaks of the copy that came to it alone. */
export function refusedError(
  operation: AskedOperation,
  code: ErrorCode,
  problem: Problem,
  known: Known,
): HoldfastError {
  const { type: _type, title: _title, status: _status, detail, code: _code, ...details } = problem;
  const { by, effect } = errorDefinitions[code];
  if (code === 'access_changed') return new HoldfastError(code, detail, details, known); // REQUEST-2
  if (by !== 'node' || effect !== 'none' || known.effect === 'none')
    return new HoldfastError(code, detail, details);
  return new HoldfastError(
    'outcome_unknown',
    `An earlier attempt of this ${operation} was lost and may have been executed; the latest attempt failed: ${detail}`,
    { ...details, refused_with: code },
  );
}
