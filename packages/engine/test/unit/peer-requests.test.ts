/** What peers ask of a leader that does not come to it (PEER-REQUEST-1). */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MemberId } from '@holdfast/raft';
import { latestFeatureLevel } from '@holdfast/state';
import { PeerRequests } from '../../src/peer-requests.ts';
import type { PeerRequestsParts } from '../../src/peer-requests.ts';
import { settled } from './hand-disk.ts';
import { StillClock } from './still-clock.ts';

const timeoutMs = 1000;
const caller = { identity: 'ann', timeoutMs };
const silence = (): Promise<never> => new Promise(() => undefined);
const fill = { key: 'k', waitMs: 0, fillMs: 500 };

const calls = [
  [{ type: 'keep_alive', sessionId: 's', ...caller }, 'outcome_unknown'],
  [{ type: 'query', query: { type: 'stats' }, ...caller }, 'overloaded'],
  [{ type: 'cache_read', key: 'k', memoryId: 'm', ...caller }, 'overloaded'],
  [{ type: 'cache_fill', ...fill, ...caller }, 'outcome_unknown'],
  [{ type: 'payloads', wanted: [], timeoutMs }, 'overloaded'],
  [{ type: 'ask', body: {}, ...caller }, 'outcome_unknown'],
  [{ type: 'cache_drop_earlier', term: 3, timeoutMs }, 'outcome_unknown'],
  [
    { type: 'cache_invalidate', term: 3, memoryId: 'm', seq: 1, keys: [], shared: [], timeoutMs },
    'outcome_unknown',
  ],
  [{ type: 'remove_member', id: 'b', ...caller }, 'overloaded'],
] as const;

describe('A call of a peer', () => {
  for (const [call, code] of calls)
    it(`(${call.type}) is answered in its time (PEER-REQUEST-1)`, async () => {
      const clock = new StillClock();
      const requests = new PeerRequests({
        clock,
        supportedLevel: () => latestFeatureLevel,
        route: { whenReadyHere: () => Promise.resolve() },
        asks: { answer: silence },
        payloads: { given: silence, answer: silence },
        coherence: {
          onInvalidation: silence,
          onNewLeader: silence,
          readHere: silence,
          fillHere: silence,
        },
        leadership: { keepAlive: silence, query: silence, prove: silence },
      } as unknown as PeerRequestsParts);
      let told: unknown;
      void requests
        .answer('b' as MemberId, call, new AbortController().signal)
        .then((answer) => (told = answer.type === 'error' ? answer.code : answer));
      await settled();
      clock.pass(timeoutMs - 1);
      await settled();
      assert.equal(told, undefined);
      clock.pass(501);
      await settled();
      assert.equal(told, code);
    });
});
