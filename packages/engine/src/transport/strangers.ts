/**
 * What is taken of a peer that this node's log does not name.
 *
 * TRANSPORT-6: the log may lag behind a change of the members, so that such a peer may be one all the same. It is
 *     asked nothing and told nothing but what a change of the members needs (Raft thesis, 4.1): it may ask for votes,
 *     but not unseat a leader that this node hears; and it may lead where this node has voted for it in
 *     that term, or where the own log cannot know better (VIEW-3 of `membership-view.ts`). Its answers
 *     and calls are of no use: who leads has the members that it asks in its log.
 */
import type { MemberId, Message, Term } from '@holdfast/raft';
import type { PeerKnowledge } from './types.ts';

export class Strangers {
  readonly #knowledge: PeerKnowledge;
  /** The newest vote that this node has granted. */
  #voted: { readonly to: MemberId; readonly term: Term } | undefined;

  constructor(knowledge: PeerKnowledge) {
    this.#knowledge = knowledge;
  }

  noteSent(to: MemberId, message: Message): void {
    if (message.type === 'vote_answer' && message.granted) this.#voted = { to, term: message.term };
  }

  mayLead(id: MemberId): boolean {
    const { term, mayBeLedBy } = this.#knowledge;
    return (this.#voted?.to === id && this.#voted.term === term()) || mayBeLedBy(id);
  }

  /** The message as far as it counts; undefined where it does not. */
  admit(from: MemberId, message: Message): Message | undefined {
    switch (message.type) {
      case 'pre_vote':
        return message;
      case 'vote':
        return { ...message, transfer: false };
      case 'append':
      case 'snapshot_chunk':
      case 'timeout_now':
        return this.mayLead(from) ? message : undefined;
      case 'pre_vote_answer':
      case 'vote_answer':
      case 'append_answer':
      case 'snapshot_answer':
        return undefined;
    }
  }
}
