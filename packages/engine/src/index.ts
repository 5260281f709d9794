export { createRaftEngine } from './open.ts';
export type * from './types.ts';
