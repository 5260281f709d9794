/** Bounds of the store: those of one queue are the state's, and what all take together is Redis' own `maxmemory`. */
import type { StateLimits } from '@holdfast/state';

export type StoreLimits = Pick<
  StateLimits,
  'maxQueues' | 'maxMessagesPerQueue' | 'maxMessageBytesPerQueue' | 'maxDedupIds'
>;
