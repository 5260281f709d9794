/**
 * Feature levels: what every member of the cluster can read. A level stands in the log, as a number of its own and
 * not the version of a program: members of different versions share one log and one state.
 *
 * FEATURE-1: what belongs to a level (commands, their fields and kinds, parts of snapshots that only those bring
 *     about) stands in a log only behind the entry that raised the level to it. A leader writes by the level of the
 *     state that it has applied, which is never above that of the log. A level is never lowered.
 * FEATURE-3: what a program does not know, in a logged command or in a snapshot, stops it. Ignored, it would
 *     make of one log two states.
 */
import type { Envelope } from './commands.ts';
import { unknownPart } from './command-fields.ts';
import { callerLevel, latestFeatureLevel, unorderedNamesLevel } from './levels.ts';

/**
 * A command as it may be logged under a level (FEATURE-1): without what only tells people more.
 *
 * @returns The part that cannot be logged yet, where something of the command belongs to a higher level.
 */
export function withinLevel(
  envelope: Envelope,
  level: number,
): { readonly envelope: Envelope } | { readonly tooNew: string } {
  if (level >= latestFeatureLevel) return { envelope };
  const tooNew = unknownPart(envelope.command, level);
  if (tooNew !== undefined) return { tooNew };
  return { envelope: toldWithin(envelope, level) };
}

/** Without what only a higher level tells of the caller. */
function toldWithin(envelope: Envelope, level: number): Envelope {
  const known = level < unorderedNamesLevel ? withoutAskedAt(envelope) : envelope;
  if (level >= callerLevel) return known;
  const { proof, address, authorizedAt, isAdministrator, ...rest } = known;
  const ofLaterLevels = [proof, address, authorizedAt, isAdministrator];
  return ofLaterLevels.every((part) => part === undefined) ? known : rest;
}

function withoutAskedAt(envelope: Envelope): Envelope {
  const { askedAt, ...rest } = envelope;
  return askedAt === undefined ? envelope : rest;
}
