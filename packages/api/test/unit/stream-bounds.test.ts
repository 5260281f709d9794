/** What a client cannot do to a node over its stream, whatever it sends. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import type { StreamAnswer } from '@holdfast/protocol';
import { assertEnds } from '../../../checker/src/waits.ts';
import { mostUnits } from '../../../client/src/outgoing.ts';
import type { BuiltApi } from '../../src/api.ts';
import type { ApiOptions } from '../../src/options.ts';
import type { OperationContext } from '../../src/operations/context.ts';
import { StreamConnection } from '../../src/stream/connection.ts';
import { mostInFrame, readFrame } from '../../src/stream/frame.ts';
import type { StreamHost, ServerSocket } from '../../src/stream/host.ts';
import { OutgoingAnswers } from '../../src/stream/outgoing.ts';
import { StreamWaits } from '../../src/stream/waits.ts';
import { RequestTurns } from '../../src/turns/request-turns.ts';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { codeOf, StreamClient } from '../stream-client.ts';

async function startStreaming(
  t: TestContext,
  options: Partial<ApiOptions> = {},
): Promise<Harness & { readonly client: StreamClient; readonly url: string }> {
  const harness = startHarness(t, options);
  const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
  const client = await StreamClient.open(url);
  t.after(() => client.hangUp());
  return { ...harness, client, url };
}

describe('a frame', () => {
  const frameOf = (count: number): string => `[${Array(count).fill('[1,""]').join(',')}]`;

  test('with more requests than it may have ends the stream, and none is executed (STREAM-FRAME-1)', async (t) => {
    const { client, engine } = await startStreaming(t);
    const request = '[1,"create_session",{}]';
    client.sendText(`[${request},${Array(mostInFrame).fill('[2,""]').join(',')}]`);
    const { code, reason } = await assertEnds(client.closed);
    assert.deepEqual([code, /at most 20000 requests/.test(reason)], [1009, true]);
    assert.deepEqual(engine.submitted, []);
  });

  test('may have as many as client libraries put into one', () => {
    const shortest = '[1,"ping",{}],'.length;
    assert.ok(mostUnits / shortest < mostInFrame);
    assert.ok(Array.isArray(readFrame(Buffer.from(frameOf(mostInFrame)), false)));
  });

  test('of unknown operations is answered with a few hundred bytes for each (STREAM-FRAME-1)', async (t) => {
    const { client } = await startStreaming(t);
    const replies = client.callAll(Array.from({ length: 100 }, () => ['', {}] as const));
    for (const reply of await Promise.all(replies)) {
      assert.equal(codeOf(reply), 'route_not_found');
      assert.ok(JSON.stringify(reply).length < 600, JSON.stringify(reply));
    }
  });
});

test('an id that is used again before its response ends the stream (STREAM-7)', async (t) => {
  const { client, engine } = await startStreaming(t);
  let open = (): void => undefined;
  engine.gate = new Promise((resolve) => {
    open = resolve;
  });
  client.sendText('[[1,"create_session",{}],[1,"list_locks",{}]]');
  try {
    const { code, reason } = await assertEnds(client.closed, { what: 'the stream ends' });
    assert.deepEqual([code, reason.startsWith('The id 1 ')], [1002, true]);
  } finally {
    open();
  }
});

test('an id may be used again after its response (STREAM-7)', async (t) => {
  const { client } = await startStreaming(t);
  for (let times = 0; times < 2; times++) {
    const answered = client.answerTo(1);
    client.sendText('[[1,"list_locks",{}]]');
    assert.equal((await answered).failed, false);
  }
});

test('a wait that begins when its stream has gone is cancelled at once', () => {
  const waits = new StreamWaits();
  const begun = (): AbortSignal => {
    const cancellation = new AbortController();
    // Of a context that alone is looked at what begins a wait.
    waits.contextOf(1, {} as OperationContext).onWait?.(cancellation);
    return cancellation.signal;
  };
  const before = begun();
  assert.equal(before.aborted, false);
  waits.end();
  assert.deepEqual([before.aborted, begun().aborted], [true, true]);
});

describe('what one turn brings', () => {
  const answer: StreamAnswer = [1, 0, { text: 'x'.repeat(100) }];

  test('is one frame, in order (STREAM-4)', () => {
    const outgoing = new OutgoingAnswers(1000);
    outgoing.add(answer);
    outgoing.add([2, 0, {}]);
    assert.deepEqual(JSON.parse(outgoing.take() ?? ''), [answer, [2, 0, {}]]);
    assert.equal(outgoing.take(), undefined);
  });

  test('is bounded (STREAM-OUT-1)', () => {
    const outgoing = new OutgoingAnswers(1000);
    let count = 0;
    while (count < 40 && outgoing.add(answer)) count += 1;
    assert.ok(count > 8 && count < 40, String(count));
    outgoing.clear();
    assert.equal(outgoing.add(answer), true);
  });

  test('ends the stream where it is too much, and others go on (STREAM-OUT-1)', async (t) => {
    const { client, url } = await startStreaming(t, { limits: { maxUnreadBytes: 2000 } });
    const other = await StreamClient.open(url);
    t.after(() => other.hangUp());
    void client.callAll(Array.from({ length: 100 }, () => ['', {}] as const));
    assert.equal((await assertEnds(client.closed)).code, 1013);
    assert.equal((await other.call('ping', null)).failed, false);
  });
});

describe('an error of the node itself ends one stream, and is logged (STREAM-6)', () => {
  test('while it reads a frame', async (t) => {
    const { client, url, built, logged } = await startStreaming(t);
    const other = await StreamClient.open(url);
    t.after(() => other.hangUp());
    const spend = (): never => {
      throw new Error('A defect.');
    };
    Object.assign(built.service, { rates: { spend } });
    void client.call('list_locks', {});
    assert.equal((await assertEnds(client.closed)).code, 1011);
    assert.equal(logged.length, 1);
    Object.assign(built.service, { rates: undefined });
    assert.equal((await other.call('ping', null)).failed, false);
  });

  /** On a socket that is none. */
  function connectionOf(
    { context }: BuiltApi,
    send: (frame: string | Uint8Array) => void,
    countRequests: () => void = () => undefined,
  ) {
    const codes: number[] = [];
    const errors: unknown[] = [];
    const heard = new Map<string, (...values: never[]) => void>();
    const nothing = (): void => undefined;
    const socket: ServerSocket = {
      readyState: 1,
      OPEN: 1,
      bufferedAmount: 0,
      on: (event, hear) => void heard.set(event, hear),
      send,
      ping: nothing,
      pause: nothing,
      resume: nothing,
      close: (code) => void codes.push(code),
      terminate: nothing,
    };
    const host: StreamHost<StreamConnection> = {
      maxRequests: 10,
      maxUnreadBytes: 1000,
      isStopping: () => false,
      countRequests,
      turns: new RequestTurns(systemClock),
      after: nothing,
      flushLater: nothing,
      followSession: nothing,
      forgetSession: nothing,
      tellCluster: nothing,
      onInternalError: (error) => void errors.push(error),
    };
    const connection = new StreamConnection(socket, host, context);
    const receive = (frame: unknown): unknown =>
      Reflect.apply(heard.get('message') ?? assert.fail(), socket, [
        Buffer.from(JSON.stringify(frame)),
        false,
      ]);
    return { connection, receive, codes, errors };
  }

  test('while it reads a frame of a socket, to which nothing is thrown', (t) => {
    const { built } = startHarness(t);
    const { receive, codes, errors } = connectionOf(
      built,
      () => undefined,
      () => {
        throw new Error('A defect.');
      },
    );
    assert.doesNotThrow(() => receive([[1, 'ping', null]]));
    assert.deepEqual([codes, errors.length], [[1011], 1]);
  });

  const ended = {
    session_id: 's',
    kind: 'lock',
    resource: 'x',
    fence_token: 1,
    reason: 'forced',
  } as const;

  test('where an answer cannot be told as JSON', (t) => {
    const { built } = startHarness(t);
    const { connection, codes, errors } = connectionOf(built, () => undefined);
    const untellable = { ...ended, fence_token: 1n as unknown as number };
    assert.doesNotThrow(() => connection.pushHoldEnded(untellable));
    assert.deepEqual([codes, errors.length], [[1011], 1]);
  });

  test('where a frame cannot be sent', (t) => {
    const { built } = startHarness(t);
    const { connection, codes, errors } = connectionOf(built, () => {
      throw new Error('A defect.');
    });
    assert.doesNotThrow(() => {
      connection.pushHoldEnded(ended);
      connection.flush();
    });
    assert.deepEqual([codes, errors.length], [[1011], 1]);
  });
});

