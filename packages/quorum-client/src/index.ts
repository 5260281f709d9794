/// <reference lib="esnext.disposable" preserve="true" />
export { HoldfastError } from '@holdfast/protocol';
export { Quorum } from './quorum.ts';
export type { QuorumEnvironment, QuorumOptions } from './quorum.ts';
export { QuorumHold, QuorumLock } from './quorum-lock.ts';
export type { LeaseAsk, LeaseRef, Vote, Voter, WaitAsk } from './voter.ts';
