import { HoldfastError } from '@holdfast/protocol';
import { Quorum } from '../../../src/quorum.ts';
import type { QuorumOptions } from '../../../src/quorum.ts';
import type { HandClock } from './hand-clock.ts';
import { MemoryVoter } from './memory-voter.ts';

export const ttlMs = 900;
export const driftBufferMs = 90;
export const nodeTimeoutMs = 200;

export const isCode = (code: string) => (error: unknown) =>
  error instanceof HoldfastError && error.code === code;

export function votersOf(count: number, clock: HandClock, options = {}): MemoryVoter[] {
  return Array.from({ length: count }, (_, place) => {
    return new MemoryVoter(`v${String(place + 1)}`, clock, options);
  });
}

let ids = 0;

/** One client of the voters. */
export function quorumOf(
  voters: readonly MemoryVoter[],
  clock: HandClock,
  options: QuorumOptions = {},
): Quorum {
  return new Quorum(
    { voters, ttlMs, driftBufferMs, nodeTimeoutMs, clientId: 'me', ...options },
    { clock, newId: () => `id-${String(++ids)}` },
  );
}
