/** What `holdfast lock run` (or another `... run`) and the guard of its command tell each other. */
import type { CertainUntil } from './certain-time.ts';

export type ToGuard =
  /** The lease is certain until then. The first one starts the command. */
  | { readonly type: 'lease'; readonly until: CertainUntil; readonly graceMs: number }
  /** The lease is known to have ended: there is no time left for a polite end. */
  | { readonly type: 'lost' }
  | { readonly type: 'signal'; readonly signal: NodeJS.Signals };

export type FromGuard =
  | { readonly type: 'started'; readonly groupId: number }
  /** The command was told to end because its lease does. */
  | { readonly type: 'giving_up' }
  | { readonly type: 'failed'; readonly text: string; readonly status: number }
  /** The command and all of its group are gone. */
  | { readonly type: 'ended'; readonly status: number };

/** Time kept back for the kill itself: signals, scheduling, a guard that is woken late. */
export const killMarginMs = 50;
