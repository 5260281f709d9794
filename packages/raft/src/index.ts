export { RaftInvariantError } from './invariant.ts';
export { decodeMembership, encodeMembership } from './membership.ts';
export { createRaft } from './raft.ts';
export type * from './types.ts';
