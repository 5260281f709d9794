/** Bad input about queues: it is refused on every interface with the same code, and changes nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { codeOf, startGrpcHarness } from './grpc/grpc-client.ts';
import { codeOf as streamCode, StreamClient } from '../stream-client.ts';

const current = '{current}';
const used = '{used}';

/** Operation, method of gRPC, what is given beside the queue, and the code. */
type Case = readonly [operation: string, method: string, body: object, code: string];

const long = 'x'.repeat(257);
/** 513 bytes and 257 characters: names are bounded in bytes. */
const wide = 'é'.repeat(257);
const push = (body: object, code = 'invalid_request'): Case => ['queue_push', 'Push', body, code];
const pop = (body: object, code = 'invalid_request'): Case => ['queue_pop', 'Pop', body, code];
const large = 'x'.repeat(65_535);

const cases: readonly Case[] = [
  push({ key: '', payload: 1 }),
  push({ key: long, payload: 1 }),
  push({ payload: 1 }, 'queue_order'),
  push({ key: 'a', payload: 1, queue: '' }),
  push({ key: 'a', payload: 1, queue: wide }, 'name_too_long'),
  push({ key: 'a', payload: large }),
  push({ key: 'a', payload: 1, delay_seconds: -1 }),
  push({ key: 'a', payload: 1, delay_seconds: 604_801 }),
  push({ key: 'a', payload: 1, delay_seconds: 1 }, 'queue_order'),
  push({ key: 'a', payload: 1, max_deliveries: 0 }),
  push({ key: 'a', payload: 1, max_deliveries: 1001 }),
  push({ key: 'a', payload: 1, dedup_id: long }),
  ['queue_push_batch', 'PushBatch', { messages: [] }, 'invalid_request'],
  [
    'queue_push_batch',
    'PushBatch',
    // All of them or none: the first one is good.
    {
      messages: [
        { key: 'a', payload: 1 },
        { key: long, payload: 1 },
      ],
    },
    'invalid_request',
  ],
  [
    'queue_push_batch',
    'PushBatch',
    { messages: Array.from({ length: 101 }, () => ({ key: 'a', payload: 1 })) },
    'invalid_request',
  ],
  pop({ visibility_seconds: 0 }),
  pop({ visibility_seconds: 0.05 }),
  pop({ visibility_seconds: -1 }),
  pop({ visibility_seconds: 43_201 }),
  pop({ wait_seconds: -1 }),
  pop({ count: 0 }),
  pop({ count: 101 }),
  pop({ queue: wide }, 'name_too_long'),
  ['queue_ack', 'Ack', { receipt: '' }, 'invalid_request'],
  ['queue_ack', 'Ack', { receipt: 'nonsense' }, 'invalid_request'],
  ['queue_ack', 'Ack', { receipt: '-1.1.1' }, 'invalid_request'],
  ['queue_ack', 'Ack', { receipt: '999999.1.1' }, 'stale_receipt'],
  ['queue_ack', 'Ack', { receipt: used }, 'stale_receipt'],
  ['queue_ack', 'Ack', { receipt: current, queue: 'other' }, 'queue_not_found'],
  ['queue_nack', 'Nack', { receipt: used }, 'stale_receipt'],
  ['queue_nack', 'Nack', { receipt: current, delay_seconds: -1 }, 'invalid_request'],
  ['queue_nack', 'Nack', { receipt: current, reason: 'x'.repeat(5000) }, 'invalid_request'],
  ['queue_extend', 'Extend', { receipt: used, visibility_seconds: 30 }, 'stale_receipt'],
  ['queue_extend', 'Extend', { receipt: current, visibility_seconds: 0 }, 'invalid_request'],
  ['queue_extend', 'Extend', { receipt: current, visibility_seconds: 43_201 }, 'invalid_request'],
  ['queue_redrive', 'Redrive', { count: 0 }, 'invalid_request'],
  ['queue_redrive', 'Redrive', { queue: 'other' }, 'queue_not_found'],
  ['queue_purge', 'Purge', { queue: 'other' }, 'queue_not_found'],
  ['queue_configure', 'Configure', { max_deliveries: 0 }, 'invalid_request'],
  ['queue_configure', 'Configure', { queue: wide, max_deliveries: 1 }, 'name_too_long'],
  ['queue_delete', 'DeleteQueue', { queue: 'default' }, 'queue_not_empty'],
  ['queue_delete', 'DeleteQueue', { queue: 'other' }, 'queue_not_found'],
  ['queue_dead_letters', 'DeadLetters', { limit: 0 }, 'invalid_request'],
  ['queue_blocked_keys', 'BlockedKeys', { limit: 0 }, 'invalid_request'],
];

