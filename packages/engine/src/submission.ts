/** What a command is to the engine: how it is wrapped, and whether it may be submitted again. */
import type { Command, Envelope } from '@holdfast/state';
import { tellCaller } from './call-options.ts';
import type { CallOptions, Writable } from './call-options.ts';
import { isAcquire } from './waits.ts';

/** @param repeated See `isRepetition`. */
export function envelopeOf(
  command: Command,
  options: Omit<CallOptions, 'signal' | 'timeoutMs' | 'trace'>,
  repeated = false,
): Envelope {
  const { ackedBelow, askedAt } = options;
  const envelope: Writable<Envelope> = { identity: options.identity, command };
  tellCaller(envelope, options);
  if (ackedBelow !== undefined) envelope.ackedBelow = ackedBelow;
  if (askedAt !== undefined) envelope.askedAt = askedAt;
  if (repeated) envelope.repeated = repeated;
  return envelope;
}

/**
 * Whether a command that this node submits again tells nothing of its client any more: it may wait for long,
 * and its client may be gone by then. Any other call is answered, or over, within its own short time.
 */
export function isRepetition(command: Command): boolean {
  return isAcquire(command) && command.waitMs > 0;
}

/** A wait that is asked for again is shorter by what has passed. */
export function withTimeLeft(command: Command, spentMs: number): Command {
  if (!isAcquire(command) || spentMs <= 0 || command.waitMs <= 0) return command;
  return { ...command, waitMs: Math.max(1, Math.floor(command.waitMs - spentMs)) };
}

/** LEADER-ROUTE-2. */
export { isRepeatable } from '@holdfast/state';
