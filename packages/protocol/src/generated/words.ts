// Made from packages/contract by "make documents". Change the declaration, not this file.
import type { Consistency } from './sessions.ts';
import type { LockMode } from './sessions.ts';
import type { QueueOrder } from './queues.ts';
import type { OnDead } from './queues.ts';
import type { BlockedBy } from './queues.ts';
import type { LineState } from './cache.ts';
import type { KeptLine } from './cache.ts';
import type { SharerKind } from './cache.ts';
import type { WatchedKind } from './events.ts';
import type { WatchEventType } from './events.ts';
import type { AccessVerb } from './auth.ts';

export const consistencyWords: readonly Consistency[] = ['linearizable', 'stale'];
export const lockModeWords: readonly LockMode[] = ['exclusive', 'shared'];
export const queueOrderWords: readonly QueueOrder[] = ['key', 'none'];
export const onDeadWords: readonly OnDead[] = ['skip', 'block'];
export const blockedByWords: readonly BlockedBy[] = ['in_flight', 'retry', 'dead_letter'];
export const lineStateWords: readonly LineState[] = ['modified', 'exclusive', 'shared', 'invalid'];
export const keptLineWords: readonly KeptLine[] = ['exclusive', 'shared', 'none', 'over'];
export const sharerKindWords: readonly SharerKind[] = ['node', 'client'];
export const watchedKindWords: readonly WatchedKind[] = [
  'lock',
  'semaphore',
  'election',
  'barrier',
  'latch',
];
export const watchEventTypeWords: readonly WatchEventType[] = [
  'granted',
  'released',
  'expired',
  'downgraded',
  'waiting',
  'left',
  'proclaimed',
  'created',
  'resized',
  'deleted',
  'entered',
  'opened',
  'over',
  'counted',
];
export const accessVerbWords: readonly AccessVerb[] = [
  'read',
  'acquire',
  'manage',
  'push',
  'consume',
  'cache_read',
  'cache_write',
  'admin',
];
