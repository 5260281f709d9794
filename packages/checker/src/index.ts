export type { Model, Operation } from './history.ts';
export type { Limits, Prefix, Verdict } from './verdict.ts';
