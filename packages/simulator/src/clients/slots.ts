/** The semaphore that every program uses beside its locks. */
import type { Permits, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { PoolRecorder } from './recorder.ts';

export const slots = 'slots';
/** How many permits it has. */
export const slotLimit = 3;

/** Codes that tell that nothing was granted, for certain. */
export const refused: ReadonlySet<string> = new Set([
  'lock_held',
  'lock_delayed',
  'wait_timeout',
  'deadlock',
  'limit_exceeded',
  'no_permits',
]);

interface Program {
  readonly random: Random;
  readonly machine: Machine;
  readonly poolRecorder: PoolRecorder;
}

/** Takes permits and gives them back. */
export async function useSlots(
  { random, machine, poolRecorder }: Program,
  session: Session,
): Promise<'done' | 'refused' | 'unknown'> {
  const permits = 1 + random.below(slotLimit);
  const waitMs = random.withProbability(0.7) ? Math.floor(random.between(100, 3000)) : 0;
  const of = { pool: slots, session: session.id };
  const wanted = { type: 'acquire', ...of, permits, wait: waitMs > 0 } as const;
  const settle = poolRecorder.begin(machine.name, wanted);
  let taken: Permits;
  try {
    taken = await session.permits(slots, { permits, limit: slotLimit, waitMs });
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    if (!refused.has(error.code)) return 'unknown';
    settle({ type: 'busy' });
    return 'refused';
  }
  const token = taken.fenceToken;
  settle({ type: 'granted', token });
  await machine.sleep(random.between(0, 200));
  if (taken.state !== 'held') return 'unknown';
  const release = { type: 'release', ...of, permits, token } as const;
  const settleRelease = poolRecorder.begin(machine.name, release);
  try {
    await taken.release();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    return 'unknown';
  }
  const state: string = taken.state;
  if (state !== 'released') return 'unknown';
  settleRelease({ type: 'released' });
  return 'done';
}
