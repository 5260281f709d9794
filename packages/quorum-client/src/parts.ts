/// <reference lib="esnext.disposable" preserve="true" />
/** Parts for other voters, for the simulator and the explorer, and for benchmarks. */
export {
  checkEpoch,
  checkFields,
  checkList,
  checkMs,
  checkText,
  invalid,
  longestTtlMs,
} from './arguments.ts';
export { Identities } from './identities.ts';
export { attempt, release, validForMs } from './lease.ts';
export type { Attempt, QuorumSettings } from './lease.ts';
export { NodeVoter } from './node-voter.ts';
export { smallestDriftShare } from './quorum.ts';
export { StreamTransport } from './stream-transport.ts';
export type { Voter } from './voter.ts';
