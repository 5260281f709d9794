/** Bodies that are nested very deep (DEPTH-1). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deepestBody } from '../../src/validation/depth.ts';
import { startHarness } from '../harness.ts';

/** As text: `JSON.stringify` itself cannot write the deepest. */
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
const nestedObject = (levels: number): string => '{"a":'.repeat(levels) + '1' + '}'.repeat(levels);

const session = '"session_id":"s"';
/** With the level at which the value stands. */
const bodies: readonly (readonly [string, number, (value: string) => string])[] = [
  ['/cache/set', 1, (value) => `{"key":"k","value":${value}}`],
  ['/operations/cache_set', 1, (value) => `{"key":"k","value":${value}}`],
  ['/queue/push', 1, (value) => `{"key":"k","payload":${value}}`],
  ['/operations/queue_push', 3, (value) => `{"messages":[{"key":"k","payload":${value}}]}`],
  ['/locks/a/acquire', 1, (value) => `{${session},"metadata":${value}}`],
  ['/locks/a/acquire', 1, (value) => `{"session_id":${value}}`],
  ['/elections/a/campaign', 1, (value) => `{${session},"value":${value}}`],
  ['/sessions', 1, (value) => `{"no_field_of_it":${value}}`],
];

describe('a body that is nested too deep', () => {
  for (const [path, level, bodyOf] of bodies)
    test(`is refused, and nothing is done (${path}, ${bodyOf('…')})`, async (t) => {
      const { request, engine } = startHarness(t);
      for (const levels of [deepestBody - level + 1, 4382, 30_000])
        for (const value of [nested(levels), nestedObject(Math.min(levels, 8000))]) {
          const answer = await request('POST', path, bodyOf(value), {
            'content-type': 'application/json',
          });
          assert.deepEqual([answer.status, answer.body['code']], [400, 'invalid_request']);
          assert.match(answer.text, /nested deeper than \d+ levels/);
        }
      assert.deepEqual(engine.submitted, []);
    });

  test('is no body of what is as deep as it may be', async (t) => {
    const { request } = startHarness(t);
    const headers = { 'content-type': 'application/json' };
    const value = nested(deepestBody - 1);
    const set = await request('POST', '/cache/set', `{"key":"k","value":${value}}`, headers);
    assert.equal(set.status, 200, set.text);
    const again = await request('POST', '/cache/set', '{"key":"k","value":1}', headers);
    assert.equal(again.status, 200, again.text);
  });
});
