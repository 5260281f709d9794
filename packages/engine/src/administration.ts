/**
 * Changes of the membership and of the leader, on the leader.
 *
 * MEMBERS-1: a change of the members ends with its outcome, also where the leader was lost on the way, as one that is
 *     removed is: the next leader is asked the same again, and knows by the id of the member whether it was done.
 * MEMBERS-2: what is told of the members is committed: a membership that is in the log alone may be undone.
 * MEMBERS-3: a leader that is to be removed hands leadership over first, and the next leader removes it: otherwise the
 *     cluster has no leader from the moment the removal is committed until an election timeout is over. Where nobody
 *     takes leadership over, the leader removes itself.
 * PROMOTE-1: a learner is given its vote only while it answers, and after it has stored part of this leader's log, also
 *     where it is asked for. One that was never started would count for the majority and for nothing else: in a short log
 *     it lacks few entries.
 * TRANSFER-1: nothing is written while leadership is transferred. So it is transferred to no member by name that does not
 *     answer, never after the deadline of who asks, and once: that it did not succeed in time is the answer.
 */
import { HoldfastError } from '@holdfast/protocol';
import type { LogIndex, MemberId, Membership, MembershipChange, Term } from '@holdfast/raft';
import { nodeIdentity } from '@holdfast/state';
import type { Call, WithoutTimeout } from './calls.ts';
import type { Clock } from './clock.ts';
import { noQuorum, outcomeUnknown } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import type { LeaderDuties } from './leadership.ts';
import type { LeaderRoute } from './leader-route.ts';
import { isPeerId } from './transport/peer-names.ts';
import type { Replica } from './replica.ts';
import { answeredWithinTicks } from './ticks.ts';
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
  Extract<Call, { type: 'add_member' | 'promote_member' | 'remove_member' | 'transfer' }>
>;

/**
 * LEADERSHIP-7.
 *
 * @throws HoldfastError `outcome_unknown` where a copy that was asked before may have been executed (MEMBERS-1).
 */
