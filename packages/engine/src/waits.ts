/** Commands that may wait in a queue of the state machine, whatever they wait for. */
import type { Command, ResourceName } from '@holdfast/state';

export type CancelCommand = Extract<Command, { type: 'abandon' }>;
export type Acquire = Extract<
  Command,
  { type: 'acquire' | 'acquire_permits' | 'campaign' | 'acquire_many' }
>;

/** What each waits for, as `abandon` names it. */
const kinds: Readonly<Record<Acquire['type'], NonNullable<CancelCommand['kind']>>> = {
  acquire: 'lock',
  acquire_permits: 'semaphore',
  campaign: 'election',
  acquire_many: 'many',
};

export function isAcquire(command: Command): command is Acquire {
  return command.type in kinds;
}

/**
 * How long copies may be executed, beside what the request waits for. A call takes some seconds at most;
 * the rest is for the log that does not grow, so that few requests have to be asked twice. What is longer costs
 * memory: each hold by client id that has ended is remembered for so long.
 */
export const copiesLiveMs = 30_000;

/** The longest wait, in ms; 0 of a command that does not wait. */
export function waitMsOf(command: Command): number {
  return isAcquire(command) ? command.waitMs : 0;
}

/** The name of what is waited for; of several, of the first. */
export function nameOf(command: Acquire): ResourceName {
  if (command.type !== 'acquire_many') return command.name;
  const [first] = command.wanted;
  if (first === undefined) throw new Error('A multi-acquire names at least one resource.');
  return first.name;
}

/** What cancels the wait of an acquire, or gives back what it was granted. */
export function cancelCommandOf(command: Command): CancelCommand | undefined {
  if (command.type === 'enter_barrier') {
    const { sessionId, requestId, name } = command;
    return requestId === undefined
      ? undefined
      : { type: 'abandon', kind: 'barrier', sessionId, requestId, name };
  }
  if (!isAcquire(command)) return undefined;
  const { type, sessionId, requestId } = command;
  const own = 'ownSession' in command ? command.ownSession : undefined;
  const cancelCommand = {
    type: 'abandon',
    sessionId,
    name: nameOf(command),
    requestId,
    ...(own === undefined ? {} : { liveMs: command.waitMs + copiesLiveMs }),
    ...(own?.caller === undefined ? {} : { caller: own.caller }),
  } as const;
  return type === 'acquire' ? cancelCommand : { ...cancelCommand, kind: kinds[type] };
}
