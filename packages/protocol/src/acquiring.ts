/** What acquires of all kinds have in common. */
import type { AcquireBody } from './generated/index.ts';

/** Who asks: exactly one of a session, or a client id for a hold with an implicit session. */
export type Who = Pick<AcquireBody, 'session_id' | 'client_id'>;

export type AcquireTerms = Pick<
  AcquireBody,
  'ttl_seconds' | 'priority' | 'max_hold_seconds' | 'metadata' | 'independent'
>;
