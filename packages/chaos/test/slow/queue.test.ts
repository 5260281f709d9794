/** Queues of both stores whose nodes, and whose Redis, are killed while messages are in flight. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import type { MessageEvent } from '@holdfast/checker';
import { redisProgram, runQueueChaos } from '../../src/index.ts';

const noRedis = redisProgram === undefined ? 'no redis-server on this machine' : false;

/** That were answered. */
function requestsOfTwoKeys(history: readonly MessageEvent[]): number {
  const pushes = history.filter((event) => event.type === 'push');
  const answered = pushes.filter(({ answeredMs }) => answeredMs !== undefined);
  return [...Map.groupBy(answered, ({ request }) => request).values()].filter(
    (together) => new Set(together.map(({ key }) => key)).size > 1,
  ).length;
}

describe('Messages in flight when something is killed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-queue-chaos-'));
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const store of ['replicated', 'redis'] as const)
    it(
      `in the ${store} store are neither lost nor delivered twice within their visibility`,
      { skip: store === 'redis' && noRedis },
      async (context) => {
        const seed = Math.floor(Math.random() * 1e9);
        const only = ['kill a node', ...(store === 'redis' ? ['kill the Redis'] : [])];
        const outcome = await runQueueChaos({
          folder: join(folder, store),
          store,
          nodes: 3,
          seed,
          seconds: 8,
          only,
          tell: (line) => context.diagnostic(line),
        });
        const { violations, acknowledged, extended, redriven, strikes, inFlight } = outcome;
        assert.deepEqual(violations, [], `seed ${String(seed)}`);
        assert.ok(acknowledged > 0);
        assert.ok(extended > 0);
        assert.ok(redriven > 0);
        assert.ok(requestsOfTwoKeys(outcome.history) > 0);
        assert.ok(strikes.length > 0);
        assert.equal(inFlight.length, strikes.length);
        assert.ok(
          inFlight.every((count) => count > 0),
          inFlight.join(),
        );
      },
    );
});
