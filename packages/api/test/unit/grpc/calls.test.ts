/** Operations as calls of gRPC. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { HoldfastError } from '@holdfast/protocol';
import { assertEnds } from '../../../../checker/src/waits.ts';
import { codeOf, refusal, startGrpcHarness, until } from './grpc-client.ts';
import type { GrpcHarness } from './grpc-client.ts';
import { decodedDetails } from './error-details.ts';

async function sessionOf(harness: GrpcHarness, timeout = 30): Promise<string> {
  const { session_id } = await harness.call('Sessions.CreateSession', { client_id: 'c', timeout });
  return String(session_id);
}

describe('a call', () => {
  test('given an administrative operation, then it is executed as on HTTP', async (t) => {
    const harness = await startGrpcHarness(t);
    const health = await harness.call('Administration.Health', {});
    assert.deepEqual([health['leader_id'], health['status']], ['node-1', 'HEALTH_HEALTHY']);
    const added = await harness.call('Cluster.AddMember', { node_id: 'n9', address: 'h:1' });
    assert.equal(added['node_id'], 'n9');
    const { members } = (await harness.call('Cluster.ClusterStatus', {})) as {
      readonly members: readonly { readonly node_id: string }[];
    };
    assert.ok(members.some(({ node_id }) => node_id === 'n9'));
    assert.equal(
      (await harness.call('Cluster.PromoteMember', { node_id: 'n9' }))['promoted'],
      true,
    );
    assert.equal((await harness.call('Cluster.RemoveMember', { node_id: 'n9' }))['removed'], true);
    const simple = await harness.call('Locks.SimpleAcquire', { name: 'x', owner: 'me' });
    const seen = await harness.call('Locks.AdminLock', { name: 'x' });
    assert.equal(seen['fence_token'], simple['fence_token']);
    assert.equal((await harness.call('Administration.ClusterStats', {}))['total_locks'], 1);
  });

  test('given a lock, then it is acquired, seen, checked and released', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const granted = await harness.call('Locks.Acquire', {
      name: 'a/b',
      session_id,
      metadata: { structValue: { fields: { why: { stringValue: 'deploy' } } } },
    });
    assert.equal(granted['acquired'], true);
    assert.equal(granted['mode'], 'LOCK_MODE_EXCLUSIVE');
    assert.equal(granted['fence_token'], 1);
    const seen = await harness.call('Locks.LockStatus', { name: 'a/b' });
    const { holders } = seen as { holders: { client_id: string; metadata: unknown }[] };
    assert.equal(holders[0]?.client_id, 'c');
    assert.deepEqual(holders[0].metadata, {
      structValue: { fields: { why: { stringValue: 'deploy' } } },
    });
    const check = await harness.call('Locks.Check', { name: 'a/b', fence_token: 1 });
    assert.equal(check['valid'], true);
    assert.equal('end_reason' in check, false);
    const released = await harness.call('Locks.Release', { name: 'a/b', session_id });
    assert.equal(released['fence_token'], 1);
    assert.equal(released['remaining_hold_count'] ?? 0, 0);
  });

  test('given any JSON as metadata, then the engine gets that JSON', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const metadata = {
      listValue: {
        values: [
          { nullValue: 'NULL_VALUE' },
          { numberValue: 1.5 },
          { boolValue: false },
          { structValue: { fields: { ['__proto__']: { stringValue: 'own' } } } },
          { listValue: { values: [] } },
        ],
      },
    };
    await harness.call('Locks.Acquire', { name: 'x', session_id, metadata });
    const { command } = harness.engine.submitted.at(-1) ?? {};
    assert.ok(command !== undefined && 'terms' in command);
    assert.equal(
      JSON.stringify(command.terms?.metadata),
      '[null,1.5,false,{"__proto__":"own"},[]]',
    );
  });

  test('given metadata that is not JSON, or too deep, then invalid_request', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    let deep: object = { numberValue: 1 };
    for (let level = 0; level < 40; level++) deep = { listValue: { values: [deep] } };
    for (const metadata of [{ numberValue: Number.NaN }, deep]) {
      const error = await refusal(
        harness.call('Locks.Acquire', { name: 'x', session_id, metadata }),
      );
      assert.equal(error.code, status.INVALID_ARGUMENT);
      assert.equal(codeOf(error), 'invalid_request');
    }
  });

  test('given a field that is wrong, then the message names it', async (t) => {
    const harness = await startGrpcHarness(t);
    const wrong = await refusal(
      harness.call('Locks.Acquire', { name: 'x', session_id: 's', priority: 12 }),
    );
    assert.equal(wrong.code, status.INVALID_ARGUMENT);
    assert.match(wrong.details, /priority/);
    const nameless = await refusal(harness.call('Locks.Acquire', { session_id: 's' }));
    assert.match(nameless.details, /"name"/);
    const tooLarge = await refusal(
      harness.call('Locks.Check', { name: 'x', fence_token: '18446744073709551615' }),
    );
    assert.match(tooLarge.details, /fence_token/);
  });

  test('given a rule that refuses, then it refuses calls too', async (t) => {
    const asked: string[] = [];
    const harness = await startGrpcHarness(t, {
      authorize: (_caller, { operation }) => {
        asked.push(operation);
        throw new HoldfastError('forbidden', 'Not here.');
      },
    });
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(error.code, status.PERMISSION_DENIED);
    for (const [rpc, body] of [
      ['Events.Watch', {}],
      ['Elections.Observe', { name: 'e' }],
      ['Elections.CampaignStream', { name: 'e', client_id: 'c' }],
    ] as const)
      assert.equal((await harness.read(rpc, body).failure()).code, status.PERMISSION_DENIED, rpc);
    assert.deepEqual(asked, ['list_locks', 'watch', 'observe', 'campaign']);
  });

  test('given the metadata holdfast-answered-below, then the engine is told', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const body = { name: 'x', session_id, request_id: 7 };
    await harness.call('Locks.Acquire', body, { metadata: { 'holdfast-answered-below': '6' } });
    assert.equal(harness.engine.submitted.at(-1)?.options.ackedBelow, 6);
    const error = await refusal(
      harness.call('Locks.Acquire', body, { metadata: { 'holdfast-answered-below': 'x' } }),
    );
    assert.equal(codeOf(error), 'invalid_request');
  });
});

describe('a refusal', () => {
  test('given a lock that is held, then a status with its code and its details', async (t) => {
    const harness = await startGrpcHarness(t);
    const holder = await sessionOf(harness);
    await harness.acquire(holder, 'x');
    const session_id = await sessionOf(harness);
    const error = await refusal(harness.call('Locks.Acquire', { name: 'x', session_id }));
    assert.equal(error.code, status.ABORTED);
    assert.equal(codeOf(error), 'lock_held');
    const { code, message, info, retrySeconds } = decodedDetails(error);
    assert.equal(code, status.ABORTED);
    assert.equal(message, error.details);
    assert.equal(info.reason, 'lock_held');
    assert.equal(info.domain, 'holdfast');
    assert.equal(info.metadata['resource'], 'x');
    assert.equal(retrySeconds, undefined);
  });

  test('given no leader, then UNAVAILABLE and when to come back', async (t) => {
    const harness = await startGrpcHarness(t);
    harness.engine.failWith = new HoldfastError(
      'not_leader',
      'The leadership ended; there is no leader.',
    );
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(error.code, status.UNAVAILABLE);
    assert.equal(decodedDetails(error).retrySeconds, 1);
  });

  test('given too many bytes, then the limit, that it is one of this node, and when there is room again', async (t) => {
    const harness = await startGrpcHarness(t);
    harness.engine.failWith = new HoldfastError('limit_exceeded', 'Too many bytes.', {
      limit: 'max_request_bytes_per_second_per_address',
      scope: 'node',
      retry_after_seconds: 7,
    });
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
    const { info, retrySeconds } = decodedDetails(error);
    assert.equal(info.metadata['scope'], 'node');
    assert.equal(retrySeconds, 7);
  });

  test('given details and a message without end, then a status that clients still take', async (t) => {
    const harness = await startGrpcHarness(t);
    const long = '語'.repeat(20_000);
    harness.engine.failWith = new HoldfastError('lock_held', long, { first: 'f', long, last: 'l' });
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(codeOf(error), 'lock_held');
    assert.match(error.details, /^語{200,}…$/);
    assert.deepEqual(decodedDetails(error).info.metadata, { first: 'f', last: 'l' });
  });

  test('given a defect while it is decoded, then INTERNAL, the log has it, and the next one is answered (GRPC-12)', async (t) => {
    const harness = await startGrpcHarness(t);
    const spend = (): never => {
      throw new Error('A defect.');
    };
    Object.assign(harness.built.service, { rates: { spend } });
    const error = await assertEnds(refusal(harness.call('Administration.Health', {})));
    assert.deepEqual([error.code, harness.logged.length], [status.INTERNAL, 1]);
    Object.assign(harness.built.service, { rates: undefined });
    assert.equal((await harness.call('Administration.Health', {}))['leader_id'], 'node-1');
  });

  test('given an error of the node itself, then INTERNAL, and the log has it', async (t) => {
    const harness = await startGrpcHarness(t);
    harness.engine.failWith = new Error('broken');
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(error.code, status.INTERNAL);
    assert.doesNotMatch(error.details, /broken/);
    assert.equal(harness.logged.length, 1);
  });

  test('given a message above the limit, then RESOURCE_EXHAUSTED', async (t) => {
    const harness = await startGrpcHarness(t, { limits: { maxBodyBytes: 1024 } });
    const error = await refusal(harness.call('Locks.LockStatus', { name: 'x'.repeat(2000) }));
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
  });
});

describe('a call that waits', () => {
  const waitFor = async (t: Parameters<typeof startGrpcHarness>[0]) => {
    const harness = await startGrpcHarness(t);
    const holder = await sessionOf(harness);
    await harness.acquire(holder, 'x');
    const own = await sessionOf(harness);
    return { ...harness, holder, body: { name: 'x', session_id: own, wait_seconds: 30 } };
  };

  test('given a release, then it is granted', async (t) => {
    const { call, engine, holder, body } = await waitFor(t);
    const waiting = call('Locks.Acquire', body);
    await until(() => engine.waiterCount === 1);
    await call('Locks.Release', { name: 'x', session_id: holder });
    assert.equal((await waiting)['fence_token'], 2);
  });

  test('given that it is cancelled, then its wait is cancelled', async (t) => {
    const { call, engine, body } = await waitFor(t);
    const cancel = new AbortController();
    const waiting = refusal(call('Locks.Acquire', body, { signal: cancel.signal }));
    await until(() => engine.waiterCount === 1);
    cancel.abort();
    assert.equal((await waiting).code, status.CANCELLED);
    await until(() => engine.state.stats().waiters === 0);
  });

  test('given that its deadline passes, then its wait is cancelled', async (t) => {
    const { call, engine, body } = await waitFor(t);
    const deadline = new Date(Date.now() + 100);
    const error = await refusal(call('Locks.Acquire', body, { deadline }));
    assert.equal(error.code, status.DEADLINE_EXCEEDED);
    await until(() => engine.state.stats().waiters === 0);
  });

  test('given a request id and a cancel, then its place stays for a repetition', async (t) => {
    const { call, engine, holder, body } = await waitFor(t);
    const cancel = new AbortController();
    const numbered = { ...body, request_id: 4 };
    const waiting = refusal(call('Locks.Acquire', numbered, { signal: cancel.signal }));
    await until(() => engine.waiterCount === 1);
    cancel.abort();
    await waiting;
    const again = call('Locks.Acquire', numbered);
    await until(() => engine.waiterCount === 2);
    assert.equal(engine.state.stats().waiters, 1);
    await call('Locks.Release', { name: 'x', session_id: holder });
    assert.equal((await again)['fence_token'], 2);
  });

  test('given that its time runs out, then ABORTED, and not DEADLINE_EXCEEDED', async (t) => {
    const { call, engine, body } = await waitFor(t);
    const waiting = refusal(call('Locks.Acquire', body));
    await until(() => engine.waiterCount === 1);
    engine.advance(30_000);
    const error = await waiting;
    assert.equal(error.code, status.ABORTED);
    assert.equal(codeOf(error), 'wait_timeout');
  });

  test('given that the node stops, then shutting_down at once, and the node is soon gone', async (t) => {
    const { call, engine, built, server, body } = await waitFor(t);
    const waiting = refusal(call('Locks.Acquire', body));
    await until(() => engine.waiterCount === 1);
    const closing = Promise.all([built.close(), server.close(3000)]);
    const error = await waiting;
    assert.equal(error.code, status.UNAVAILABLE);
    assert.equal(codeOf(error), 'shutting_down');
    await closing;
  });
});

describe('the bound of calls', () => {
  test('given as many as there may be, then the next one is refused until one ends', async (t) => {
    const harness = await startGrpcHarness(t, { limits: { maxGrpcCalls: 2 } });
    const watches = [harness.read('Events.Watch', {}), harness.read('Events.Watch', {})] as const;
    for (const watch of watches) await watch.next();
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
    assert.equal(codeOf(error), 'overloaded');
    assert.equal(
      (await harness.read('Events.Watch', {}).failure()).code,
      status.RESOURCE_EXHAUSTED,
    );
    watches[0].call.cancel();
    await watches[0].failure();
    let answered = false;
    while (!answered)
      answered = await harness.call('Locks.ListLocks', {}).then(
        () => true,
        () => false,
      );
  });
});

describe('the calls of one caller', () => {
  test('given as many as it may have, then the next one is refused until one ends', async (t) => {
    const harness = await startGrpcHarness(t, { limits: { maxGrpcCallsPerCaller: 2 } });
    const watches = [harness.read('Events.Watch', {}), harness.read('Events.Watch', {})] as const;
    for (const watch of watches) await watch.next();
    const error = await refusal(harness.call('Locks.ListLocks', {}));
    assert.equal(error.code, status.RESOURCE_EXHAUSTED);
    assert.equal(codeOf(error), 'limit_exceeded');
    assert.match(error.details, /max_grpc_calls_per_caller of 2 .*127\.0\.0\.1/);
    watches[0].call.cancel();
    await watches[0].failure();
    while (harness.built.service.shares.grpcCalls.callers > 0) {
      const called = await harness.call('Sessions.CreateSession', {}).catch(() => undefined);
      if (called !== undefined) break;
    }
    const made = harness.engine.submitted.find(({ command }) => command.type === 'create_session');
    assert.ok(made?.command.type === 'create_session');
    assert.equal(made.command.caller, '127.0.0.1');
  });
});

describe('health', () => {
  test('given a leader, then SERVING; given none, then NOT_SERVING, and a watch is told', async (t) => {
    const harness = await startGrpcHarness(t);
    const watch = harness.read('grpc.health.v1.Health.Watch', { service: 'holdfast.v1.Locks' });
    assert.equal((await watch.next())?.['status'], 'SERVING');
    assert.equal(
      (await harness.call('grpc.health.v1.Health.Check', { service: '' }))['status'],
      'SERVING',
    );
    harness.engine.leader = null;
    harness.engine.tellStatus();
    assert.equal((await watch.next())?.['status'], 'NOT_SERVING');
    assert.equal(
      (await harness.call('grpc.health.v1.Health.Check', { service: '' }))['status'],
      'NOT_SERVING',
    );
  });

  test('given a service that is not there, then NOT_FOUND', async (t) => {
    const harness = await startGrpcHarness(t);
    const error = await refusal(
      harness.call('grpc.health.v1.Health.Check', { service: 'no.such' }),
    );
    assert.equal(error.code, status.NOT_FOUND);
  });
});
