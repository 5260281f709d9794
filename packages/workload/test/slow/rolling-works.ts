/** What clients do while nodes are replaced: works of several kinds, each of which ends with the first error that it sees. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, Session } from '@holdfast/client';

const waitMs = 20_000;
/** The processors are for the nodes that start. */
const paceMs = 5;
const visibilityMs = 60_000;

export interface Work {
  readonly name: string;
  /** How often it has done what it does. */
  readonly cycles: () => number;
  /** Rejects with the first error; else resolves once the work is `over`. */
  readonly ended: Promise<void>;
}

/** @param perform Says that a cycle is done. */
function begin(name: string, perform: (done: () => void) => Promise<void>): Work {
  let cycles = 0;
  const ended = perform(() => {
    cycles += 1;
  });
  // A failure ends the test where it is awaited, and not before.
  ended.catch(() => undefined);
  return { name, cycles: () => cycles, ended };
}

/** A cycle after the other until it is over. */
function repeat(name: string, over: AbortSignal, cycle: () => Promise<void>): Work {
  return begin(name, async (done) => {
    while (!over.aborted) {
      await cycle();
      done();
      await pause(paceMs);
    }
  });
}

/** Takes the lock and releases it: tokens rise. */
export function lockCycles(session: Session, name: string, over: AbortSignal): Work {
  let latest = 0;
  return repeat('lock cycles', over, async () => {
    const hold = await session.lock(name, { waitMs });
    hold.assertHeld();
    assert.ok(hold.fenceToken > latest, 'tokens rise');
    latest = hold.fenceToken;
    await hold.release();
  });
}

/** Two of three sessions have the permits of one at a time. */
export function semaphoreCycles(sessions: readonly Session[], over: AbortSignal): readonly Work[] {
  let taken = 0;
  return sessions.map((session, number) =>
    repeat(`semaphore ${String(number)}`, over, async () => {
      const permits = await session.permits('permits', { limit: sessions.length - 1, waitMs });
      taken += 1;
      assert.ok(taken < sessions.length, 'no more than the limit');
      permits.assertHeld();
      taken -= 1;
      await permits.release();
    }),
  );
}

/** Pushes numbers, in order. */
export function pushes(client: Client, over: AbortSignal): Work {
  const queue = client.queue('jobs');
  let pushed = 0;
  return repeat('producer', over, async () => {
    await queue.push('key', pushed);
    pushed += 1;
  });
}

/** Consumes what is pushed, in its order, and none is left out. */
export function consumed(client: Client, stop: AbortSignal): Work {
  return begin('consumer', async (done) => {
    let next = 0;
    const messages = client.queue('jobs').consume({ visibilityMs, signal: stop });
    for await (const { payload, delivery } of messages) {
      if (payload === next) {
        next += 1;
        done();
      }
      // At least once: one whose acknowledgement was lost may come again, and no other one.
      else
        assert.ok(
          payload === next - 1 && delivery > 1,
          `${JSON.stringify(payload)} for ${String(next)}`,
        );
    }
  });
}

/** Sees each grant and each end of a hold of the lock once, in order. */
export function watched(client: Client, name: string, stop: AbortSignal): Work {
  return begin('watch', async (done) => {
    let latest = 0;
    let held: number | undefined;
    for await (const event of client.watch({ name, kind: 'lock', signal: stop })) {
      const { type, fence_token: token = 0, reason } = event;
      if (type === 'granted') {
        assert.equal(held, undefined, 'a grant comes behind the end of the hold before it');
        assert.ok(token > latest, 'tokens rise');
        [held, latest] = [token, token];
      } else if (type === 'released') {
        assert.deepEqual([token, reason], [held, 'released']);
        held = undefined;
        done();
      } else assert.notEqual(type, 'expired');
    }
  });
}
