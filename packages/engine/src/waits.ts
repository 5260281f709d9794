/** Commands that may wait in a queue of the state machine, whatever they wait for. */
import type { Command } from '@holdfast/state';

export type Acquire = Extract<Command, { type: 'acquire' | 'acquire_permits' }>;

export function isAcquire(command: Command): command is Acquire {
  return command.type === 'acquire' || command.type === 'acquire_permits';
}

/** The longest wait, in ms; 0 of a command that does not wait. */
export function waitMsOf(command: Command): number {
  return isAcquire(command) ? command.waitMs : 0;
}

/** What gives up the place of an acquire, or gives back what it was granted. */
export function abandonOf(command: Command): Extract<Command, { type: 'abandon' }> | undefined {
  if (!isAcquire(command)) return undefined;
  const { sessionId, name, requestId } = command;
  const abandon = { type: 'abandon', sessionId, name, requestId } as const;
  return command.type === 'acquire' ? abandon : { ...abandon, kind: 'semaphore' };
}
