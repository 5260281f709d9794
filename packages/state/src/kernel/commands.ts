/** What is asked of the state machine. */
import type { StateLimits } from './limits.ts';
import type { CancelKind, OfAll } from '../primitives/declared.ts';
import type { RequestId, ResourceName, SessionId } from './names.ts';
import type { Stamp } from './terms.ts';

export type { ImplicitSession, Stamp, Terms } from './terms.ts';
export type { Wanted } from '../primitives/holds/commands.ts';

export type Command = KernelCommand | OfAll<'command'>;

export type KernelCommand =
  | {
      readonly type: 'create_session';
      readonly sessionId: SessionId;
      readonly clientId: string;
      readonly timeoutMs: number;
      readonly lockDelayMs: number;
      /** Wall clock of the node that received it, for people only. */
      readonly createdAtMs: number;
      readonly stamp?: Stamp;
      /** Who makes it, for the limit of sessions of one caller. */
      readonly caller?: string;
    }
  | { readonly type: 'end_session'; readonly sessionId: SessionId }
  /** A sign of life that is logged: the first one of a session under each leader (HEARD-1). */
  | { readonly type: 'keep_alive'; readonly sessionId: SessionId }
  /** The first entry of a leader: its leadership begins at the time of the entry (leaderships.ts). */
  | { readonly type: 'begin_leadership' }
  /** Guarded: does nothing when the session's `renewal` differs (STATE-SESSION-3). */
  | { readonly type: 'expire_session'; readonly sessionId: SessionId; readonly renewal: number }
  /** The asker of this acquire wants it no more: leave the queue, or give back what was granted to exactly this request; one that has not come yet is never granted. */
  | {
      readonly type: 'abandon';
      /** Of what the acquire was; a lock when absent. `many`: the name is that of the first. */
      readonly kind?: CancelKind;
      readonly sessionId: SessionId;
      readonly name: ResourceName;
      readonly requestId: RequestId;
      /** Of a barrier: its wait ran out; where the round has opened it stays inside. */
      readonly unlessOpen?: boolean;
      /** Of an acquire that would make a session of its own: how long copies of it may be executed. */
      readonly liveMs?: number;
      /** Who cancels it: of whose share it is remembered, where it would make a session of its own. */
      readonly caller?: string;
    }
  /** Nothing but the passing of time: waits that ran out and delays that ended are acted upon (as they are before every command). */
  | { readonly type: 'advance' }
  /** Every member takes a snapshot as of this entry. */
  | { readonly type: 'checkpoint' }
  /** After a restore from backup: the token counter moves to the next multiple of 2^40. */
  | { readonly type: 'jump_fence_counter' }
  /** In force from here on, on every node alike: a limit that each node took from its own configuration would split the state. */
  | { readonly type: 'set_limits'; readonly limits: StateLimits }
  /** From here on what belongs to this level may be logged (FEATURE-1). Of a lower one: nothing. */
  | { readonly type: 'raise_feature_level'; readonly level: number }
  /** From here on changes are chained (AUDIT-CHAIN-1 of audit/chain.ts), or no more. */
  | { readonly type: 'set_audit'; readonly isOn: boolean }
  /** How far the chain of a node's own records has come: nobody shortens it unseen from here on. It is a record, and nothing else. */
  | {
      readonly type: 'anchor_audit';
      readonly node: string;
      readonly size: number;
      readonly head: string;
    };

/** Of requests without authentication. */
export const anonymousIdentity = 'anonymous';
/** Of what a node asks for by itself. */
export const nodeIdentity = 'holdfast';

export interface Envelope {
  /** Who asked, as authenticated; `anonymous` until there is authentication. */
  readonly identity: string;
  /** How that was proven, and from where it asked: told from feature level 2 on (`callerLevel`). */
  readonly proof?: string;
  readonly address?: string;
  /** The log index as of which its node found that the identity may do it (OWNER-2 of admission.ts). */
  readonly authorizedAt?: number;
  /** It may administer sessions: those of others as well. */
  readonly isAdministrator?: true;
  /**
   * The log index that its node had applied when it was asked, the same in each copy of one submission. Of requests whose id
   * has no order, from feature level 3 on (STATE-REQUEST-6 of forgotten-names.ts).
   */
  readonly askedAt?: number;
  readonly command: Command;
  /** Results of this session's numbered requests below this id may be forgotten: their answers have arrived. */
  readonly ackedBelow?: number;
  /** A node asks again, under another leader, for what its client asked for once: see sign-of-life.ts. */
  readonly repeated?: true;
}
