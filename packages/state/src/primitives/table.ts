/** What each primitive does: the kernel goes over this table. What they are asked and tell is in declared.ts. */
import type { Handlers, Primitive } from '../kernel/primitive.ts';
import { barriers } from './barrier/barriers.ts';
import type { PlaceKind } from './declared.ts';
import { elections } from './election/elections.ts';
import type { HoldsCommand } from './holds/commands.ts';
import { forceRelease } from './holds/force-release.ts';
import { acquireMany } from './holds/multi-acquire.ts';
import { latches } from './latch/latches.ts';
import { locks } from './lock/locks.ts';
import { semaphores } from './semaphore/semaphores.ts';

export const primitives: { readonly [Kind in PlaceKind]: Primitive<Kind> } = {
  lock: locks,
  semaphore: semaphores,
  election: elections,
  barrier: barriers,
  latch: latches,
};

/** Of several primitives at once. */
export const holdsHandlers: Handlers<HoldsCommand['type']> = {
  acquire_many: acquireMany,
  force_release: forceRelease,
};
