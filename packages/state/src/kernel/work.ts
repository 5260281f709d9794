/**
 * How much one entry of the log does, so that no entry takes long, whatever it ends.
 *
 * WORK-1: each hold that ends, each wait that ends (granted or not), each lock that opens and each
 *     barrier that is left is one unit of work. What earlier entries left and what is due get `maxWorkPerEntry` units
 *     of an entry, its commands together as many again, and each command at least `workOfCommand`, where
 *     the limit is not below that: a plain release and the grant that follows it are never put off.
 * WORK-2: what does not fit is part of the state and goes on with the next entry, oldest first: turns
 *     that have come (settle.ts), what is due (lifetimes.ts), sessions that end (endings.ts), waits for more
 *     permits than there are (too-large.ts).
 * WORK-3: work is counted and never timed: the same on every node, also on one that was restored.
 * WORK-4: one command may go beyond its share by what is bounded otherwise: the places of one session, the count
 *     that it gives (FORCE-1), the identities of a role (10,000 of them take 25 ms) and, as written below feature
 *     level 3, the holds of one resource and the waits of a semaphore that is made smaller (10,000 of them take
 *     some 100 ms). Entries are cut by that (WORK-5 of primitives/command-work.ts).
 */
import type { Tables } from './tables.ts';

/** A release, and the grant to the next one, twice. */
export const workOfCommand = 4;

/** Of what earlier entries left and what is due, and then of the commands. */
export function beginShare(tables: Tables): void {
  tables.workLeft = tables.limits.maxWorkPerEntry;
}

/** A limit counts from the command that sets it: for the commands behind it in the same entry too. */
export function boundShare(tables: Tables): void {
  tables.workLeft = Math.min(tables.workLeft, tables.limits.maxWorkPerEntry);
}

export function beginCommand(tables: Tables): void {
  const least = Math.min(workOfCommand, tables.limits.maxWorkPerEntry);
  if (tables.workLeft < least) tables.workLeft = least;
}
