/** Campaigns, observers, watches and sessions as streams of gRPC. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { HoldfastError } from '@holdfast/protocol';
import { codeOf, refusal, startGrpcHarness, until } from './grpc-client.ts';
import type { GrpcHarness, Message } from './grpc-client.ts';

async function sessionOf(harness: GrpcHarness, client_id = 'c'): Promise<string> {
  const { session_id } = await harness.call('Sessions.CreateSession', { client_id, timeout: 30 });
  return String(session_id);
}

function part(message: Message | undefined, name: string): Message {
  const found = message?.[name];
  assert.ok(typeof found === 'object' && found !== null, `${name} is told`);
  return found as Message;
}

const eventsOf = (message: Message | undefined): readonly Message[] =>
  (message?.['events'] ?? []) as readonly Message[];

/** Nobody leads or stands. */
const nobody = async (harness: GrpcHarness): Promise<void> => {
  await until(() => {
    const { leader, candidates } = harness.engine.state.show('election', 'e' as never);
    return leader === undefined && candidates.length === 0;
  });
};

describe('a campaign that stands as long as its call', () => {
  test('given nobody who leads, then it is elected at once and told of its end', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const campaign = harness.read('Elections.CampaignStream', { name: 'e', session_id });
    const elected = part(await campaign.next(), 'elected');
    assert.equal(elected['fence_token'], 1);
    await harness.call('Locks.ForceRelease', { name: 'e', kind: 'HELD_KIND_ELECTION' });
    assert.deepEqual(await campaign.next(), { ended: { reason: 'forced' } });
    assert.equal(await campaign.next(), undefined);
    assert.equal(campaign.error, undefined);
  });

  test('given others before it, then its place, each time it changes, and then the election', async (t) => {
    const harness = await startGrpcHarness(t);
    const first = await sessionOf(harness, 'a');
    const second = await sessionOf(harness, 'b');
    await harness.call('Elections.Campaign', { name: 'e', session_id: first });
    const waiting = harness.read('Elections.CampaignStream', {
      name: 'e',
      session_id: second,
      wait_seconds: 60,
    });
    assert.deepEqual(await waiting.next(), { queued: { position: 1 } });
    const last = harness.read('Elections.CampaignStream', {
      name: 'e',
      client_id: 'nameless',
      wait_seconds: 60,
    });
    assert.deepEqual(await last.next(), { queued: { position: 2 } });
    await harness.call('Elections.Resign', { name: 'e', session_id: first });
    assert.equal(part(await waiting.next(), 'elected')['session_id'], second);
    assert.deepEqual(await last.next(), { queued: { position: 1 } });
    await harness.call('Sessions.EndSession', { session_id: second });
    assert.deepEqual(await waiting.next(), { ended: { reason: 'released' } });
    const elected = part(await last.next(), 'elected');
    assert.equal(elected['fence_token'], 3);
    assert.equal(typeof elected['ttl_seconds'], 'number');
  });

  test('given two of one client id, then each is told its own place', async (t) => {
    const harness = await startGrpcHarness(t);
    await harness.call('Elections.Campaign', { name: 'e', session_id: await sessionOf(harness) });
    const body = { name: 'e', client_id: 'c', wait_seconds: 60 };
    const first = harness.read('Elections.CampaignStream', body);
    assert.deepEqual(await first.next(), { queued: { position: 1 } });
    const second = harness.read('Elections.CampaignStream', body);
    assert.deepEqual(await second.next(), { queued: { position: 2 } });
    first.call.cancel();
    assert.deepEqual(await second.next(), { queued: { position: 1 } });
  });

  test('given so many before it that the election does not show it, then its place as well', async (t) => {
    const harness = await startGrpcHarness(t);
    const { engine } = harness;
    const query = engine.query.bind(engine);
    engine.query = (async (...asked: Parameters<typeof query>) => {
      const answer = await query(...asked);
      if (answer.type !== 'election') return answer;
      return { ...answer, view: { ...answer.view, candidates: [] } };
    }) as typeof engine.query;
    await harness.call('Elections.Campaign', { name: 'e', session_id: await sessionOf(harness) });
    const body = { name: 'e', session_id: await sessionOf(harness), wait_seconds: 60 };
    const waiting = harness.read('Elections.CampaignStream', body);
    assert.deepEqual(await waiting.next(), { queued: { position: 1 } });
  });

  test('given a session that expires, then the end with its reason', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const campaign = harness.read('Elections.CampaignStream', { name: 'e', session_id });
    await campaign.next();
    harness.engine.expire(session_id);
    assert.deepEqual(await campaign.next(), { ended: { reason: 'expired' } });
  });

  test('given a cancel while it waits, then its wait is cancelled, whether or not it is numbered', async (t) => {
    const harness = await startGrpcHarness(t);
    const first = await sessionOf(harness);
    await harness.call('Elections.Campaign', { name: 'e', session_id: first });
    const session_id = await sessionOf(harness);
    const body = { name: 'e', session_id, wait_seconds: 60, request_id: 3 };
    const campaign = harness.read('Elections.CampaignStream', body);
    await campaign.next();
    campaign.call.cancel();
    await until(() => harness.engine.state.stats().waiters === 0);
  });

  test('given a cancel while it leads, then it resigns; with a client id its session ends', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    for (const who of [{ session_id }, { client_id: 'nameless' }]) {
      const campaign = harness.read('Elections.CampaignStream', { name: 'e', ...who });
      await campaign.next();
      campaign.call.cancel();
      await nobody(harness);
    }
    await until(() => harness.engine.state.stats().activeSessions === 1);
  });

  test('given a cancel that crosses the election, then it leads nothing', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    let open = (): void => undefined;
    harness.engine.gate = new Promise((resolve) => {
      open = resolve;
    });
    const before = harness.engine.submitted.length;
    const campaign = harness.read('Elections.CampaignStream', { name: 'e', session_id });
    await until(() => harness.engine.submitted.length > before);
    campaign.call.cancel();
    // Health needs no engine: its answer comes behind the cancel.
    await campaign.failure();
    await harness.call('grpc.health.v1.Health.Check', { service: '' });
    open();
    await until(() => harness.engine.submitted.at(-1)?.command.type === 'abandon');
    await nobody(harness);
  });

  test('given an old grant that a repetition is told again, then its end is told', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const body = { name: 'e', session_id, request_id: 5 };
    await harness.call('Elections.Campaign', body);
    await harness.call('Elections.Resign', { name: 'e', session_id });
    const campaign = harness.read('Elections.CampaignStream', body);
    assert.ok((await campaign.next())?.['elected']);
    assert.deepEqual(await campaign.next(), { ended: { reason: 'unknown' } });
  });

  test('given that somebody leads and no wait, then not_elected', async (t) => {
    const harness = await startGrpcHarness(t);
    await harness.call('Elections.Campaign', { name: 'e', session_id: await sessionOf(harness) });
    const body = { name: 'e', session_id: await sessionOf(harness) };
    const error = await harness.read('Elections.CampaignStream', body).failure();
    assert.equal(error.code, status.ABORTED);
    assert.equal(codeOf(error), 'not_elected');
  });

  test('given that the node stops, then UNAVAILABLE, and the leadership stands', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const campaign = harness.read('Elections.CampaignStream', { name: 'e', session_id });
    await campaign.next();
    const closing = Promise.all([harness.built.close(), harness.server.close(3000)]);
    assert.equal(codeOf(await campaign.failure()), 'shutting_down');
    await closing;
    assert.equal(harness.engine.state.show('election', 'e' as never).leader?.sessionId, session_id);
  });
});

