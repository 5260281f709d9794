/** Why a command did not come into the log. */
import { HoldfastError } from '@holdfast/protocol';
import type { Envelope } from '@holdfast/state';
import { encodeEnvelope } from './batch.ts';
import { maxCommandBytes } from './bounds.ts';
import type { ProposeAnswer } from '@holdfast/raft';
import { Interrupted } from './interrupted.ts';

/** COMMANDS-6 of command-queue.ts. */
export const notYet = (part: string, level: number): HoldfastError =>
  new HoldfastError(
    'not_supported_yet',
    `The cluster is at feature level ${String(level)}, at which ${part} cannot be logged. Nothing was done. ` +
      `Upgrade every member to a release that supports it: see feature_level in GET /cluster/status.`,
    { feature_level: level },
  );

/** The commands were not executed. One that is too large for the log will be so with every leader. */
export function notProposed(answer: ProposeAnswer & { readonly ok: false }, bytes: number): Error {
  if (answer.reason !== 'too_large') return new Interrupted(false, answer.detail ?? answer.reason);
  return new HoldfastError(
    'limit_exceeded',
    `A log entry of ${String(bytes)} bytes is too large. The request was not executed. Send less in one request.`,
    { limit: 'max_entry_bytes', scope: 'cluster', bytes },
  );
}

/** COMMANDS-9 of command-queue.ts. */
export const tooLate = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'The command waited for its place in the log until its time was over: those before it are not committed. The request was not executed. Retry later.',
  );

/** COMMANDS-4: every leader refuses it. */
export const tooLarge = (bytes: number): HoldfastError =>
  new HoldfastError(
    'limit_exceeded',
    `The command has ${String(bytes)} bytes; the limit is ${String(maxCommandBytes)}. ` +
      `It was not executed. Acquire fewer resources at once, or give less metadata.`,
    { limit: 'max_command_bytes', value: maxCommandBytes, scope: 'cluster', bytes },
  );

/** COMMANDS-3. */
export const atCapacity = (commands: number, bytes: number, waits: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `The leader has ${String(commands)} unfinished commands of ${String(bytes)} bytes ` +
      `and ${String(waits)} waiting acquires, which is its limit. The request was not executed. Retry later.`,
  );

/** COMMANDS-8: a value that is nested too deep for this program uses up the stack. */
export function encodedOr(reject: (error: Error) => void, envelope: Envelope): string | undefined {
  try {
    return encodeEnvelope(envelope);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const text = `The command cannot be written: ${why}. It was not executed. Give flatter values.`;
    reject(new HoldfastError('invalid_request', text, {}, { cause: error, effect: 'none' }));
    return undefined;
  }
}
