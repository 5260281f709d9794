/// <reference lib="esnext.disposable" preserve="true" />
export { HoldfastError } from '@holdfast/protocol';
export type {
  BarrierAnswer,
  ElectionAnswer,
  ErrorCode,
  Json,
  LeaderChange,
  LockStatusAnswer,
  QueueStats,
  SemaphoreAnswer,
  SessionWaitsAnswer,
  TraceContext,
  WatchEvent,
} from '@holdfast/protocol';
export type { AcquireOptions, WaitOptions } from './acquiring.ts';
export { Barrier } from './barrier.ts';
export { Client, connect } from './client.ts';
export type {
  CacheMemoryOptions,
  ClientOptions,
  ConnectSettings,
  SessionOptions,
} from './client.ts';
export type { CallSettings } from './call-settings.ts';
export { Election, Leadership } from './election.ts';
export type { CampaignOptions } from './election.ts';
export { Held } from './held.ts';
export type { EndReason, HeldFields, HeldKind, HoldState, Lease } from './held.ts';
export { Latch } from './latch.ts';
export { Lock, ReadWriteLock } from './lock.ts';
export { MultiHold, MultiLock } from './multi-lock.ts';
export type { Want, WantedLock, WantedPermits } from './multi-lock.ts';
export type { ClientClock } from './clock.ts';
export type {
  AddressRefused,
  ClientWarning,
  HoldCountDiffers,
  OtherCluster,
  WatchRefused,
} from './client-warning.ts';
export { Cache } from './cache.ts';
export type { FillOptions } from './cache-filling.ts';
export type { MemoryStatistics } from './cache-memory.ts';
export type { CacheValue, CacheVersion } from './cache-value.ts';
export type { CacheConditions, HeldReference, CacheSetOptions } from './cache.ts';
export { Queue } from './queue.ts';
export type { ConsumeOptions, PushOptions } from './queue.ts';
export { QueueDelivery } from './queue-delivery.ts';
export { Semaphore } from './semaphore.ts';
export type { SemaphoreOptions, TakeOptions } from './semaphore.ts';
export { Hold, Permits, Session } from './session.ts';
export type { LockOptions, PermitsOptions } from './session-requests.ts';
export type { LockWork, SessionState } from './session.ts';
export type { WatchOptions } from './watch.ts';
export type { ApiKey } from './hello.ts';
export type { TlsOptions, TlsSettings } from './tls.ts';
export type { ClientSpan, ClientTracing } from './tracing.ts';
