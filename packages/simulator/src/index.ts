export { BrokenLife, live } from './run/life.ts';
export type { LifeResult } from './run/life.ts';
