/** Where a watcher stands: behind so many events of a log entry, or behind all of it. */
export interface Position {
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