describe('observing an election', () => {
  test('given changes, then how it is, and every change in order', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness, 'a');
    const observer = harness.read('Elections.Observe', { name: 'e' });
    const current = await observer.next();
    assert.equal(current?.['change'], 'CHANGE_CURRENT');
    assert.equal('leader' in current, false);
    const value = { stringValue: 'v1' };
    const { fence_token } = await harness.call('Elections.Campaign', {
      name: 'e',
      session_id,
      value,
    });
    const elected = await observer.next();
    assert.equal(elected?.['change'], 'CHANGE_ELECTED');
    assert.deepEqual(elected['leader'], { client_id: 'a', fence_token, value });
    await harness.call('Elections.Proclaim', {
      name: 'e',
      session_id,
      fence_token,
      value: { numberValue: 2 },
    });
    assert.equal((await observer.next())?.['change'], 'CHANGE_PROCLAIMED');
    await harness.call('Elections.Resign', { name: 'e', session_id });
    const ended = await observer.next();
    assert.equal(ended?.['change'], 'CHANGE_ENDED');
    assert.equal(ended['reason'], 'released');
    const again = harness.read('Elections.Observe', { name: 'e', after: elected['position'] });
    assert.equal((await again.next())?.['change'], 'CHANGE_PROCLAIMED');
    assert.deepEqual(await again.next(), ended);
  });
});

