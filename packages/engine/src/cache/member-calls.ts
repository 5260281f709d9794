/**
 * What the leader asks the other members of on behalf of the cache: to drop lines.
 *
 * TELL-1: a message that is too large for a frame is told in the log, with what it is and how large, at most once in
 *     `toldEveryMs`: it is made again and again, and writes of its keys wait for the leases meanwhile.
 */
import type { MemberId } from '@holdfast/raft';
import { unwrapAnswer } from '../calls.ts';
import type { Clock } from '../clock.ts';
import { CallTooLarge } from '../transport/types.ts';
import type { Transport } from '../transport/types.ts';
import type { EngineLog } from '../types.ts';
import type { CacheLeaderParts } from './leading.ts';

/** Longer than leases live: after that nobody is waited for. */
const askEarlierMs = 2500;
/** TELL-1. */
const toldEveryMs = 1000;

export function memberCalls(
  transport: Pick<Transport, 'call'>,
  log: Pick<EngineLog, 'error'>,
  clock: Pick<Clock, 'now'>,
): Pick<CacheLeaderParts, 'tell' | 'askEarlier'> {
  let toldMs = Number.NEGATIVE_INFINITY;
  const tellTooLarge = (error: unknown, fields: object): void => {
    if (!(error instanceof CallTooLarge) || clock.now() - toldMs < toldEveryMs) return;
    toldMs = clock.now();
    log.error(
      { ...fields, error: error.message },
      'An invalidation of the cache is too large for a frame. Writes of its keys wait until the lease of that member has run out.',
    );
  };
  return {
    tell: async (node, told, timeoutMs) => {
      const call = { type: 'cache_invalidate', ...told, timeoutMs } as const;
      try {
        return unwrapAnswer(await transport.call(node as MemberId, call, undefined, timeoutMs));
      } catch (error) {
        tellTooLarge(error, { peer: node, keys: told.keys.length, shared: told.shared.length });
        throw error;
      }
    },
    askEarlier: async (node, term) => {
      const call = { type: 'cache_drop_earlier', term, timeoutMs: askEarlierMs } as const;
      return unwrapAnswer(await transport.call(node as MemberId, call, undefined, askEarlierMs));
    },
  };
}
