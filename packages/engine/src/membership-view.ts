/**
 * Who takes part in the cluster, as far as this node knows: what the transport asks before it remembers
 * a peer or takes what that says (`PeerKnowledge`).
 *
 * VIEW-1: members are those that the newest membership in the own log names, and those that the one
 *     before it named: a member whose removal is not committed may still have to lead (RAFT-MEMBER-3 of raft).
 * VIEW-2: a node that joins takes those of its configuration for members, too, for as long as it runs
 *     on this folder: while it catches up, its log names the members of long ago.
 * VIEW-3: a node is led by somebody whom its log does not name when it joins (its log names nobody),
 *     and when it has heard no leader for `longestSilenceMs`: its log may be of a time before all those who
 *     lead now. A node that hears its leader has no use for another one of whom it knows nothing.
 * VIEW-4: a node goes by its initial members as long as its log names the same.
 */
import type { MemberId, Status, Term } from '@holdfast/raft';
import type { Clock } from './clock.ts';
import type { PeerKnowledge } from './transport/types.ts';

export interface MembershipViewOptions {
  readonly clock: Clock;
  /** Of the configuration of a node that joins; of another one nobody (VIEW-2). */
  readonly toldOf: readonly string[];
  /** Those that the node was first started with (VIEW-4). */
  readonly initialMembers: readonly string[];
  readonly longestSilenceMs: number;
  /** What the folder has of the log names this node. */
  readonly wasNamed: boolean;
}

export class MembershipView implements PeerKnowledge {
  readonly #options: MembershipViewOptions;
  readonly #toldOf: ReadonlySet<string>;
  #status: Status | undefined;
  #named: ReadonlySet<string> = new Set();
  #namedBefore: ReadonlySet<string> = new Set();
  #leaderlessSinceMs: number | undefined;
  #wasNamed: boolean;

  constructor(options: MembershipViewOptions) {
    this.#options = options;
    this.#toldOf = new Set(options.toldOf);
    this.#leaderlessSinceMs = options.clock.now();
    this.#wasNamed = options.wasNamed;
  }

  /** Told of every status before the transport is told of its members. */
  update(status: Status): void {
    if (status.membership !== this.#status?.membership) {
      this.#namedBefore = this.#named;
      this.#named = new Set(status.membership.members.map(({ id }) => id));
      if (this.#named.has(status.id)) this.#wasNamed = true;
    }
    this.#status = status;
    if (status.leader !== null) this.#leaderlessSinceMs = undefined;
    else this.#leaderlessSinceMs ??= this.#options.clock.now();
  }

  readonly term = (): Term => this.#status?.term ?? 0;

  readonly isKnownMember = (id: MemberId): boolean =>
    this.#named.has(id) || this.#namedBefore.has(id) || this.#toldOf.has(id);

  /** The own log has named this node at some time, as far as the folder goes back. */
  readonly wasNamed = (): boolean => this.#wasNamed;

  readonly isJoining = (): boolean => this.#named.size === 0;

  readonly namesOthers = (): boolean => {
    const initial = new Set(this.#options.initialMembers);
    const areSame =
      this.#named.size === initial.size && [...this.#named].every((id) => initial.has(id));
    return this.#named.size > 0 && !areSame;
  };

  readonly mayBeLedBy = (id: MemberId): boolean => {
    if (this.isJoining() || this.#status?.leader === id) return true;
    const sinceMs = this.#leaderlessSinceMs;
    return (
      sinceMs !== undefined && this.#options.clock.now() - sinceMs >= this.#options.longestSilenceMs
    );
  };
}
