/** What takes too long for each push is run every night. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

describe('the workflow of each night', () => {
  const asked = [...read('.github/workflows/nightly.yml').matchAll(/- run: make (?<target>\S+)/g)];
  const targets = asked.map(({ groups }) => groups?.['target'] ?? '');

  it('runs targets of the Makefile', () => {
    const known = new Set(
      [...read('Makefile').matchAll(/^(?<target>[a-z-]+):/gm)].map(
        ({ groups }) => groups?.['target'],
      ),
    );
    assert.ok(targets.length > 0);
    assert.deepEqual(
      targets.filter((target) => !known.has(target)),
      [],
    );
  });

  it('runs both stores of queues, and the cache, against faults and a Redis Cluster', () => {
    for (const target of ['test-slow', 'test-redis', 'test-chaos-queue', 'test-chaos-cache'])
      assert.ok(targets.includes(target), target);
  });
});
