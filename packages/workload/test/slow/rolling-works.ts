/** What clients do while nodes are replaced: works of several kinds, each of which ends with the first error that it sees. */
import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, Session } from '@holdfast/client';
import { waitUntil } from '../../src/wait-until.ts';

const longestMs = 20_000;
const waitMs = 20_000;
/** The processors are for the nodes that start. */
const paceMs = 5;

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

/** Take the lock by turns and release it: one at a time, and tokens rise over all of them. */
export function lockCycles(
  sessions: readonly Session[],
  name: string,
  over: AbortSignal,
): readonly Work[] {
  let latest = 0;
  let holders = 0;
  return sessions.map((session, number) =>
    repeat(`lock cycles of ${name} ${String(number)}`, over, async () => {
      const hold = await session.lock(name, { waitMs });
      holders += 1;
      assert.equal(holders, 1, `${name} is held once at a time`);
      hold.assertHeld();
      assert.ok(hold.fenceToken > latest, 'tokens rise');
      latest = hold.fenceToken;
      holders -= 1;
      await hold.release();
    }),
  );
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
export function pushes(client: Client, name: string, over: AbortSignal): Work {
  const queue = client.queue(name);
  let pushed = 0;
  return repeat(`producer of ${name}`, over, async () => {
    await queue.push('key', pushed);
    pushed += 1;
  });
}

export interface ConsumerOptions {
  readonly visibilityMs?: number;
  /** Whether a loop that ended because nobody knows what became of a request is begun again. */
  readonly beginsAgain?: boolean;
}

/** Consumes what is pushed, in its order, and none is left out. */
export function consumed(
  client: Client,
  name: string,
  stop: AbortSignal,
  { visibilityMs = 60_000, beginsAgain = false }: ConsumerOptions = {},
): Work {
  return begin(`consumer of ${name}`, async (done) => {
    let next = 0;
    const loop = async (): Promise<void> => {
      const messages = client.queue(name).consume({ visibilityMs, signal: stop });
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
    };
    while (!stop.aborted)
      try {
        await loop();
      } catch (error) {
        if (!beginsAgain || !isOutcomeUnknown(error)) throw error;
      }
  });
}

/** Of a client of any release: each has an error class of its own. */
const isOutcomeUnknown = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'outcome_unknown';

/** Sees each grant and each end of a hold of the lock once, in order, from the beginning of the cluster: also what is done before the watch begins. */
export function watched(client: Client, name: string, stop: AbortSignal): Work {
  return begin('watch', async (done) => {
    let latest = 0;
    let held: number | undefined;
    for await (const event of client.watch({ name, kind: 'lock', after: '0', signal: stop })) {
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

/** All that clients do at one time. */
export interface Works extends Disposable {
  readonly all: readonly Work[];
  /** Ends them all. @throws What one of them has seen, or that a reader has not seen all. */
  end(): Promise<void>;
}

/** What one makes the other one reads: it has to see all of it. */
export type MakerAndReader = readonly [maker: Work, reader: Work];

export interface WorksParts {
  readonly pairs: readonly MakerAndReader[];
  readonly alone: readonly Work[];
  /** Ends all but the readers. */
  readonly over: AbortController;
  /** Ends the readers. */
  readonly read: AbortController;
}

export function worksOf({ pairs, alone, over, read }: WorksParts): Works {
  const endOf = (works: readonly Work[]) => Promise.all(works.map(({ ended }) => ended));
  return {
    all: [...pairs.flat(), ...alone],
    end: async () => {
      over.abort();
      await endOf([...pairs.map(([maker]) => maker), ...alone]);
      for (const [maker, reader] of pairs)
        await waitUntil(
          `the ${reader.name} sees all that ${maker.name} made`,
          longestMs,
          () => reader.cycles() === maker.cycles(),
        );
      read.abort();
      await endOf(pairs.map(([, reader]) => reader));
    },
    // Where a test has failed: a client that is closed ends not all of them.
    [Symbol.dispose]() {
      over.abort();
      read.abort();
    },
  };
}

/** Each does some more. @throws What one of them has seen. */
export async function goOn({ all }: Works, when: string): Promise<void> {
  const before = all.map(({ cycles }) => cycles());
  const ended = all.map(async ({ name, ended: end }) => {
    await end;
    throw new Error(`${name} has ended`);
  });
  const more = all.map(({ name, cycles }, position) =>
    waitUntil(`${name} goes on ${when}`, longestMs, () => cycles() > (before[position] ?? 0)),
  );
  await Promise.race([Promise.all(more), ...ended]);
}
