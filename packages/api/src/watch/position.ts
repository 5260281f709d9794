/**
 * Where a watcher stands: behind so many changes of a log entry, or behind all of it.
 *
 * POSITION-1: a position counts the changes of its entry as the state machine tells them, and not those that
 *     watchers are told: a release that tells more kinds shifts no position that was given before. All members make
 *     the same changes of an entry, of whatever release they are: a new kind of change has a feature level.
 * POSITION-2: nobody waits behind a position that the cluster has not come to: it is refused. One that only this node has
 *     not come to yet is waited for: any node goes on from a position that another one told.
 */
export interface Position {
  /** Index of the log entry. */
  readonly revision: number;
  /** Infinity: behind the whole entry. */
  readonly number: number;
}

/** `12-3`, or `12`: behind all of entry 12. */
export function positionText({ revision, number }: Position): string {
  return number === Number.POSITIVE_INFINITY
    ? String(revision)
    : `${String(revision)}-${String(number)}`;
}

/** Undefined: it is no position. */
export function readPosition(text: string): Position | undefined {
  const match = /^(\d{1,15})(?:-(\d{1,9}))?$/.exec(text);
  if (match === null) return undefined;
  const [, revision, number] = match;
  return {
    revision: Number(revision),
    number: number === undefined ? Number.POSITIVE_INFINITY : Number(number),
  };
}