/** As gRPC has it: a payload is a `google.protobuf.Value`. */
function toGrpc(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toGrpc);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      name === 'payload'
        ? typeof one === 'string'
          ? { stringValue: one }
          : { numberValue: one }
        : toGrpc(one),
    ]),
  );
}

const paths: Readonly<Record<string, string>> = {
  queue_push: 'POST /queue/push',
  queue_push_batch: 'POST /queue/push-batch',
  queue_pop: 'POST /queue/pop',
  queue_ack: 'POST /queue/ack',
  queue_nack: 'POST /queue/nack',
  queue_extend: 'POST /queue/extend',
  queue_redrive: 'POST /queue/redrive',
  queue_purge: 'POST /queue/purge',
  queue_configure: 'POST /queue/configure',
  queue_delete: 'POST /queue/delete',
  queue_dead_letters: 'GET /queue/dead',
  queue_blocked_keys: 'GET /queue/blocked',
};

describe('bad input about queues', () => {
  test('is refused alike over HTTP, gRPC and the stream, and changes nothing', async (t) => {
    const harness = await startGrpcHarness(t, { limits: { maxBodyBytes: 200_000 } });
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const stream = await StreamClient.open(url);
    t.after(() => stream.hangUp());
    const { engine } = harness;
    const take = async (): Promise<string> => {
      const { body } = await stream.call('queue_pop', { visibility_seconds: 600 });
      const [message] = body['messages'] as readonly { readonly receipt: string }[];
      return message?.receipt ?? assert.fail('nothing was taken');
    };
    for (const key of ['first', 'second', 'third'])
      assert.ok(!(await stream.call('queue_push', { key, payload: 1 })).failed);
    const receipts = { [used]: await take(), [current]: await take() };
    assert.ok(!(await stream.call('queue_ack', { receipt: receipts[used] })).failed);
    const shown = (): string =>
      JSON.stringify(engine.state.queues.page({ prefix: '', limit: 1000 }));
    const before = shown();
    const wrong: string[] = [];
    for (const [operation, method, given, code] of cases) {
      const body = JSON.parse(
        JSON.stringify(given, (_name, value: unknown) =>
          value === used || value === current ? receipts[value] : value,
        ),
      ) as Readonly<Record<string, string | number>>;
      const [verb = '', path = ''] = (paths[operation] ?? '').split(' ');
      const query = new URLSearchParams(
        Object.entries(body).map(([name, value]): [string, string] => [name, String(value)]),
      );
      const answer =
        verb === 'GET'
          ? await harness.request('GET', `${path}?${query.toString()}`)
          : await harness.request('POST', path, body);
      const codes = {
        http: answer.body['code'],
        stream: streamCode(await stream.call(operation, body)),
        grpc: await harness
          .call(`Queues.${method}`, toGrpc(body) as object)
          .then(() => 'done', codeOf),
      };
      for (const [where, got] of Object.entries(codes))
        if (got !== code)
          wrong.push(
            `${where} ${operation} ${JSON.stringify(given).slice(0, 90)}: ${String(got)}, not ${code}`,
          );
      if (!answer.type.includes('problem+json'))
        wrong.push(`${operation} is told as ${answer.type}`);
      if (shown() !== before)
        wrong.push(`${operation} ${JSON.stringify(given).slice(0, 90)} changed something`);
    }
    assert.deepEqual(wrong, []);
    // What is left over is as it was.
    const acknowledged = await stream.call('queue_ack', { receipt: receipts[current] });
    assert.ok(!acknowledged.failed);
  });
});
