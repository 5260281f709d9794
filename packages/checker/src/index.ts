export { checkLinearizable } from './check.ts';
export { drawHistory } from './draw.ts';
export type { Model, Operation } from './history.ts';
export { fromJsonLines, toJsonLines } from './json-lines.ts';
export { lacksCommitted } from './leader-completeness.ts';
export type { CommittedEntry, LeaderLog } from './leader-completeness.ts';
export { cacheModel } from './models/cache.ts';
export type { CacheAnswer, CacheCall, CacheState } from './models/cache.ts';
export { lockModel } from './models/lock.ts';
export type {
  LockAnswer,
  LockCall,
  LockMode,
  LockModelOptions,
  LockOperation,
  LockState,
} from './models/lock.ts';
export { poolModel } from './models/pool.ts';
export type { PoolAnswer, PoolCall, PoolModelOptions, PoolState } from './models/pool.ts';
export { registerModel } from './models/register.ts';
export type { RegisterAnswer, RegisterCall } from './models/register.ts';
export type { Limits, Prefix, Verdict } from './verdict.ts';
export { judgeMessages } from './messages.ts';
export type {
  ExtendedMessage,
  MessageEvent,
  MessageVerdict,
  Push,
  SettledMessage,
  TakenMessage,
} from './messages.ts';
