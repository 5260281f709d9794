/** What a command is to the engine: how it is wrapped, and whether it may be submitted again. */
import type { Command, Envelope } from '@holdfast/state';
import type { CallOptions } from './types.ts';
import { isAcquire } from './waits.ts';

/** @param repeated See `isRepetition`. */
export function envelopeOf(
  command: Command,
  { identity, proof, address, answeredBelow }: Omit<CallOptions, 'signal' | 'timeoutMs'>,
  repeated = false,
): Envelope {
  return {
    identity,
    ...(proof === undefined ? {} : { proof }),
    ...(address === undefined ? {} : { address }),
    command,
    ...(answeredBelow === undefined ? {} : { answeredBelow }),
    ...(repeated ? { repeated } : {}),
  };
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

/** Whether the state machine recognises a second submission of this command (E2). */
export function isRepeatable(command: Command): boolean {
  switch (command.type) {
    case 'acquire':
    case 'acquire_permits':
    case 'acquire_many':
    case 'campaign':
    case 'downgrade':
    case 'create_latch':
    case 'create_semaphore':
    case 'create_session':
    case 'keep_alive':
    case 'begin_leadership':
    case 'abandon':
    case 'expire_session':
    case 'queue_configure':
    case 'queue_extend':
    case 'advance':
    case 'checkpoint':
    case 'set_limits':
    case 'raise_feature_level':
      return true;
    case 'release':
    case 'release_permits':
    case 'resign':
    case 'proclaim':
    case 'enter_barrier':
    case 'leave_barrier':
      return command.requestId !== undefined;
    case 'queue_push':
      return command.messages.every(({ dedupId }) => dedupId !== undefined);
    case 'count_down':
      return command.sessionId !== undefined && command.requestId !== undefined;
    case 'end_session':
    case 'force_release':
    case 'jump_fence_counter':
    case 'resize_semaphore':
    case 'delete_semaphore':
    case 'delete_latch':
    case 'queue_pop':
    case 'queue_ack':
    case 'queue_nack':
    case 'queue_redrive':
    case 'queue_purge':
    case 'queue_delete':
      return false;
  }
}