export async function administersStill(
  leadership: Pick<LeaderDuties, 'prove' | 'assertAdmitted'>,
  call: AdministrativeCall,
): Promise<void> {
  if (call.identity === nodeIdentity) return;
  await leadership.prove();
  try {
    leadership.assertAdmitted(call);
  } catch (error) {
    throw call.type !== 'transfer' && call.repeated === true ? outcomeUnknown() : error;
  }
}

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
    const change = await this.#changeFor(call, deadlineMs);
    if (change === undefined) return null;
    if (change.type === 'remove' && change.id === this.#parts.nodeId)
      await this.#handOver(deadlineMs); // MEMBERS-3
    const answer = await this.#change(change, deadlineMs);
    await this.#whenApplied(answer, deadlineMs);
    return null;
  }

  /** @returns Undefined: it has been done already. @throws HoldfastError what cannot be done. */
  async #changeFor(
    call: Exclude<AdministrativeCall, { type: 'transfer' }>,
    deadlineMs: number,
  ): Promise<MembershipChange | undefined> {
    const id = call.id as MemberId;
    const { members } = await this.#settledMembership(call.repeated === true, deadlineMs);
    const member = members.find((known) => known.id === id);
    switch (call.type) {
      case 'add_member':
        if (call.repeated === true) {
          if (member?.address === call.peerAddress) return undefined;
          // Not done, or done and removed since: an id is never used twice.
          if (member === undefined) throw outcomeUnknown();
        }
        if (member !== undefined)
          throw new HoldfastError(
            'member_exists',
            `"${id}" is a member already. See GET /cluster/status.`,
          );
        this.#refuseUnreachable(call.id);
        return { type: 'add_learner', id, address: call.peerAddress };
      case 'promote_member':
        if (member === undefined) throw notFound(id);
        if (member.role === 'voter') return undefined;
        if (this.#follower(id) === undefined)
          throw notReady(`"${id}" does not answer, or has nothing of the log yet.`); // PROMOTE-1
        return { type: 'promote', id };
      case 'remove_member':
        if (member !== undefined) return { type: 'remove', id };
        if (call.repeated === true) return undefined; // MEMBERS-1
        throw notFound(id);
    }
  }

  /** MEMBERS-2. */
  async #settledMembership(isRepeated: boolean, deadlineMs: number): Promise<Membership> {
    const { replica, clock } = this.#parts;
    for (;;) {
      const { membership, membershipIndex, applied } = replica.status();
      if (membershipIndex <= applied) return membership;
      if (clock.now() >= deadlineMs) throw isRepeated ? outcomeUnknown() : changeInProgress();
      await this.#pause(pollMs);
    }
  }

  #refuseUnreachable(id: string): void {
    if (!isPeerId(id))
      throw new HoldfastError(
        'invalid_request',
        `No node can have the id "${String(id)}": it must have 1 to 64 letters, digits, ".", "_" or "-".`,
      );
    if (!this.#parts.reachable)
      throw new HoldfastError(
        'invalid_request',
        'This node does not listen for peers. Start it with cluster.listen (host:port) so that others can join.',
      );
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

  /** How far a member is that answers; undefined for any other. */
  #answering(id: string): { readonly matchIndex: number } | undefined {
    const progress = this.#parts.replica.status().progress.find((known) => known.id === id);
    return progress === undefined || progress.silentTicks > answeredWithinTicks
      ? undefined
      : progress;
  }

  /** How far a member is that answers, and has stored part of this log; undefined for any other. */
  #follower(id: MemberId): { readonly matchIndex: number } | undefined {
    const progress = this.#answering(id);
    return progress?.matchIndex === 0 ? undefined : progress;
  }

  /** Gives learners that have caught up their vote, one at a time. */
  onTick(): void {
    this.#ticks += 1;
    if (this.#ticks % ticksPerPromotion !== 0) return;
    const { replica, log } = this.#parts;
    const status = replica.status();
    for (const member of status.membership.members) {
      if (member.role !== 'learner') continue;
      const progress = this.#follower(member.id); // PROMOTE-1
      if (progress === undefined) continue;
      if (progress.matchIndex + promotedWithinEntries < status.lastIndex) continue;
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
      if (answer.reason === 'invalid_change')
        throw new HoldfastError('invalid_request', answer.detail ?? 'The change is not possible.');
      if (answer.reason === 'not_caught_up')
        throw notReady(answer.detail ?? 'The learner has not caught up yet.');
      if (answer.reason !== 'change_in_progress') {
        throw new Interrupted(false, answer.detail ?? answer.reason);
      }
      if (this.#parts.clock.now() >= deadlineMs) throw changeInProgress();
      await this.#pause(retryPauseMs);
    }
  }

  /**
   * MEMBERS-3.
   *
   * @returns Where this node leads as before.
   * @throws Interrupted Another member leads now, and is asked the same.
   */
  async #handOver(deadlineMs: number): Promise<void> {
    const { log } = this.#parts;
    const to = this.#successor();
    if (to === undefined) return;
    log.info({ to }, 'This leader is to be removed: it transfers leadership first.');
    let next: string;
    try {
      next = await this.#transfer(to, deadlineMs);
    } catch (error) {
      if (error instanceof HoldfastError && error.code === 'leadership_not_transferred') return;
      throw error;
    }
    throw new Interrupted(false, `"${next}" leads now, and this node is to be removed`);
  }

  /**
   * The voter that answers and has most of the log. Undefined where too few answer for the removal to be proposed
   * (RAFT-MEMBER-2): it is refused, and whoever leads goes on leading.
   */
  #successor(): MemberId | undefined {
    const { nodeId, replica } = this.#parts;
    const { members } = replica.status().membership;
    const others = members.filter(({ id, role }) => role === 'voter' && id !== nodeId);
    const answering = others.flatMap(({ id }) => {
      const progress = this.#answering(id);
      return progress === undefined ? [] : [{ id, matchIndex: progress.matchIndex }];
    });
    if (answering.length <= others.length / 2) return undefined;
    return answering.toSorted((a, b) => b.matchIndex - a.matchIndex)[0]?.id;
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
    if (to !== null && this.#answering(to) === undefined)
      throw new HoldfastError(
        'invalid_request',
        `"${to}" does not answer this leader, so leadership was not transferred to it. Bring it back first, or choose another voting member.`,
      ); // TRANSFER-1
    if (clock.now() >= deadlineMs) throw noQuorum(); // TRANSFER-1
    const answer = replica.transferLeadership(to as MemberId | null);
    if (!answer.ok) {
      if (answer.reason === 'invalid_change') {
        throw new HoldfastError(
          'invalid_request',
          answer.detail ??
            'There is no other voting member to transfer leadership to. Add one first.',
        );
      }
      throw new Interrupted(false, answer.detail ?? answer.reason);
    }
    for (;;) {
      const { leader, role, ready } = replica.status();
      if (leader !== null && leader !== nodeId) return leader;
      if (role === 'leader' && ready) throw notTransferred(nodeId, to); // TRANSFER-1
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

const notFound = (id: string): HoldfastError =>
  new HoldfastError('member_not_found', `"${id}" is not a member. See GET /cluster/status.`);

const notReady = (why: string): HoldfastError =>
  new HoldfastError(
    'learner_not_ready',
    `${why} Wait: it gets its vote by itself when it has caught up.`,
  );

const notTransferred = (nodeId: string, to: string | null): HoldfastError =>
  new HoldfastError(
    'leadership_not_transferred',
    `${to === null ? 'No other member took' : `"${to}" did not take`} leadership over in time, so "${nodeId}" leads as before. See GET /cluster/status for members that do not answer, and ask again.`,
  );

const changeInProgress = (): HoldfastError =>
  new HoldfastError(
    'membership_change_in_progress',
    'Another change of the members is not committed yet. Retry when GET /cluster/status shows it as done.',
  );
