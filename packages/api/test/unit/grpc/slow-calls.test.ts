/** Who calls over gRPC and sends slowly, without end, too often or without a proof is cut off (GRPC-2, GRPC-10). */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, constants } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, OutgoingHttpHeaders } from 'node:http2';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ApiLimits } from '../../../src/limits.ts';
import { assertEnds, assertSoon } from '../../../../checker/src/waits.ts';
import { startGrpcHarness } from './grpc-client.ts';
import type { GrpcHarness } from './grpc-client.ts';

const requestArrivalMs = 300;
const unary = '/holdfast.v1.Sessions/CreateSession';
const both = '/holdfast.v1.Sessions/KeepaliveStream';
const healthCheck = '/grpc.health.v1.Health/Check';

const started = (t: TestContext, limits: Partial<ApiLimits> = {}): Promise<GrpcHarness> =>
  startGrpcHarness(t, { limits: { requestArrivalMs, ...limits } });

function sessionTo(t: TestContext, { server }: GrpcHarness): ClientHttp2Session {
  const session = connect(`http://${server.address}`);
  session.on('error', () => undefined);
  t.after(() => session.destroy());
  return session;
}

interface Called {
  readonly stream: ClientHttp2Stream;
  /** The status, as soon as it is told. */
  readonly status: Promise<string>;
  /** Resolves when nothing can be sent any more. */
  readonly closed: Promise<void>;
}

function call(
  session: ClientHttp2Session,
  path: string,
  headers: OutgoingHttpHeaders = {},
): Called {
  const stream = session.request({
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_PATH]: path,
    'content-type': 'application/grpc',
    te: 'trailers',
    ...headers,
  });
  stream.on('error', () => undefined);
  stream.resume();
  const status = new Promise<string>((resolve) => {
    const look = (told: Readonly<Record<string, unknown>>): void => {
      if (typeof told['grpc-status'] === 'string') resolve(told['grpc-status']);
    };
    stream.on('response', look);
    stream.on('trailers', look);
    stream.once('close', () => resolve('closed without a status'));
  });
  const closed = new Promise<void>((resolve) => stream.once('close', () => resolve()));
  return { stream, status, closed };
}

/** The first five bytes of a message of so many. */
function headOf(length: number): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(length, 1);
  return head;
}

/** Sends byte by byte until it cannot any more. */
function drip({ stream, closed }: Called): void {
  const timer = setInterval(() => {
    if (!stream.closed && !stream.destroyed) stream.write(Buffer.alloc(1));
  }, 10);
  void closed.then(() => clearInterval(timer));
}

describe('a call that', { concurrency: false, timeout: 60_000 }, () => {
  for (const [name, path] of [
    ['has one message', unary],
    ['has many messages', both],
    ['asks about the health', healthCheck],
  ] as const)
    test(`${name} and sends it byte by byte is cut off in time (GRPC-10)`, async (t) => {
      const harness = await started(t);
      const dripped = call(sessionTo(t, harness), path);
      const startedMs = performance.now();
      dripped.stream.write(headOf(4000));
      drip(dripped);
      assert.equal(await assertEnds(dripped.status), '3', 'INVALID_ARGUMENT');
      const tookMs = performance.now() - startedMs;
      assert.ok(tookMs >= requestArrivalMs - 50, String(tookMs));
      await assertEnds(dripped.closed);
      assert.equal(harness.built.service.shares.grpcCalls.callers, 0);
    });

  test('never ends what it sends is cut off in time', async (t) => {
    const harness = await started(t);
    const open = call(sessionTo(t, harness), unary);
    open.stream.write(headOf(0));
    assert.equal(await assertEnds(open.status), '3', 'INVALID_ARGUMENT');
    await assertEnds(open.closed);
  });

  test('has arrived is never cut off: its answer may take longer', async (t) => {
    const arrivalMs = 2000;
    const harness = await started(t, { requestArrivalMs: arrivalMs });
    const { session_id } = await harness.call('Sessions.CreateSession', { client_id: 'c' });
    const observing = harness.read('Elections.Observe', { name: 'e' });
    assert.equal((await observing.next())?.['change'], 'CHANGE_CURRENT');
    const duplex = harness.duplex('Sessions.KeepaliveStream');
    duplex.call.write({ session_id });
    assert.ok((await duplex.next())?.['kept']);
    await new Promise((resolve) => setTimeout(resolve, arrivalMs + 500));
    duplex.call.write({ session_id });
    assert.ok((await duplex.next())?.['kept']);
    assert.equal(observing.error, undefined);
    observing.call.cancel();
    duplex.call.end();
  });

  test('shows a wrong key is refused before anything of its message is read (GRPC-2)', async (t) => {
    const harness = await started(t, { requestArrivalMs: 60_000 });
    const wrong = call(sessionTo(t, harness), unary, {
      authorization: `Bearer hf_${'a'.repeat(16)}_${'b'.repeat(43)}`,
    });
    // Not a byte of the message was sent.
    assert.equal(await assertEnds(wrong.status), '16', 'UNAUTHENTICATED');
    await assertEnds(wrong.closed);
  });

  test('is one of a thousand that never end is refused at once where it is beyond the limit (GRPC-2)', async (t) => {
    const most = 20;
    const limits = { requestArrivalMs: 60_000, maxGrpcCallsPerCaller: most };
    const harness = await started(t, limits);
    const session = sessionTo(t, harness);
    await once(session, 'remoteSettings');
    const begun = Array.from({ length: 1000 }, () => call(session, unary));
    for (const { stream } of begun) stream.write(headOf(4000));
    const statuses = await assertEnds(Promise.all(begun.slice(most).map(({ status }) => status)));
    assert.deepEqual(new Set(statuses), new Set(['8']), 'RESOURCE_EXHAUSTED');
    await assertEnds(Promise.all(begun.slice(most).map(({ closed }) => closed)));
    const { grpcCalls } = harness.built.service.shares;
    assert.equal(grpcCalls.callers, 1);
    session.destroy();
    await assertSoon(() => grpcCalls.callers === 0, { what: 'its calls are counted no more' });
    // The address may call again.
    await harness.call('Locks.ListLocks', {});
  });
});

describe('the connections of gRPC', { timeout: 60_000 }, () => {
  test('are bounded by address: those without a call go first, the oldest first', async (t) => {
    const harness = await started(t, { requestArrivalMs: 60_000, maxConnectionsPerAddress: 3 });
    const open = async (): Promise<ClientHttp2Session> => {
      const session = sessionTo(t, harness);
      await Promise.race([once(session, 'remoteSettings'), once(session, 'close')]);
      return session;
    };
    const closed = (session: ClientHttp2Session): Promise<void> =>
      new Promise((resolve) => {
        if (session.closed) resolve();
        else session.once('close', () => resolve());
      });
    const inUse = await open();
    const watching = call(inUse, '/holdfast.v1.Events/Watch');
    const answering = once(watching.stream, 'response');
    watching.stream.end(headOf(0));
    await answering;
    const [second, third] = [await open(), await open()];
    const fourth = await open();
    await assertEnds(closed(second));
    assert.deepEqual(
      [inUse, third, fourth].map((session) => session.closed),
      [false, false, false],
    );
    // All are in use: the next one is closed, and no other.
    for (const session of [third, fourth]) {
      const { stream } = call(session, '/holdfast.v1.Events/Watch');
      const answered = once(stream, 'response');
      stream.end(headOf(0));
      await answered;
    }
    await assertEnds(closed(await open()));
    assert.deepEqual(
      [inUse, third, fourth].map((session) => session.closed),
      [false, false, false],
    );
  });
});
