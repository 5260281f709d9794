import type { LogIndex, MemberId, Message, Term } from '@holdfast/raft';
import type { FeatureLevels } from '../feature-levels.ts';

/** What a peer's call asks of this node, and the answer, as JSON. */
export type CallHandler = (
  from: MemberId,
  request: unknown,
  signal: AbortSignal,
) => Promise<unknown>;

export interface TransportHandlers {
  readonly knowledge: PeerKnowledge;
  /** What this node tells its peers of itself. */
  readonly levels: () => FeatureLevels;
  /** Every message of one read from the socket, so that they can be worked through as one. */
  readonly onMessages: (from: MemberId, messages: readonly Message[]) => void;
  readonly onCall: CallHandler;
  /** A connection to this peer broke or could not be made. */
  readonly onUnreachable: (peer: MemberId) => void;
  /**
   * A member has another process in the place of this one (RUN-5), the disk failed, or the cluster is at a level
   * that this program does not support (FEATURE-4).
   */
  readonly onMustStop: (error: Error) => void;
  /** The log index of the committed membership where it does not name this peer (REMOVED-1). */
  readonly removedAt: (peer: MemberId) => LogIndex | undefined;
  /** A peer says that the membership committed at this index does not name this node (REMOVED-2). */
  readonly onRemovalNotice: (from: MemberId, index: LogIndex) => void;
  /** A peer told where its clients reach it, when a connection to or from it was made. */
  readonly onClientUrl: (peer: MemberId, url: string) => void;
}

/** What this node's own log says of who takes part. */
export interface PeerKnowledge {
  /** The newest term that this node knows. */
  readonly term: () => Term;
  /** Members by the own log, and those that a node which joins was told of in its configuration. */
  readonly isKnownMember: (id: MemberId) => boolean;
  /** The own log names no members yet. */
  readonly isJoining: () => boolean;
  /** The own log names other members than this node was first started with. */
  readonly namesOthers: () => boolean;
  /** Whether one that is no known member may be this node's leader (TRANSPORT-6 of `strangers.ts`). */
  readonly mayBeLedBy: (id: MemberId) => boolean;
}

/** Carries messages and calls between members. Messages may be lost, never damaged. */
export interface Transport {
  /** Replaces the set of peers that this node keeps connections to. */
  setPeers(peers: readonly { readonly id: MemberId; readonly address: string }[]): void;
  /** @throws FrameTooLargeError when the message fits in no frame, which the bounds of `bounds.ts` exclude. */
  send(to: MemberId, message: Message): void;
  /**
   * Rejects with `CallFailed` when the connection breaks first: whether the peer acted is unknown
   * then (`sent`), or known not to have begun (not `sent`).
   */
  call(
    to: MemberId,
    request: unknown,
    signal: AbortSignal | undefined,
    timeoutMs: number,
  ): Promise<unknown>;
  /** The peer leads no longer, or is silent: its open calls are rejected as `sent` unless they are answered within `graceMs`. */
  interruptCalls(peer: MemberId, graceMs: number): void;
  isConnected(peer: MemberId): boolean;
  /** The highest feature level that the program of this peer supports; undefined where it is not connected (FEATURE-2). */
  supportedBy(peer: MemberId): number | undefined;
  /** `host:port` at which a member, this one too, is reached as far as this node knows. */
  addressOf(peer: MemberId): string | undefined;
  close(): Promise<void>;
}

export class CallFailed extends Error {
  override readonly name: string = 'CallFailed';
  readonly sent: boolean;
  constructor(sent: boolean, message: string) {
    super(message);
    this.sent = sent;
  }
}

/** The call, or its answer (`sent`), does not fit in a frame: to try again is of no use. */
export class CallTooLarge extends CallFailed {
  override readonly name: string = 'CallTooLarge';
}
