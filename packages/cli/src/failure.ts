/** An error, as a sentence with the next step, and the exit status that goes with it. */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import { exitStatus } from './exit-status.ts';

const notAcquired: ReadonlySet<string> = new Set([
  'lock_held',
  'lock_delayed',
  'wait_timeout',
  'deadlock',
]);
const unreachable: ReadonlySet<string> = new Set([
  'connection_lost',
  'deadline_exceeded',
  'no_quorum',
  'not_leader',
  'shutting_down',
]);

export function explain(
  error: unknown,
  endpoints: readonly string[],
): { readonly text: string; readonly status: number } {
  if (!(error instanceof HoldfastError)) {
    return {
      text: error instanceof Error ? error.message : String(error),
      status: exitStatus.failure,
    };
  }
  const text = `${error.message} (${error.code})`;
  if (notAcquired.has(error.code)) return { text, status: exitStatus.notAcquired };
  if (error.code === 'hold_lost') return { text, status: exitStatus.leaseLost };
  if (unreachable.has(error.code) && errorDefinitions[error.code].retry === 'same') {
    return {
      text: `${text}\nAsked: ${endpoints.join(', ')}. Start a node with "holdfast server" or "holdfast cluster", or name one with --endpoint.`,
      status: exitStatus.unreachable,
    };
  }
  return { text, status: exitStatus.failure };
}
