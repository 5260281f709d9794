export type { CoreImage, HasImage, Image, LogImage } from './image.ts';
export { RaftInvariantError } from './invariant.ts';
export { decodeMembership, encodeMembership, voterIds } from './membership.ts';
export { imageOfMessage } from './message-image.ts';
export { createRaft } from './raft.ts';
export type * from './types.ts';
