/** Why a node makes no backup. */
import { HoldfastError } from '@holdfast/protocol';
import { shuttingDown } from './failures.ts';

export const backupCancelled = (): HoldfastError =>
  new HoldfastError('cancelled', 'The backup was cancelled: who asked for it has gone.');

/** Of one that did not begin. @param signal Aborted when who asked for it has gone; the node stops otherwise. */
export const notBegun = (signal: AbortSignal | undefined): HoldfastError =>
  signal?.aborted === true ? backupCancelled() : shuttingDown();

/** ENG-SNAP-10. */
export const noRoomForBackup = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'No backup can be made here: the disk of this node has no room for a snapshot, or its process no descriptor (see its log). Make room, or ask another node.',
  );

/** ENG-SNAP-7. */
export const membersUnknown = (): HoldfastError =>
  new HoldfastError(
    'overloaded',
    'No snapshot can be made here: this node joined later, and does not know who the members were at the end of its log. Ask another node.',
  );

/** @param seconds For so long it was tried. */
export const notSavedInTime = (seconds: number): HoldfastError =>
  new HoldfastError(
    'overloaded',
    `No backup can be made here: no snapshot was saved within ${String(seconds)} s. Ask another node, or again later (see the log of this one).`,
  );
