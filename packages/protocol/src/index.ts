export type * from './administration.ts';
export * from './errors.ts';
export type * from './operations.ts';
export * from './stream.ts';
