/** What may be asked on behalf of a session, and with what it goes. */
import { HoldfastError, operationTraits } from '@holdfast/protocol';
import type { LockMode, OperationName, Operations, SessionWaitsAnswer } from '@holdfast/protocol';
import { termsOf, waitOf } from './acquiring.ts';
import type { AcquireOptions } from './acquiring.ts';

/** What an acquire of a lock may ask for. */
export interface LockOptions extends AcquireOptions {
  /** Default: exclusive. */
  readonly mode?: LockMode;
}

/** What an acquire of permits may ask for. */
export interface PermitsOptions extends AcquireOptions {
  /** How many permits. Default 1. */
  readonly permits?: number;
  /**
   * How many the semaphore has. Makes it where there is none; where there is one, it has to be its limit.
   * Left out: the semaphore has to be there.
   */
  readonly limit?: number;
}

/** Without what `Session.request` adds. */
type Body<N extends OperationName> = Omit<Operations[N]['body'], 'session_id' | 'request_id'>;

export function lockBody(name: string, options: LockOptions): Body<'acquire'> {
  const { waitMs = 0, mode = 'exclusive' } = options;
  return {
    name,
    ...(mode === 'exclusive' ? {} : { mode }),
    ...termsOf(options),
    ...waitOf(waitMs),
  };
}

export function permitsBody(name: string, options: PermitsOptions): Body<'acquire_permits'> {
  const { permits, limit, waitMs = 0 } = options;
  return {
    name,
    ...(permits === undefined ? {} : { permits }),
    ...(limit === undefined ? {} : { limit }),
    ...termsOf(options),
    ...waitOf(waitMs),
  };
}

/** It carries the session. */
export const isOfSession = (operation: OperationName): boolean =>
  operationTraits[operation].session !== 'none';

/** It carries the session and a number, by which it is done once. */
export const isNumbered = (operation: OperationName): boolean =>
  operationTraits[operation].repeat === 'numbered';

/** The lock cannot be had now. */
export const isTaken = (error: unknown): boolean =>
  error instanceof HoldfastError && (error.code === 'lock_held' || error.code === 'lock_delayed');

/** The cluster says that there is no such session any more. */
export const isGone = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  (error.code === 'session_expired' || error.code === 'session_not_found');

/** What stands on all pages, in order. */
export async function allWaits(
  readPage: (after: number) => Promise<SessionWaitsAnswer>,
): Promise<SessionWaitsAnswer['waits']> {
  const waits: SessionWaitsAnswer['waits'][number][] = [];
  let after: number | null = 0;
  while (after !== null) {
    const page: SessionWaitsAnswer = await readPage(after);
    for (const place of page.waits) waits.push(place);
    after = page.next_after;
  }
  return waits;
}
