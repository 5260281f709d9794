/** What is nested very deep: bodies (DEPTH-1), and every other part of a request on a stream (STREAM-6). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { streamOperations } from '../../src/pipeline/perform.ts';
import { deepestBody } from '../../src/validation/depth.ts';
import { startHarness } from '../harness.ts';
import { codeOf, StreamClient } from '../stream-client.ts';

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

describe('a frame of a stream with a part that is nested too deep', () => {
  const own = ['hello', 'cancel', 'ping', 'watch', 'unwatch', 'cache_keep', 'cache_dropped'];
  const names = [...own, 'nothing', 'acquire', 'list_locks', 'create_session', 'cache_set'];
  assert.ok(streamOperations.has('acquire'));
  const deep = [nested(30_000), nestedObject(8000)];
  const frames = deep.flatMap((value) => [
    ...names.map((name) => `[[1,"${name}",${value}]]`),
    ...['{}', '{"name":"x"}'].flatMap((body) =>
      ['acquire', 'list_locks', 'watch'].flatMap((name) => [
        `[[1,"${name}",${body},${value}]]`,
        `[[1,"${name}",${body},null,${value}]]`,
        `[[1,"${name}",${body},null,{"traceparent":${value}}]]`,
        `[[1,"${name}",${body},null,null,${value}]]`,
      ]),
    ),
    `[[1,${value},{}]]`,
    `[[${value},"list_locks",{}]]`,
    `[${value}]`,
    value,
  ]);

  test('is answered, or ends its stream, and others go on (STREAM-6)', async (t) => {
    const uncaught: unknown[] = [];
    const note = (error: Error): void => void uncaught.push(error.message);
    process.on('uncaughtExceptionMonitor', note);
    t.after(() => process.off('uncaughtExceptionMonitor', note));
    const { built, logged } = startHarness(t);
    const url = await built.app.listen({ host: '127.0.0.1', port: 0 });
    const other = await StreamClient.open(url);
    t.after(() => other.hangUp());
    for (const frame of frames) {
      const client = await StreamClient.open(url);
      const answered = client.answerTo(1);
      client.sendText(frame);
      const end = await Promise.race([answered, client.closed]);
      assert.ok(
        'body' in end || end.code === 1002,
        `${frame.slice(0, 60)}: ${JSON.stringify(end)}`,
      );
      client.hangUp();
      assert.equal((await other.call('ping', null)).failed, false);
    }
    assert.deepEqual([uncaught, logged], [[], []]);
  });

  test('tells of a wrong fourth element its type (DEPTH-1)', async (t) => {
    const { built } = startHarness(t);
    const client = await StreamClient.open(await built.app.listen({ host: '127.0.0.1', port: 0 }));
    t.after(() => client.hangUp());
    const answered = client.answerTo(1);
    client.sendText(`[[1,"list_locks",{},${nested(30_000)}]]`);
    const reply = await answered;
    assert.equal(codeOf(reply), 'invalid_request');
    assert.match(String(reply.body['detail']), /given: a value of type object/);
  });
});
