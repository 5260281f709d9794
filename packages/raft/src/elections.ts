/**
 * Elections: the timer, pre-votes, votes and campaigns (paper 5.2; thesis 4.2.3, 9.6).
 *
 * RAFT-1 is upheld here: a vote and its term are durable before anybody hears of them (outbox RAFT-OUTBOX-1).
 * RAFT-ELECT-1: a node whose disk has not answered for so long that it would lead no longer (`maxWriteTicks`) does not campaign:
 *     nobody would hear of its vote, and each campaign is a term, and a write more that waits for that disk.
 * RAFT-ELECT-2: a node that may not campaign, as one that its host knows to be removed, ends the campaign that it has begun.
 */
import type { Image } from './image.ts';
import type { Core } from './core.ts';
import type { LogIndex, MemberId, Message, Term } from './types.ts';

export class Elections {
  readonly #core: Core;
  #role: 'follower' | 'pre_candidate' | 'candidate' | 'leader' = 'follower';
  #votes = new Map<MemberId, boolean>();
  /** The write that makes the own vote durable. */
  #ownVoteWrite = 0;
  #elapsedTicks = 0;
  #timeoutTicks = 0;
  #leaderSuspected = false;

  constructor(core: Core) {
    this.#core = core;
  }

  get role(): 'follower' | 'pre_candidate' | 'candidate' | 'leader' {
    return this.#role;
  }

  /** IMG-1: votes and the own vote are those of a campaign. */
  image(): Image {
    const isCampaign = this.#role === 'pre_candidate' || this.#role === 'candidate';
    const { outbox } = this.#core;
    return {
      role: this.#role,
      votes: isCampaign ? [...this.#votes].sort(([a], [b]) => (a < b ? -1 : 1)) : [],
      ownVoteWrite: this.#role === 'candidate' ? outbox.sincePersisted(this.#ownVoteWrite) : 0,
      elapsedTicks: this.#elapsedTicks,
      timeoutTicks: this.#timeoutTicks,
      leaderSuspected: this.#leaderSuspected,
    };
  }

  restartTimer(): void {
    const { electionTicksMin, electionTicksMax, random } = this.#core.config;
    this.#elapsedTicks = 0;
    this.#timeoutTicks =
      electionTicksMin + Math.floor(random() * (electionTicksMax - electionTicksMin + 1));
  }

  /** Not called on a leader. */
  tick(): void {
    const core = this.#core;
    this.#elapsedTicks += 1;
    if (this.#elapsedTicks < this.#timeoutTicks) return;
    this.restartTimer();
    if (core.mayCampaign && !core.receiver.keepsFromCampaigning && !this.#isDiskSilent())
      this.#campaign('pre_candidate', false);
    // Who does not campaign says at least that it has lost its leader: its callers look for another node.
    else if (core.leader !== null || (!core.mayCampaign && this.#role !== 'follower'))
      core.becomeFollower(core.term, null); // RAFT-ELECT-2
  }

  /** RAFT-ELECT-1. */
  #isDiskSilent(): boolean {
    return this.#core.outbox.oldestWriteTicks > this.#core.config.maxWriteTicks;
  }

  becomeFollower(): void {
    this.#role = 'follower';
    this.#leaderSuspected = false;
    this.restartTimer();
  }

  /** A message of the term's leader came. Returns whether this node followed nobody before. */
  onLeaderHeard(): boolean {
    const isNew = this.#role !== 'follower';
    this.#role = 'follower';
    this.#leaderSuspected = false;
    this.restartTimer();
    return isNew;
  }

  /** The connection to the leader is lost: this node campaigns soon, at a random early tick. */
  suspectLeader(): void {
    if (this.#leaderSuspected || this.#role !== 'follower') return;
    const { random, heartbeatTicks } = this.#core.config;
    this.#leaderSuspected = true;
    const soon = 1 + Math.floor(random() * heartbeatTicks);
    this.#timeoutTicks = Math.min(this.#timeoutTicks, this.#elapsedTicks + soon);
  }

  hearsLeader(): boolean {
    if (this.#core.leadership !== undefined) return true;
    return (
      this.#core.leader !== null &&
      !this.#leaderSuspected &&
      this.#elapsedTicks < this.#core.config.electionTicksMin
    );
  }

  /** The leader asks this node to take its place. */
  campaignAtOnce(): void {
    this.#campaign('candidate', true);
  }

  onStable(writeId: number): void {
    if (this.#role === 'candidate' && this.#ownVoteWrite <= writeId)
      this.countVote('candidate', this.#core.config.id, true);
  }

  answerPreVote(from: MemberId, message: Extract<Message, { type: 'pre_vote' }>): void {
    const { term, outbox } = this.#core;
    const granted =
      message.term > term &&
      !this.hearsLeader() &&
      this.#isUpToDate(message.lastIndex, message.lastTerm);
    outbox.sendWhenDurable(
      {
        to: from,
        message: { type: 'pre_vote_answer', term: granted ? message.term : term, granted },
      },
      term,
    );
  }

  answerVote(from: MemberId, message: Extract<Message, { type: 'vote' }>): void {
    const core = this.#core;
    const free = core.votedFor === null || core.votedFor === from;
    const granted =
      free &&
      core.leadership === undefined &&
      this.#isUpToDate(message.lastIndex, message.lastTerm);
    if (granted) {
      if (core.votedFor !== from) {
        core.votedFor = from;
        core.outbox.writeHardState(); // RAFT-1
      }
      this.restartTimer();
    }
    core.outbox.sendWhenDurable(
      { to: from, message: { type: 'vote_answer', term: core.term, granted } },
      core.term,
    );
  }

  countVote(as: 'pre_candidate' | 'candidate', from: MemberId, granted: boolean): void {
    if (this.#role !== as) return;
    this.#votes.set(from, granted);
    const { voters } = this.#core;
    const majority = Math.floor(voters.length / 2) + 1;
    const count = (wanted: boolean): number =>
      voters.filter((id) => this.#votes.get(id) === wanted).length;
    if (count(true) >= majority) {
      if (as === 'pre_candidate') this.#campaign('candidate', false);
      else {
        this.#role = 'leader';
        this.#core.lead();
      }
    } else if (count(false) >= majority) {
      this.#core.becomeFollower(this.#core.term, null);
    }
  }

  #isUpToDate(lastIndex: LogIndex, lastTerm: Term): boolean {
    const { log } = this.#core;
    return lastTerm > log.lastTerm || (lastTerm === log.lastTerm && lastIndex >= log.lastIndex);
  }

  #campaign(as: 'pre_candidate' | 'candidate', transfer: boolean): void {
    const core = this.#core;
    const { outbox, log } = core;
    core.leader = null;
    this.#leaderSuspected = false;
    this.#role = as;
    this.#votes = new Map();
    core.statusChanged();
    this.restartTimer();
    const { lastIndex, lastTerm } = log;
    const others = core.voters.filter((id) => id !== core.config.id);
    if (as === 'pre_candidate') {
      for (const to of others) {
        outbox.sendWhenDurable(
          { to, message: { type: 'pre_vote', term: core.term + 1, lastIndex, lastTerm } },
          core.term,
        );
      }
      this.countVote('pre_candidate', core.config.id, true);
      return;
    }
    core.term += 1;
    core.votedFor = core.config.id;
    outbox.writeHardState();
    this.#ownVoteWrite = outbox.lastNeededWrite;
    for (const to of others) {
      outbox.sendWhenDurable(
        { to, message: { type: 'vote', term: core.term, lastIndex, lastTerm, transfer } },
        core.term,
      );
    }
  }
}
