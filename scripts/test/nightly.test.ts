/** What takes too long for each push is run every night. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';

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

describe('workflows whose tests need a Redis', () => {
  interface Step {
    readonly run?: string;
    readonly env?: Readonly<Record<string, unknown>>;
  }
  const stepsOf = (workflow: string): readonly (readonly Step[])[] => {
    const { jobs } = parse(read(`.github/workflows/${workflow}`)) as {
      readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
    };
    return Object.values(jobs).map(({ steps }) => steps);
  };

  for (const [workflow, run] of [
    ['ci.yml', '.ci/run'],
    ['nightly.yml', 'make test-slow'],
    ['nightly.yml', 'make test-redis'],
  ] as const)
    it(`install one before "${run}", which fails without it`, () => {
      const steps = stepsOf(workflow).find((some) => some.some((step) => step.run === run));
      assert.ok(steps !== undefined, `${workflow} does not run it`);
      const at = steps.findIndex((step) => step.run === run);
      const before = steps.slice(0, at).map((step) => step.run ?? '');
      assert.ok(
        before.some((text) => /apt-get install .*\bredis-server\b/.test(text)),
        `nothing installs redis-server in ${workflow} before it`,
      );
      assert.equal(steps[at]?.env?.['REQUIRE_PROGRAMS'], 1);
    });

  it('fail where there is none', () => {
    const file = 'packages/queue/test/integration/redis-names.test.ts';
    const run = (env: Readonly<Record<string, string>>) =>
      spawnSync(process.execPath, ['--conditions=source', file], {
        cwd: root,
        env: { ...env, PATH: '' },
        encoding: 'utf8',
      });
    const { status, stderr } = run({ REQUIRE_PROGRAMS: '1' });
    assert.equal(status, 1);
    assert.match(stderr, /There is no redis-server/);
    assert.equal(run({}).status, 0, 'elsewhere they are skipped');
  });
});
