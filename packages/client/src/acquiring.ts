/** What acquires of all kinds may ask for. */
import type { AcquireTerms, Json } from '@holdfast/protocol';
import { secondsOf } from './durations.ts';

/** How long a request may wait, and what cancels it. */
export interface WaitOptions {
  /** Longest wait, in ms; 0 tries once. Default 0. */
  readonly waitMs?: number;
  /** Cancels: the wait ends with `cancelled`, and its place, or what was granted meanwhile, is given back. */
  readonly signal?: AbortSignal;
}

/** What an acquire of any kind may ask for. */
export interface AcquireOptions extends WaitOptions {
  /** 0 (default) to 9: ahead of those with a lower one in the queue. Nobody is passed for ever. */
  readonly priority?: number;
  /** The cluster ends the hold after so many ms, whatever its session does. `isHeld` counts it, too. */
  readonly maxHoldMs?: number;
  /** Who, why, where: shown with the hold. At most 1024 bytes as JSON. */
  readonly metadata?: Json;
  /**
   * What this session holds already does not depend on this wait. Set it where tasks that know nothing of
   * each other share a session: the cluster takes a session for one actor, and refuses waits that close a
   * cycle of sessions with `deadlock`.
   */
  readonly independent?: boolean;
}

/** As they cross the wire. */
export function termsOf({
  priority,
  maxHoldMs,
  metadata,
  independent,
}: AcquireOptions): Omit<AcquireTerms, 'ttl_seconds'> {
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(maxHoldMs === undefined ? {} : { max_hold_seconds: secondsOf('maxHoldMs', maxHoldMs) }),
    ...(metadata === undefined ? {} : { metadata }),
    ...(independent === undefined ? {} : { independent }),
  };
}

export const waitOf = (waitMs: number): { readonly wait_seconds?: number } =>
  waitMs === 0 ? {} : { wait_seconds: secondsOf('waitMs', waitMs) };