describe('a watch', () => {
  test('given changes, then those that are wanted; a later watch goes on behind them', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const watch = harness.read('Events.Watch', { prefix: 'a/', kind: 'WATCHED_KIND_LOCK' });
    const first = await watch.next();
    assert.equal('events' in (first ?? {}), false);
    for (const name of ['a/1', 'b', 'a/2'])
      await harness.call('Locks.Acquire', { name, session_id });
    const seen: Message[] = [];
    while (seen.length < 2) seen.push(...eventsOf(await watch.next()));
    assert.deepEqual(
      seen.map(({ type, kind, resource, mode }) => [type, kind, resource, mode]),
      ['a/1', 'a/2'].map((name) => [
        'EVENT_TYPE_GRANTED',
        'WATCHED_KIND_LOCK',
        name,
        'LOCK_MODE_EXCLUSIVE',
      ]),
    );
    const later = harness.read('Events.Watch', { after: seen[0]?.['position'], prefix: 'a/' });
    await later.next();
    assert.deepEqual((await later.next())?.['events'], [seen[1]]);
  });

  test('given a position whose events are gone, then OUT_OF_RANGE', async (t) => {
    const harness = await startGrpcHarness(t, { limits: { maxEventsKept: 5 } });
    const session_id = await sessionOf(harness);
    for (let each = 0; each < 10; each++) {
      await harness.call('Locks.Acquire', { name: 'x', session_id });
      await harness.call('Locks.Release', { name: 'x', session_id });
    }
    const error = await harness.read('Events.Watch', { after: '1' }).failure();
    assert.equal(error.code, status.OUT_OF_RANGE);
    assert.equal(codeOf(error), 'compacted');
  });

  test('given a position that the cluster has not reached, then OUT_OF_RANGE at once', async (t) => {
    const harness = await startGrpcHarness(t);
    for (const method of ['Events.Watch', 'Elections.Observe']) {
      const body =
        method === 'Events.Watch' ? { after: '99999999' } : { name: 'e', after: '9999-1' };
      const error = await harness.read(method, body).failure();
      assert.equal(error.code, status.OUT_OF_RANGE, method);
      assert.equal(codeOf(error), 'future_position', method);
    }
    const error = await refusal(harness.call('Events.Events', { after: '9999', wait_seconds: 30 }));
    assert.equal(codeOf(error), 'future_position');
  });

  test('given a reader that does not read, then the node waits for it and leaves nothing out', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const watch = harness.read('Events.Watch', { kind: 'WATCHED_KIND_ELECTION' });
    await watch.next();
    watch.call.pause();
    const { fence_token } = await harness.call('Elections.Campaign', { name: 'e', session_id });
    const changes = 600;
    for (let each = 1; each <= changes; each++) {
      const value = { stringValue: `${String(each)} ${'x'.repeat(900)}` };
      await harness.call('Elections.Proclaim', { name: 'e', session_id, fence_token, value });
    }
    watch.call.resume();
    const told: number[] = [];
    let messages = 0;
    for (; told.length < changes; messages++) {
      for (const event of eventsOf(await watch.next())) {
        if (event['type'] !== 'EVENT_TYPE_PROCLAIMED') continue;
        told.push(Number.parseInt((event['value'] as { stringValue: string }).stringValue, 10));
      }
    }
    assert.ok(messages < changes / 2, `${String(messages)} messages: what waits comes in pages`);
    assert.deepEqual(
      told,
      Array.from({ length: changes }, (_, index) => index + 1),
    );
  });

  test('given that the node stops, then shutting_down', async (t) => {
    const harness = await startGrpcHarness(t);
    const watch = harness.read('Events.Watch', {});
    await watch.next();
    const closing = Promise.all([harness.built.close(), harness.server.close(3000)]);
    assert.equal(codeOf(await watch.failure()), 'shutting_down');
    await closing;
  });
});

