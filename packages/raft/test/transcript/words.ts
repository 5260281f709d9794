/** What the core puts out, in one line each. */
import { decodeMembership } from '../../src/index.ts';
import type { Entry, Membership, Message, SnapshotMeta, Status, Write } from '../../src/index.ts';

const mostShownBytes = 40;

export const entryWords = (entry: Entry): string =>
  `${String(entry.index)}/${String(entry.term)} ${dataWords(entry)}`;

function dataWords({ kind, data }: Entry): string {
  if (kind === 'noop') return 'noop';
  if (kind === 'membership') return `members ${membershipWords(decodeMembership(data))}`;
  if (data.byteLength > mostShownBytes) return `${String(data.byteLength)} bytes`;
  return JSON.stringify(new TextDecoder().decode(data));
}

/** Index, term and the begin of the hash. */
export const snapshotWords = ({ index, term, hash }: SnapshotMeta): string =>
  `${String(index)}/${String(term)} ${hash.slice(0, 4)}`;

export const membershipWords = ({ members }: Membership): string =>
  members.map(({ id, role }) => (role === 'voter' ? id : `${id}(learner)`)).join('+');

export function messageWords(message: Message): string {
  const term = `term ${String(message.term)}`;
  switch (message.type) {
    case 'pre_vote':
      return `pre-vote? ${term}, log ends ${String(message.lastIndex)}/${String(message.lastTerm)}`;
    case 'pre_vote_answer':
      return `pre-vote ${message.granted ? 'yes' : 'no'}, ${term}`;
    case 'vote': {
      const why = message.transfer ? ', asked by the leader' : '';
      return `vote? ${term}, log ends ${String(message.lastIndex)}/${String(message.lastTerm)}${why}`;
    }
    case 'vote_answer':
      return `vote ${message.granted ? 'yes' : 'no'}, ${term}`;
    case 'append': {
      const entries = message.entries.map(entryWords).join(', ') || 'nothing';
      const after = `${String(message.previousIndex)}/${String(message.previousTerm)}`;
      return `append after ${after}: ${entries}; ${term}, commit ${String(message.commit)}, probe ${String(message.probe)}`;
    }
    case 'append_answer':
      return message.accepted
        ? `appended to ${String(message.matchIndex)}; ${term}, probe ${String(message.probe)}`
        : `no entry ${String(message.rejectedIndex)}, conflict at ${String(message.conflictIndex)}/${String(message.conflictTerm)}; ${term}, probe ${String(message.probe)}`;
    case 'snapshot_chunk': {
      const end = message.offset + message.byteLength;
      const what =
        message.byteLength === 0
          ? 'is it there?'
          : `bytes ${String(message.offset)}..${String(end)}`;
      return `snapshot ${snapshotWords(message.meta)}, ${what}; ${term}`;
    }
    case 'snapshot_answer': {
      const how = message.installed ? 'installed' : `next byte ${String(message.nextOffset)}`;
      return `snapshot ${message.hash.slice(0, 4)}, ${how}; ${term}`;
    }
    case 'timeout_now':
      return `campaign now; ${term}`;
  }
}

export function writeWords(write: Write): string {
  const parts: string[] = [];
  const { hardState, truncateFrom, entries, snapshotChunks, installSnapshot } = write;
  if (hardState !== undefined) {
    const vote = hardState.votedFor ?? '-';
    parts.push(`term ${String(hardState.term)} vote ${vote} commit ${String(hardState.commit)}`);
  }
  if (truncateFrom !== undefined) parts.push(`cut from ${String(truncateFrom)}`);
  if (entries.length > 0) parts.push(entries.map(entryWords).join(', '));
  for (const { meta, offset, data } of snapshotChunks ?? []) {
    const end = offset + data.byteLength;
    parts.push(`bytes ${String(offset)}..${String(end)} of ${meta.hash.slice(0, 4)}`);
  }
  if (installSnapshot !== undefined) parts.push(`install ${snapshotWords(installSnapshot)}`);
  return parts.join('; ');
}

export function statusWords(status: Status): string {
  const ready = status.role === 'leader' ? (status.ready ? ', ready' : ', not ready') : '';
  const leader = status.leader ?? '-';
  const log = `log ${String(status.firstIndex)}..${String(status.lastIndex)}, commit ${String(status.commit)}`;
  return `${status.role}${ready}, term ${String(status.term)}, leader ${leader}, ${log}, members ${membershipWords(status.membership)}`;
}
