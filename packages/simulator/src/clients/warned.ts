import type { ClientWarning } from '@holdfast/client';
import type { World } from '../world/world.ts';

/** Nobody else uses the session of a simulated client: a count that differs is an acquire that nobody has (HOLD-COUNT-1). */
export const warned =
  (world: World) =>
  (warning: ClientWarning): void => {
    if (warning.kind === 'hold_count_differs') world.violation(warning.message);
  };