describe('with a limit of requests in a second', () => {
  const limited = (most: number): Partial<ApiOptions> => ({
    limits: { maxRequestsPerSecondPerAddress: most },
    clock: { ...systemClock, now: () => 1000 },
  });

  for (const [what, name, body] of [
    ['unknown operations', 'nothing', {}],
    ['invalid requests', 'acquire', { nam: 'x' }],
  ] as const)
    test(`${what} count, and are refused beyond it (RATE-1)`, async (t) => {
      const { client } = await startStreaming(t, limited(3));
      for (let at = 0; at < 3; at++)
        assert.notEqual(codeOf(await client.call(name, body)), 'limit_exceeded');
      assert.equal(codeOf(await client.call(name, body)), 'limit_exceeded');
      assert.equal(codeOf(await client.call('list_locks', {})), 'limit_exceeded');
    });

  for (const [what, name, body, code] of [
    ['pings', 'ping', null, undefined],
    ['cancels', 'cancel', { request: 77 }, undefined],
    ['hellos', 'hello', {}, 'invalid_request'],
  ] as const)
    test(`${what} count, and are refused never (RATE-2)`, async (t) => {
      const { client } = await startStreaming(t, limited(3));
      for (let at = 0; at < 5; at++) assert.equal(codeOf(await client.call(name, body)), code);
      assert.equal(codeOf(await client.call('list_locks', {})), 'limit_exceeded');
    });
});
