/** What a node logs of requests at the level `debug`, and at no other. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';

interface Line {
  readonly operation: string;
  readonly outcome: string;
  readonly ms: number;
}

function logging(
  t: TestContext,
  level: string,
): Harness & { readonly lines: Line[]; readonly logLevel: { level: string } } {
  const lines: Line[] = [];
  const ignore = (): void => undefined;
  const logLevel = { level };
  const log = {
    debug: (fields: object): void => void lines.push(fields as Line),
    info: ignore,
    warn: ignore,
    error: ignore,
  };
  return { ...startHarness(t, { log, logLevel }), lines, logLevel };
}

describe('a node that logs at the level debug', () => {
  test('has a line for each request, with how it ended and without what its caller wrote (LOGGED-1)', async (t) => {
    const { request, session, acquire, lines } = logging(t, 'debug');
    const id = await session();
    const other = await session();
    lines.length = 0;
    await acquire(id, 'secret/name');
    const refused = await request('POST', `/sessions/${other}/locks/secret%2Fname`, {});
    assert.equal(refused.body['code'], 'lock_held');
    assert.deepEqual(
      lines.map(({ operation, outcome }) => [operation, outcome]),
      [
        ['acquire', 'done'],
        ['acquire', 'lock_held'],
      ],
    );
    for (const line of lines) {
      assert.deepEqual(Object.keys(line), ['operation', 'outcome', 'ms']);
      assert.ok(Number.isFinite(line.ms) && line.ms >= 0);
    }
  });

  test('has none at any other level, from the next request on', async (t) => {
    const { request, lines, logLevel } = logging(t, 'info');
    await request('GET', '/locks');
    assert.deepEqual(lines, []);
    await request('POST', '/admin/log-level', { level: 'debug' });
    assert.equal(logLevel.level, 'debug');
    await request('GET', '/locks');
    assert.equal(lines.length, 1);
    logLevel.level = 'silent';
    await request('GET', '/locks');
    assert.equal(lines.length, 1);
  });
});
