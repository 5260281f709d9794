/**
 * Answers to messages of an older term: the sender learns of the newer one.
 *
 * RAFT-READ-3: such an answer proves no round. It is of the term of now, and where the sender leads that term, too, the round
 *     of the message is one of its former leadership, which counted from the beginning as this one does.
 */
import type { Core } from './core.ts';
import type { MemberId, Message } from './types.ts';

/** Rounds count from 1. */
const noRound = 0;

export function answerOlderTerm(core: Core, from: MemberId, message: Message): void {
  // The sender learns of the newer term; else a node of an inflated term would be stuck for ever.
  if (message.type === 'append') {
    core.outbox.sendWhenDurable(
      {
        to: from,
        message: {
          type: 'append_answer',
          term: core.term,
          probe: noRound, // RAFT-READ-3
          accepted: false,
          rejectedIndex: message.previousIndex,
          conflictTerm: 0,
          conflictIndex: core.log.lastIndex + 1,
        },
      },
      core.term,
    );
  } else if (message.type === 'snapshot_chunk') {
    core.outbox.sendWhenDurable(
      {
        to: from,
        message: {
          type: 'snapshot_answer',
          term: core.term,
          hash: message.meta.hash,
          nextOffset: 0,
          installed: false,
          probe: noRound, // RAFT-READ-3
        },
      },
      core.term,
    );
  } else if (message.type === 'pre_vote') {
    core.outbox.sendWhenDurable(
      { to: from, message: { type: 'pre_vote_answer', term: core.term, granted: false } },
      core.term,
    );
  } else if (message.type === 'vote') {
    core.outbox.sendWhenDurable(
      { to: from, message: { type: 'vote_answer', term: core.term, granted: false } },
      core.term,
    );
  }
}
