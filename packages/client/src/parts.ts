/// <reference lib="esnext.disposable" preserve="true" />
/** The client's parts, for a simulator that puts time and sockets of its own under them, and for benchmarks. */
export type { ClientClock } from './clock.ts';
export type { Environment, OpenSocket } from './environment.ts';
export { Identities } from './quorum/identities.ts';
export { NodeVoter } from './quorum/node-voter.ts';
export { StreamTransport } from './quorum/stream-transport.ts';
export { attempt, release, validForMs } from './quorum/lease.ts';
export type { Attempt, QuorumSettings } from './quorum/lease.ts';
export type { Voter } from './quorum/voter.ts';
export { fetchWith } from '#requests';
export type { Fetch } from '#requests';
