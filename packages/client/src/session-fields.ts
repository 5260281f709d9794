import type { ClientWarning } from './client-warning.ts';
import type { Moment } from './clock.ts';
import type { Wakes } from './wakes.ts';

/** What a session is made of, once the cluster has opened it. */
export interface SessionFields {
  readonly id: string;
  readonly clientId: string;
  readonly timeoutMs: number;
  /** The longest that a call may take beyond what it waits for. */
  readonly callTimeoutMs: number;
  /** When the request that opened it was sent. */
  readonly sentAt: Moment;
  /** Of the client. */
  readonly wakes: Wakes;
  readonly onWarning: (warning: ClientWarning) => void;
}
