export { openRedisStore } from './store.ts';
export type { RedisStore, RedisStoreOptions, StoreLimits } from './store.ts';