describe('a stream of signs of life', () => {
  test('given sessions, then each sign is answered; the end of a session is told at once', async (t) => {
    const harness = await startGrpcHarness(t);
    const [first, second] = [await sessionOf(harness), await sessionOf(harness)] as const;
    const stream = harness.duplex('Sessions.KeepaliveStream');
    for (const session_id of [first, second, first]) {
      stream.call.write({ session_id });
      assert.deepEqual(await stream.next(), {
        kept: { session_id, success: true, timeout: 30, timeout_seconds: 30 },
      });
    }
    harness.engine.expire(second);
    assert.deepEqual(await stream.next(), {
      lost: { session_id: second, reason: 'SESSION_END_EXPIRED' },
    });
    await harness.call('Sessions.EndSession', { session_id: first });
    assert.deepEqual(await stream.next(), {
      lost: { session_id: first, reason: 'SESSION_END_ENDED' },
    });
    stream.call.end();
    assert.equal(await stream.next(), undefined);
    assert.equal(stream.error, undefined);
  });

  test('given a session that is not there, then it is lost and the others go on', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const stream = harness.duplex('Sessions.KeepaliveStream');
    stream.call.write({ session_id: 'no such' });
    stream.call.write({ session_id });
    assert.deepEqual(await stream.next(), {
      lost: { session_id: 'no such', reason: 'SESSION_END_NOT_FOUND' },
    });
    assert.ok((await stream.next())?.['kept']);
  });

  test('given a hold that is forced away, then that is told', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const stream = harness.duplex('Sessions.KeepaliveStream');
    stream.call.write({ session_id });
    await stream.next();
    const { fence_token } = await harness.call('Locks.Acquire', { name: 'x', session_id });
    await harness.call('Locks.ForceRelease', { name: 'x', reason: 'stuck' });
    assert.deepEqual(await stream.next(), {
      hold_ended: {
        session_id,
        kind: 'HELD_KIND_LOCK',
        resource: 'x',
        fence_token,
        reason: 'END_REASON_FORCED',
        note: 'stuck',
      },
    });
  });

  test('given no quorum, then the call ends with UNAVAILABLE and the session does not', async (t) => {
    const harness = await startGrpcHarness(t);
    const session_id = await sessionOf(harness);
    const stream = harness.duplex('Sessions.KeepaliveStream');
    harness.engine.failWith = new HoldfastError('no_quorum', 'No majority.');
    stream.call.write({ session_id });
    assert.equal((await stream.failure()).code, status.UNAVAILABLE);
    harness.engine.failWith = undefined;
    assert.equal(
      (await harness.call('Sessions.GetSession', { session_id }))['session_id'],
      session_id,
    );
  });

  test('given a message that is none, then INVALID_ARGUMENT', async (t) => {
    const harness = await startGrpcHarness(t);
    const error = await refusal(harness.call('Sessions.GetSession', {}));
    assert.equal(error.code, status.INVALID_ARGUMENT);
    const stream = harness.duplex('Sessions.KeepaliveStream');
    stream.call.write({});
    assert.equal((await stream.failure()).code, status.INVALID_ARGUMENT);
  });
});
