/** Messages in a line, for traces. */
import type { Message } from '@holdfast/raft';

export function describeMessage(message: Message): string {
  const { type, term } = message;
  const head = `${type} term ${String(term)}`;
  switch (message.type) {
    case 'append': {
      const { entries, previousIndex, previousTerm, commit } = message;
      const first = entries[0];
      const last = entries.at(-1);
      const span =
        first === undefined || last === undefined
          ? 'nothing'
          : `${String(first.index)}..${String(last.index)}/${String(last.term)}`;
      return `${head} after ${String(previousIndex)}/${String(previousTerm)}: ${span}, commit ${String(commit)}`;
    }
    case 'append_answer':
      return message.accepted
        ? `${head} up to ${String(message.matchIndex)}`
        : `${head} refused at ${String(message.rejectedIndex)}, conflict ${String(message.conflictIndex)}/${String(message.conflictTerm)}`;
    case 'pre_vote':
    case 'vote':
      return `${head}, log ends ${String(message.lastIndex)}/${String(message.lastTerm)}`;
    case 'pre_vote_answer':
    case 'vote_answer':
      return `${head} ${message.granted ? 'yes' : 'no'}`;
    case 'snapshot_chunk':
      return `${head} bytes from ${String(message.offset)} of ${String(message.meta.byteLength)} of ${message.meta.hash.slice(0, 8)} at ${String(message.meta.index)}`;
    case 'snapshot_answer':
      return `${head} of ${message.hash.slice(0, 8)} ${message.installed ? 'installed' : `up to byte ${String(message.nextOffset)}`}`;
    case 'timeout_now':
      return head;
  }
}
