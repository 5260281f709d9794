/** What each primitive does: the kernel goes over this table. What they are asked and tell is in declared.ts. */
import type { Decode, Handlers, Primitive } from '../kernel/primitive.ts';
import type { Place } from '../kernel/tables.ts';
import { accessHandlers as handlersOfAccess } from './access/changes.ts';
import { accessLines } from './access/records.ts';
import type { AccessCommand } from './access/commands.ts';
import { barriers } from './barrier/barriers.ts';
import { cache } from './cache/entries.ts';
import type { PlaceKind } from './declared.ts';
import { elections } from './election/elections.ts';
import type { HoldsCommand } from './holds/commands.ts';
import { forceRelease } from './holds/force-release.ts';
import { acquireMany } from './holds/multi-acquire.ts';
import { latches } from './latch/latches.ts';
import { locks } from './lock/locks.ts';
import type { QueueCommand, QueueUpkeep } from './queue/commands.ts';
import { purge, redrive } from './queue/dead-letters.ts';
import { acknowledge, extend, giveBack, pop } from './queue/deliveries.ts';
import { lose } from './queue/lost-payloads.ts';
import { configure, deleteQueue, push } from './queue/push.ts';
import {
  decodeDedup,
  decodeLane,
  decodeMessage,
  decodeQueue,
  encodeQueuePlace,
  isOfQueue,
} from './queue/records.ts';
import { semaphores } from './semaphore/semaphores.ts';

export const primitives: { readonly [Kind in PlaceKind]: Primitive<Kind> } = {
  lock: locks,
  semaphore: semaphores,
  election: elections,
  barrier: barriers,
  latch: latches,
  cache,
};

/** Records of several kinds, in tables of their own. */
export const queueHandlers: Handlers<(QueueCommand | QueueUpkeep)['type']> = {
  queue_push: push,
  queue_pop: pop,
  queue_ack: acknowledge,
  queue_nack: giveBack,
  queue_extend: extend,
  queue_redrive: redrive,
  queue_purge: purge,
  queue_configure: configure,
  queue_delete: (tables, { name }) => deleteQueue(tables, name),
  queue_lose: lose,
};
export const queueLines: Readonly<Record<string, Decode>> = {
  queue: ({ tables }, fields) => decodeQueue(tables, fields),
  lane: ({ tables }, fields) => decodeLane(tables, fields),
  message: ({ tables }, fields) => decodeMessage(tables, fields),
  dedup: ({ tables }, fields) => decodeDedup(tables, fields),
};

const encodeOfQueue = (place: Place): Iterable<string> =>
  isOfQueue(place) ? [encodeQueuePlace(place)] : [];

/** By the kind of a record: its lines in a snapshot. */
export const encoders: Readonly<Record<Place['kind'], Primitive['encode']>> = {
  ...(Object.fromEntries(
    Object.values(primitives).map(({ kind, encode }) => [kind, encode]),
  ) as Readonly<Record<PlaceKind, Primitive['encode']>>),
  queue: encodeOfQueue,
  lane: encodeOfQueue,
  message: encodeOfQueue,
};

/** Who may do what. */
export const accessHandlers: Handlers<AccessCommand['type']> = handlersOfAccess;
export { accessLines };

/** Of several primitives at once. */
export const holdsHandlers: Handlers<HoldsCommand['type']> = {
  acquire_many: acquireMany,
  force_release: forceRelease,
};
