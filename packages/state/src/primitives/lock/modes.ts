/** A lock is a pool in which a reader takes one unit and a writer takes all. */
import type { Mode } from '../../kernel/names.ts';

/** The size of a lock's pool: more than there can be sessions. */
export const lockUnits: number = 2 ** 30;

export function unitsOf(mode: Mode): number {
  return mode === 'exclusive' ? lockUnits : 1;
}

export function modeOf(units: number): Mode {
  return units === lockUnits ? 'exclusive' : 'shared';
}
