/** Faults of the Raft core: votes, what is committed and who may be believed. */
import type { Fault } from './fault.ts';

export const raftFaults: readonly Fault[] = [
  {
    name: 'vote-not-persisted',
    breaks: 'a vote leaves before it is on disk: a node that restarts votes twice in a term',
    file: 'packages/raft/src/outputs.ts',
    find: `        votedFor: core.votedFor,
        commit: Math.min`,
    put: `        votedFor: null,
        commit: Math.min`,
    test: 'packages/raft/test/unit/safety.test.ts',
  },
  {
    name: 'old-term-committed-by-counting',
    breaks: 'an entry of an older term is committed by counting copies (Raft paper, figure 8)',
    file: 'packages/raft/src/leader.ts',
    find: `if (index <= core.commit || log.termAt(index) !== core.term) return;`,
    put: `if (index <= core.commit) return;`,
  },
  {
    name: 'own-disk-not-waited-for',
    breaks: 'the leader counts its own copy before its disk has it',
    file: 'packages/raft/src/leader.ts',
    find: `id === config.id ? core.stableIndex : (this.#peers.get(id)?.matchIndex ?? 0),`,
    put: `id === config.id ? log.lastIndex : (this.#peers.get(id)?.matchIndex ?? 0),`,
    test: 'packages/raft/test/unit/safety.test.ts',
  },
  {
    name: 'acknowledged-before-durable',
    breaks: 'answers leave before what they promise is on disk',
    file: 'packages/raft/src/outbox.ts',
    find: `if (this.isDurable(writeId)) this.#ready.push(outbound);`,
    put: `if (this.isDurable(writeId) || writeId > 0) this.#ready.push(outbound);`,
    test: 'packages/raft/test/unit/safety.test.ts',
  },
  {
    name: 'stale-append-truncates',
    breaks: 'a late append cuts off what came after it',
    file: 'packages/raft/src/follower.ts',
    find: `const firstNew = entries.findIndex((entry) => core.log.termAt(entry.index) !== entry.term);
  if (firstNew < 0) return;`,
    put: `const firstNew = entries.length === 0 ? -1 : 0;
  if (firstNew < 0) return;`,
  },
  {
    name: 'log-not-compared-in-votes',
    breaks: 'a candidate without all committed entries is elected',
    file: 'packages/raft/src/elections.ts',
    find: `lastTerm > log.lastTerm || (lastTerm === log.lastTerm && lastIndex >= log.lastIndex);`,
    put: `lastTerm >= 0 || lastIndex >= log.lastIndex;`,
  },
  {
    name: 'membership-not-one-at-a-time',
    breaks:
      'two changes of the membership are under way at once, or before an entry of the own term',
    file: 'packages/raft/src/leader.ts',
    find: `    if (commit < this.#firstIndex) return { ok: false, reason: 'not_ready' };
    if (memberships.currentIndex > commit) return { ok: false, reason: 'change_in_progress' };`,
    put: `    if (commit < 0 || memberships.currentIndex < 0) return { ok: false, reason: 'not_ready' };`,
  },
  {
    name: 'voters-of-an-older-membership',
    breaks:
      'RAFT-MEMBER-1: majorities are counted among the voters of a membership that another one has replaced',
    file: 'packages/raft/src/membership.ts',
    find: `    this.#voters = voterIds(newest.membership);`,
    put: ``,
  },
  {
    name: 'read-proof-counts-older-rounds',
    breaks: 'answers to messages sent before a read was asked prove it',
    file: 'packages/raft/src/reads.ts',
    find: `if (pending.round > round) break;`,
    put: `if (pending.round > round + 1) break;`,
  },
  {
    name: 'change-without-majority',
    breaks: 'a change of the members is begun that those who answer cannot commit',
    file: 'packages/raft/src/leader.ts',
    find: `change.type !== 'add_learner' && heard.length <= voters.length / 2`,
    put: `change.type !== 'add_learner' && heard.length < 0`,
    test: 'packages/raft/test/unit/membership.test.ts',
  },
  {
    name: 'learner-keeps-a-dead-leader',
    breaks: 'a learner believes in a leader that is gone, and so do its callers',
    file: 'packages/raft/src/elections.ts',
    find: `else if (core.leader !== null || (`,
    put: `else if (core.leader === core.config.id || (`,
    test: 'packages/raft/test/unit/campaigns.test.ts',
  },
  {
    name: 'removed-voter-does-not-campaign',
    breaks: 'a voter whose removal only it has, uncommitted, stays silent: nobody can be elected',
    file: 'packages/raft/src/elections.ts',
    find: `if (core.mayCampaign && !core.receiver`,
    put: `if (core.isVoter(core.config.id) && !core.receiver`,
    test: 'packages/raft/test/unit/campaigns.test.ts',
  },
  {
    name: 'campaigns-on-a-silent-disk',
    breaks:
      'RAFT-ELECT-1: the only voter begins a term after the other, and a write for each, while its disk is frozen',
    file: 'packages/raft/src/elections.ts',
    find: ` && !this.#isDiskSilent()`,
    put: ``,
    hiddenFromRuns: 'memory alone',
    test: 'packages/raft/test/unit/campaigns.test.ts',
  },
  {
    name: 'impossible-answers-believed',
    breaks:
      'an answer for entries that the leader never had stops it, or proves what nobody confirmed',
    file: 'packages/raft/src/leader.ts',
    find: `    if (index <= lastIndex) return undefined;`,
    put: `    if (index <= lastIndex || peer.id !== '') return undefined;`,
  },
  {
    name: 'campaigns-while-it-receives',
    breaks:
      'a node that receives a snapshot campaigns when a message says so, and stops as a leader',
    file: 'packages/raft/src/raft.ts',
    find: `          this.leadership === undefined &&
          !this.receiver.keepsFromCampaigning`,
    put: `          this.leadership === undefined`,
  },
  {
    name: 'held-answers-pile-up',
    breaks: 'while a disk is frozen each heartbeat and each vote that is asked for costs memory',
    file: 'packages/raft/src/outbox.ts',
    find: `      const newest = inPlaceOf(former.outbound, outbound);`,
    put: `      const newest = at < 0 ? inPlaceOf(former.outbound, outbound) : undefined;`,
    test: 'packages/raft/test/unit/held-answers.test.ts',
  },
  {
    name: 'held-answers-of-two-writes-joined',
    breaks: 'what a follower has durably is told only when all that came behind it is durable, too',
    file: 'packages/raft/src/outbox.ts',
    find: `      if (former?.writeId !== held.writeId) break;`,
    put: `      if (former === undefined) break;`,
    test: 'packages/raft/test/unit/held-answers.test.ts',
  },
  {
    name: 'older-term-proves-a-round',
    breaks: 'a late message of a former leadership proves reads of the next one, which are stale',
    file: 'packages/raft/src/older-term.ts',
    find: `          probe: noRound, // RAFT-READ-3
          accepted: false,`,
    put: `          probe: message.probe + noRound,
          accepted: false,`,
    test: 'packages/raft/test/unit/held-answers.test.ts',
  },
];
