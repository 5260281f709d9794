import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startTestCluster } from '../cluster.ts';

/** A log that tells when something was said. */
function listening(): {
  readonly log: { info: () => void; warn: Say; error: Say };
  readonly said: (what: RegExp) => Promise<string>;
} {
  const heard: string[] = [];
  const waiting = new Set<() => void>();
  const say: Say = (_fields, message) => {
    heard.push(message);
    for (const wake of waiting) wake();
  };
  return {
    log: { info: () => undefined, warn: say, error: say },
    said: async (what) => {
      for (;;) {
        const found = heard.find((message) => what.test(message));
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => waiting.add(resolve));
      }
    },
  };
}
type Say = (fields: object, message: string) => void;

describe('A member that was first started with another list of members', () => {
  it(
    'follows nobody and is followed by nobody, and the logs tell both lists',
    { timeout: 30_000 },
    async () => {
      const cluster = await startTestCluster([], { extraIds: ['a', 'b', 'c', 'd', 'e'] });
      try {
        // Given c, which counts three of five, where the others count two of three
        const three = ['a', 'b', 'c'];
        const five = ['a', 'b', 'c', 'd', 'e'];
        const [a, c] = [listening(), listening()];
        await cluster.start('a', { initialIds: three, log: a.log });
        const wrong = await cluster.start('c', { initialIds: five, log: c.log });
        await cluster.start('b', { initialIds: three });
        const leader = await cluster.leader();
        // Then
        const bothLists = /a, b, c, d, e.* with a, b, c:|a, b, c, node .* with a, b, c, d, e:/;
        await a.said(bothLists);
        await c.said(bothLists);
        assert.notEqual(leader, wrong);
        assert.equal(wrong.status().leader, null);
        assert.ok(leader.status().members.some(({ id, connected }) => id === 'c' && !connected));
      } finally {
        await cluster.close();
      }
    },
  );
});
