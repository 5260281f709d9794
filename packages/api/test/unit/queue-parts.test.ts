/** Redrives and purges of several requests: owners in Redis that miss their part, and callers that go. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { systemClock } from '@holdfast/engine/parts';
import type { Command, CommandResult } from '@holdfast/state';
import { startHarness } from '../harness.ts';
import type { Harness } from '../harness.ts';
import { StreamClient } from '../stream-client.ts';
import { untilSo } from '../../../checker/src/waits.ts';

/** With dead letters; the next `misses` redrives do nothing, as where no owner in Redis did its part. */
async function withDeadLetters(t: TestContext, count: number) {
  const harness = startHarness(t);
  const { request, engine } = harness;
  await request('POST', '/queue/configure', { max_deliveries: 1 });
  for (let key = 0; key < count; key++)
    await request('POST', '/queue/push', { key: String(key), payload: key });
  const { body } = await request('GET', '/queue/pop?visibility_seconds=30&count=100');
  for (const { receipt } of body['messages'] as readonly { receipt: string }[])
    await request('POST', '/queue/nack', { receipt });
  const owners = { misses: 0 };
  const submit = engine.submit.bind(engine);
  const missing = (command: Command, options: object): Promise<CommandResult> => {
    if (command.type !== 'queue_redrive' || owners.misses <= 0)
      return submit(command, options as Parameters<typeof submit>[1]);
    owners.misses -= 1;
    const through = Number.MAX_SAFE_INTEGER;
    return Promise.resolve({ ok: true, type: 'queue_moved', count: 0, more: true, through });
  };
  engine.submit = missing as Harness['engine']['submit'];
  return { ...harness, owners };
}

describe('a redrive', () => {
  test('given owners that all miss their part, when it goes on, then it redrives all (REDRIVE-1, RSTORE-5)', async (t) => {
    const { request, owners } = await withDeadLetters(t, 5);
    owners.misses = 2;
    let redriven = 0;
    let requests = 0;
    let rest: object = {};
    for (let more = true; more; requests++) {
      assert.ok(requests < 10, 'it ends');
      const { body } = await request('POST', '/queue/redrive', { count: 2, ...rest });
      redriven += Number(body['redriven']);
      more = body['more'] === true;
      assert.ok(Number(body['through']) > 0, 'it does not say that there is nothing');
      rest = { after: body['next_after'], through: body['through'] };
    }
    assert.deepEqual([redriven, requests], [5, 5]);
  });

  test('given an owner that misses the one letter, then the answer says that there is more', async (t) => {
    const { request, owners } = await withDeadLetters(t, 1);
    const listed = (await request('GET', '/queue/dead')).body['dead_letters'];
    const [{ id } = assert.fail()] = listed as readonly { id: number }[];
    owners.misses = 1;
    const missed = await request('POST', '/queue/redrive', { id });
    assert.deepEqual([missed.body['redriven'], missed.body['more']], [0, true]);
    const done = await request('POST', '/queue/redrive', { id });
    assert.deepEqual([done.body['redriven'], done.body['more']], [1, false]);
  });

  test('asks for the ids of dead letters alone (IDS-1)', async (t) => {
    const { request, engine } = await withDeadLetters(t, 3);
    const query = t.mock.method(engine, 'query');
    await request('POST', '/queue/redrive', {});
    const asked = query.mock.calls.map(({ arguments: [one] }) => one);
    assert.deepEqual(
      asked.map((one) => one.type === 'dead_letters' && one.idsOnly),
      [true],
    );
  });
});

describe('a purge', () => {
  test('given a caller that closes its stream, when it purges, then it ends (PURGE-1)', async (t) => {
    // Its time never comes: only its caller ends it.
    const harness = startHarness(t, { clock: { ...systemClock, after: () => () => undefined } });
    let purges = 0;
    let isEnded = false;
    const purge = async (): Promise<CommandResult> => {
      purges += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return { ok: true, type: 'queue_moved', count: 1, more: !isEnded, through: 9000 };
    };
    t.after(() => (isEnded = true));
    harness.engine.submit = purge as unknown as Harness['engine']['submit'];
    const url = await harness.built.app.listen({ host: '127.0.0.1', port: 0 });
    const client = await StreamClient.open(url);
    void client.call('queue_purge', {}).catch(() => undefined);
    await untilSo(() => purges > 2);
    assert.equal(harness.built.service.waiting.count, 1);
    client.hangUp();
    await client.closed;
    await untilSo(() => harness.built.service.waiting.count === 0);
  });
});
