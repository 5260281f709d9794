/** What the leader asks the other members of on behalf of the cache: to drop lines. */
import type { MemberId } from '@holdfast/raft';
import { unwrapAnswer } from '../calls.ts';
import type { Transport } from '../transport/types.ts';
import type { CacheLeaderParts } from './leading.ts';

/** Longer than leases live: after that nobody is waited for. */
const askEarlierMs = 2500;

export const memberCalls = (
  transport: Transport,
): Pick<CacheLeaderParts, 'tell' | 'askEarlier'> => ({
  tell: async (node, told, timeoutMs) => {
    const call = { type: 'cache_invalidate', ...told, timeoutMs } as const;
    return unwrapAnswer(await transport.call(node as MemberId, call, undefined, timeoutMs));
  },
  askEarlier: async (node, term) => {
    const call = { type: 'cache_drop_earlier', term, timeoutMs: askEarlierMs } as const;
    return unwrapAnswer(await transport.call(node as MemberId, call, undefined, askEarlierMs));
  },
});
