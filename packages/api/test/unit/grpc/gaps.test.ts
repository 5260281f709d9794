/** Streams on a node that has missed events: its state came from a snapshot. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { HoldfastError } from '@holdfast/protocol';
import type { Event } from '@holdfast/state';
import { MemoryEngine } from '../../memory-engine.ts';
import { codeOf, startGrpcHarness } from './grpc-client.ts';

/** Tells nothing of what happens while it is deaf; then that something was missed. */
class ForgetfulEngine extends MemoryEngine {
  #deaf = false;
  readonly #gapListeners = new Set<(revision: number) => void>();

  override onEvents(listener: (revision: number, events: readonly Event[]) => void): () => void {
    return super.onEvents((revision, events) => {
      if (!this.#deaf) listener(revision, events);
    });
  }

  override onGap(listener: (revision: number) => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  async missing(happens: () => unknown): Promise<void> {
    this.#deaf = true;
    await happens();
    this.#deaf = false;
    for (const tell of this.#gapListeners) tell(this.state.index);
  }
}

describe('events that were missed', () => {
  test('given a leadership that ended among them, then its end is told', async (t) => {
    const engine = new ForgetfulEngine();
    const { call, read } = await startGrpcHarness(t, { engine });
    const { session_id } = await call('Sessions.CreateSession', {});
    const campaign = read('Elections.CampaignStream', { name: 'e', session_id });
    assert.ok((await campaign.next())?.['elected']);
    await engine.missing(() => call('Elections.Resign', { name: 'e', session_id }));
    assert.deepEqual(await campaign.next(), { ended: { reason: 'unknown' } });
  });

  test('given a leadership that stands, then it is told nothing', async (t) => {
    const engine = new ForgetfulEngine();
    const { call, read } = await startGrpcHarness(t, { engine });
    const { session_id } = await call('Sessions.CreateSession', {});
    const campaign = read('Elections.CampaignStream', { name: 'e', session_id });
    await campaign.next();
    await engine.missing(() => call('Locks.Acquire', { name: 'x', session_id }));
    await call('Locks.ForceRelease', { name: 'e', kind: 'HELD_KIND_ELECTION' });
    assert.deepEqual(await campaign.next(), { ended: { reason: 'forced' } });
  });

  test('given a hold that others ended among them, then the call ends and the caller looks anew', async (t) => {
    const engine = new ForgetfulEngine();
    const { call, duplex } = await startGrpcHarness(t, { engine });
    const { session_id } = await call('Sessions.CreateSession', {});
    const stream = duplex('Sessions.KeepaliveStream');
    stream.call.write({ session_id });
    await stream.next();
    await call('Locks.Acquire', { name: 'x', session_id });
    await engine.missing(() => call('Locks.ForceRelease', { name: 'x' }));
    // A call that goes on would answer it.
    stream.call.write({ session_id });
    assert.equal(await stream.next(), undefined);
    const error = await stream.failure();
    assert.equal(error.code, status.OUT_OF_RANGE);
    assert.equal(codeOf(error), 'compacted');
    assert.equal((await call('Sessions.SessionLocks', { session_id }))['total_holds'], 0);
    const again = duplex('Sessions.KeepaliveStream');
    again.call.write({ session_id });
    assert.ok((await again.next())?.['kept']);
  });

  test('given that nobody leads just then, then the call ends all the same', async (t) => {
    const engine = new ForgetfulEngine();
    const { call, duplex } = await startGrpcHarness(t, { engine });
    const { session_id } = await call('Sessions.CreateSession', {});
    const stream = duplex('Sessions.KeepaliveStream');
    stream.call.write({ session_id });
    await stream.next();
    engine.failWith = new HoldfastError('no_quorum', 'No majority.');
    await engine.missing(() => engine.expire(String(session_id)));
    stream.call.write({ session_id });
    assert.equal(await stream.next(), undefined);
    assert.equal(codeOf(await stream.failure()), 'compacted');
    engine.failWith = undefined;
    const again = duplex('Sessions.KeepaliveStream');
    again.call.write({ session_id });
    assert.deepEqual(await again.next(), {
      lost: { session_id, reason: 'SESSION_END_EXPIRED' },
    });
  });

  test('given a stream on which no session was named yet, then it goes on', async (t) => {
    const engine = new ForgetfulEngine();
    const { call, duplex } = await startGrpcHarness(t, { engine });
    const { session_id } = await call('Sessions.CreateSession', {});
    const stream = duplex('Sessions.KeepaliveStream');
    await engine.missing(() => call('Locks.Acquire', { name: 'x', session_id }));
    stream.call.write({ session_id });
    assert.ok((await stream.next())?.['kept']);
  });

  test('given a watch, then it ends with compacted: nothing is left out unsaid', async (t) => {
    const engine = new ForgetfulEngine();
    const { call, read } = await startGrpcHarness(t, { engine });
    const { session_id } = await call('Sessions.CreateSession', {});
    const watch = read('Events.Watch', {});
    await watch.next();
    await engine.missing(() => call('Locks.Acquire', { name: 'x', session_id }));
    const error = await watch.failure();
    assert.equal(error.code, status.OUT_OF_RANGE);
    assert.equal(codeOf(error), 'compacted');
  });
});
