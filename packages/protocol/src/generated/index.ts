// Made from packages/contract by "make documents". Change the declaration, not this file.
export type * from './sessions.ts';
export type * from './locks.ts';
export type * from './semaphores.ts';
export type * from './elections.ts';
export type * from './barriers.ts';
export type * from './latches.ts';
export type * from './queues.ts';
export type * from './cache.ts';
export type * from './events.ts';
export type * from './cluster.ts';
export type * from './administration.ts';
export type * from './auth.ts';
export type * from './audit.ts';
export type * from './operations.ts';
export * from './operation-traits.ts';
export * from './words.ts';
export * from './error-definitions.ts';
