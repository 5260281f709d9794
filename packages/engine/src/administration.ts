/** Changes of the membership and of the leader, on the leader. */
import { HoldfastError } from '@holdfast/protocol';
import type { LogIndex, MemberId, MembershipChange, Term } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import type { Call, WithoutTimeout } from './calls.ts';
import type { Clock } from './clock.ts';
import { outcomeUnknown } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import type { LeaderRoute } from './leader-route.ts';
import { isPeerId } from './transport/peer-names.ts';
import type { Replica } from './replica.ts';
import { callerIn } from './types.ts';
import type { EngineLog } from './types.ts';

const pollMs = 5;
const retryPauseMs = 20;
const ticksPerPromotion = 10;
/**
 * This node asks for a learner's vote once it lacks no more entries than this: fewer than the core demands,
 * since the log may grow before it is asked.
 */
const promotedWithinEntries = 100;

export type AdministrativeCall = WithoutTimeout<
  Extract<Call, { type: 'add_member' | 'remove_member' | 'transfer' }>
>;

export interface AdministrationParts {
  readonly nodeId: MemberId;
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly replica: Replica;
  readonly route: LeaderRoute;
  /** Other nodes can reach this one. */
  readonly reachable: boolean;
}

export class Administration {
  readonly #parts: AdministrationParts;
  #ticks = 0;

  constructor(parts: AdministrationParts) {
    this.#parts = parts;
  }

  /** @returns The new leader's id for a transfer, null for the others. */
  async execute(call: AdministrativeCall, deadlineMs: number): Promise<string | null> {
    const { identity } = call;
    if (identity !== nodeIdentity) {
      const target = call.type === 'transfer' ? call.to : call.id;
      this.#parts.log.info(
        { ...callerIn(call), change: call.type, target },
        'A change of the cluster is asked for.',
      );
    }
    if (call.type === 'transfer') return this.#transfer(call.to, deadlineMs);
    const { members } = this.#parts.replica.status().membership;
    const id = call.id as MemberId;
    const present = members.some((member) => member.id === id);
    if (call.type === 'add_member' && present)
      throw new HoldfastError('member_exists', `"${id}" is a member already.`);
    if (call.type === 'add_member' && !isPeerId(call.id)) {
      throw new HoldfastError(
        'invalid_request',
        `No node can have the id "${String(call.id)}": it has 1 to 64 letters, digits, ".", "_" or "-".`,
      );
    }
    if (call.type === 'add_member' && !this.#parts.reachable) {
      throw new HoldfastError(
        'invalid_request',
        'This node does not listen for peers. Start it with cluster.listen (host:port) so that others can join.',
      );
    }
    if (call.type === 'remove_member' && !present) {
      throw new HoldfastError(
        'member_not_found',
        `"${id}" is not a member. See GET /cluster/status.`,
      );
    }
    const answer = await this.#change(
      call.type === 'add_member'
        ? { type: 'add_learner', id, address: call.peerAddress }
        : { type: 'remove', id },
      deadlineMs,
    );
    await this.#whenApplied(answer, deadlineMs);
    return null;
  }

  /** Resolves when exactly this entry has been applied, not another leader's in its place. */
  async #whenApplied(
    { index, term }: { readonly index: LogIndex; readonly term: Term },
    deadlineMs: number,
  ): Promise<void> {
    const { replica, clock } = this.#parts;
    while (replica.status().applied < index) {
      if (clock.now() >= deadlineMs) throw outcomeUnknown();
      await this.#pause(pollMs);
    }
    const found = replica.termAt(index);
    if (found === undefined) throw outcomeUnknown(); // Forgotten behind a snapshot already.
    if (found !== term)
      throw new Interrupted(false, 'another leader put something else in its place');
  }

  /** Gives learners that have caught up their vote, one at a time. */
  onTick(): void {
    this.#ticks += 1;
    if (this.#ticks % ticksPerPromotion !== 0) return;
    const { replica, log } = this.#parts;
    const status = replica.status();
    for (const member of status.membership.members) {
      if (member.role !== 'learner') continue;
      const progress = status.progress.find(({ id }) => id === member.id);
      if (progress === undefined || progress.matchIndex + promotedWithinEntries < status.lastIndex)
        continue;
      const answer = replica.changeMembership({ type: 'promote', id: member.id });
      if (answer.ok)
        log.info({ member: member.id }, 'A learner has caught up and votes from now on.');
      return;
    }
  }

  /** Proposes the change; waits for the one before it, as far as the deadline allows. */
  async #change(
    change: MembershipChange,
    deadlineMs: number,
  ): Promise<{ readonly index: LogIndex; readonly term: Term }> {
    for (;;) {
      const answer = this.#parts.replica.changeMembership(change);
      if (answer.ok) return answer;
      if (answer.reason === 'invalid_change') {
        throw new HoldfastError('invalid_request', answer.detail ?? 'The change is not possible.');
      }
      if (answer.reason !== 'change_in_progress') {
        throw new Interrupted(false, answer.detail ?? answer.reason);
      }
      if (this.#parts.clock.now() >= deadlineMs) {
        throw new HoldfastError(
          'membership_change_in_progress',
          'Another change is not committed yet. Try again when GET /cluster/status shows it done.',
        );
      }
      await this.#pause(retryPauseMs);
    }
  }

  async #transfer(to: string | null, deadlineMs: number): Promise<string> {
    const { nodeId, replica, route, clock } = this.#parts;
    if (to === nodeId) return to;
    const { members } = replica.status().membership;
    if (to !== null && !members.some((member) => member.id === to && member.role === 'voter')) {
      throw new HoldfastError(
        'member_not_found',
        `"${to}" is not a voting member. See GET /cluster/status.`,
      );
    }
    const answer = replica.transferLeadership(to as MemberId | null);
    if (!answer.ok) {
      if (answer.reason === 'invalid_change') {
        throw new HoldfastError(
          'invalid_request',
          answer.detail ?? 'There is no other voting member to transfer leadership to.',
        );
      }
      throw new Interrupted(false, answer.detail ?? answer.reason);
    }
    for (;;) {
      const { leader, role, ready } = replica.status();
      if (leader !== null && leader !== nodeId) return leader;
      if (role === 'leader' && ready)
        throw new Interrupted(false, 'the handover did not succeed in time');
      if (clock.now() >= deadlineMs) throw outcomeUnknown();
      await route.changeOrPause(20);
    }
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      this.#parts.clock.after(delayMs, resolve);
    });
  }
}
