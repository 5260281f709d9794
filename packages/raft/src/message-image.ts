/** Messages and snapshots as plain data (see image.ts). */
import type { Image } from './image.ts';
import { imageOfEntry } from './log.ts';
import { imageOfMembership } from './membership.ts';
import type { Message, SnapshotMeta } from './types.ts';

export const imageOfMeta = ({ index, term, membership, hash, byteLength }: SnapshotMeta): Image => [
  index,
  term,
  imageOfMembership(membership),
  hash,
  byteLength,
];

export function imageOfMessage(message: Message): Image {
  switch (message.type) {
    case 'append':
      return { ...message, entries: message.entries.map(imageOfEntry) };
    case 'snapshot_chunk':
      return { ...message, meta: imageOfMeta(message.meta), data: message.data.join() };
    case 'pre_vote':
    case 'pre_vote_answer':
    case 'vote':
    case 'vote_answer':
    case 'append_answer':
    case 'snapshot_answer':
    case 'timeout_now':
      return { ...message };
  }
}
