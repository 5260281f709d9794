/**
 * The line of a request in the log of the node, at the level `debug` alone.
 *
 * LOGGED-1: it tells which operation it was, what it was answered and how long that took, and nothing that its caller wrote:
 *     no name, no value, no key.
 */
import type { Operation } from '@holdfast/contract';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { RequestError, requestErrorWhere } from '../request-error.ts';

/** Executes it, and logs how it ended. */
export function logged<Answer extends object>(
  { name }: Operation,
  { service: { log } }: OperationContext,
  act: () => Outcome<Answer> | Promise<Outcome<Answer>>,
): Outcome<Answer> | Promise<Outcome<Answer>> {
  const startMs = performance.now();
  const tell = (outcome: string): void => {
    const ms = Math.round((performance.now() - startMs) * 10) / 10;
    log.debug?.({ operation: name, outcome, ms }, 'A request was answered.'); // LOGGED-1
  };
  const ended = (outcome: Outcome<Answer>): Outcome<Answer> => {
    tell(outcome instanceof RequestError ? outcome.code : 'done');
    return outcome;
  };
  const failed = (error: unknown): never => {
    tell(requestErrorWhere(error)?.code ?? 'internal');
    throw error;
  };
  try {
    const outcome = act();
    return outcome instanceof Promise ? outcome.then(ended, failed) : ended(outcome);
  } catch (error) {
    return failed(error);
  }
}
