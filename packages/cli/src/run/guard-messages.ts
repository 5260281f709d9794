/** What `holdfast lock run` (or another `... run`) and the guard of its command tell each other. */
import type { CertainUntil } from './certain-time.ts';

/** What is killed when the lease ends. */
export interface GuardedGroup {
  readonly groupId: number;
  /** On a terminal: the shell between; it is outside the group, and gives the terminal back. */
  readonly shellId?: number;
}

export type ToGuard =
  /** The lease is certain until then. */
  | { readonly type: 'lease'; readonly until: CertainUntil; readonly graceMs: number }
  /** The command may begin when this is answered by `guarding`. */
  | { readonly type: 'group'; readonly group: GuardedGroup }
  /** The command has ended; what is left of its group is to go. */
  | { readonly type: 'command_ended' }
  /** The lease is known to have ended: there is no time left for a polite end. */
  | { readonly type: 'lost' };

export type FromGuard =
  | { readonly type: 'guarding' }
  /** The command was told to end because its lease does, or may not begin. */
  | { readonly type: 'ending_command' };

/** Time kept back for the kill itself: signals, scheduling, a guard that is woken late. */
export const killMarginMs = 50;
