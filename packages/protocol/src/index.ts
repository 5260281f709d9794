export type * from './administration.ts';
export * from './errors.ts';
export type * from './operations.ts';
export * from './stream.ts';
export type * from './acquiring.ts';
export type * from './elections.ts';
export type * from './events.ts';
export type * from './meetings.ts';
export type * from './semaphores.ts';
