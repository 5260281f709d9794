import assert from 'node:assert/strict';
import { beforeEach, describe, it } from 'node:test';
import { HoldfastError } from '@holdfast/protocol';
import type { ErrorCode } from '@holdfast/protocol';
import { BackgroundCancellations } from '../../src/cancellations.ts';
import { Client } from '../../src/client.ts';
import { environmentOf, VirtualClock, VirtualNode } from '../virtual-nodes.ts';

const wishOf = (index: number) =>
  ({ session_id: 's', request_id: index, kind: 'lock', name: 'x' }) as const;

describe('Cancellations in the background', () => {
  let clock: VirtualClock;
  /** What an attempt ends with; undefined: it is answered. */
  let refusal: ErrorCode | undefined;
  let isSilent: boolean;
  let askedAtMs: number[];
  let underWay: number;
  let mostUnderWay: number;
  let cancellations: BackgroundCancellations;
  beforeEach(() => {
    clock = new VirtualClock();
    refusal = undefined;
    isSilent = false;
    askedAtMs = [];
    underWay = 0;
    mostUnderWay = 0;
    cancellations = new BackgroundCancellations(clock, async () => {
      askedAtMs.push(clock.nowMs);
      mostUnderWay = Math.max(mostUnderWay, (underWay += 1));
      await new Promise<void>((resolve) => clock.after(isSilent ? 10_000 : 1, resolve));
      underWay -= 1;
      if (refusal !== undefined) throw new HoldfastError(refusal, refusal);
    });
  });
  const never = (): boolean => false;

  it('go on until the cluster has answered (CLIENT-CANCELLATION-1)', async () => {
    for (const code of ['forbidden', 'overloaded', 'limit_exceeded', 'internal'] as const) {
      refusal = code;
      cancellations.add(wishOf(1), never);
      await clock.pass(1000);
      assert.equal(cancellations.count, 1, code);
      refusal = code === 'internal' ? 'session_expired' : undefined;
      await clock.pass(2000);
      assert.equal(cancellations.count, 0, code);
    }
  });

  it('are asked for with growing pauses (CLIENT-CANCELLATION-2)', async () => {
    refusal = 'forbidden';
    cancellations.add(wishOf(1), never);
    await clock.pass(3_600_000);
    assert.ok(askedAtMs.length < 180, String(askedAtMs.length));
    cancellations.close();
  });

  it('are few at once, however many there are (CLIENT-CANCELLATION-2)', async () => {
    isSilent = true;
    for (let index = 0; index < 300; index++) cancellations.add(wishOf(index), never);
    assert.equal(underWay, 64);
    isSilent = false;
    await clock.pass(20_000);
    assert.deepEqual([askedAtMs.length, mostUnderWay, cancellations.count], [300, 64, 0]);
  });

  it('are kept in a bounded number, each once (CLIENT-CANCELLATION-2)', () => {
    for (let index = 0; index < 10_100; index++) {
      cancellations.add(wishOf(index), never);
      cancellations.add(wishOf(index), never);
    }
    assert.equal(cancellations.count, 10_000);
    cancellations.close();
    assert.equal(cancellations.count, 0);
  });

  it('end in time, and with the client (CLIENT-CANCELLATION-3)', async () => {
    refusal = 'forbidden';
    const endsAtMs = clock.nowMs + 60_000;
    cancellations.add(wishOf(1), () => clock.nowMs >= endsAtMs);
    cancellations.add(wishOf(2), never);
    await clock.pass(120_000);
    assert.equal(cancellations.count, 1);
    cancellations.close();
    const asked = askedAtMs.length;
    await clock.pass(120_000);
    assert.deepEqual([cancellations.count, askedAtMs.length], [0, asked]);
  });
});

describe('An acquire of a client', () => {
  const clock = new VirtualClock();
  const node = new VirtualNode(clock, 'a');
  const cancelled = (): number => node.askedFor('cancel_request').length;

  /** What is asked to be cancelled of this acquire while no node allows that, before and after so long. */
  const askedUntilAndAfter = async (
    client: Client,
    body: {
      readonly client_id?: string;
      readonly session_id?: string;
      readonly ttl_seconds?: number;
    },
    ms: number,
  ): Promise<readonly [boolean, boolean]> => {
    node.handle = ({ operation, refuse, ...asked }) => {
      if (operation === 'cancel_request') refuse('forbidden');
      else if (operation !== 'acquire') node.serve({ operation, refuse, ...asked });
    };
    const controller = new AbortController();
    const { signal } = controller;
    const asked = client.call('acquire', { name: 'x', request_id: 1, ...body }, { signal });
    await clock.pass(100);
    controller.abort();
    await clock.settled(assert.rejects(asked, { code: 'cancelled', effect: 'perhaps' }));
    await clock.pass(ms - 60_000);
    const before = cancelled();
    await clock.pass(59_000);
    const until = cancelled();
    await clock.pass(31_000);
    const end = cancelled();
    await clock.pass(600_000);
    return [until > before, cancelled() > end];
  };

  it('that has an id to be cancelled by is cancelled once its time is over, until that is answered', async () => {
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    let refusals = 2;
    node.handle = ({ operation, answer, refuse }) => {
      if (operation !== 'cancel_request') return; // The acquire is not answered.
      if (refusals-- > 0) refuse('overloaded');
      else answer({ cancelled: true });
    };
    const cancel_id = '0b8f1b76-9d5c-4f0e-9a59-000000000001';
    const wanted = { session_id: 's1', cancel_id, name: 'a' };
    const asked = client.call('acquire', wanted, { timeoutMs: 200 });
    await clock.settled(assert.rejects(asked, { code: 'deadline_exceeded' }));
    await clock.pass(600_000);
    const body = { session_id: 's1', cancel_id, kind: 'lock', name: 'a' };
    assert.deepEqual(
      node.askedFor('cancel_request').map((one) => one.body),
      [body, body, body],
    );
    await client.close();
  });

  it('that its signal ended is cancelled no longer than it can matter, though no node allows it (CLIENT-CANCELLATION-3)', async () => {
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    const own = { client_id: 'me', ttl_seconds: 290 };
    assert.deepEqual(await askedUntilAndAfter(client, own, 300_000), [true, false]);
    const others = { session_id: 'theirs' };
    assert.deepEqual(await askedUntilAndAfter(client, others, 3_600_000), [true, false]);
    await client.close();
  });

  it('that its signal ended is cancelled as long as its session is alive, where the client opened it (CLIENT-CANCELLATION-3)', async () => {
    const client = new Client({ endpoints: [node.url] }, environmentOf(clock, [node]));
    node.handle = (asked) => node.serve(asked);
    const session = await clock.settled(client.session());
    const body = { session_id: session.id };
    assert.deepEqual(await askedUntilAndAfter(client, body, 120_000), [true, true]);
    node.push('session_ended', { session_id: session.id, reason: 'expired' });
    await clock.pass(31_000);
    const before = cancelled();
    await clock.pass(600_000);
    assert.equal(cancelled(), before);
    await client.close();
  });
});
