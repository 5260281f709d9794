/** What a session or a place has in a snapshot comes in lines of bounded length (SNAP-6). */

/**
 * No line is longer, by far: what one has of callers came in one message of at most 32 MiB between members. Who reads lines gathers
 * no more than that of a file in which no line ends.
 */
export const maxLineLength: number = 64 * 1024 * 1024;

/** What a session or a pool has is told in lines of at most so many. */
export const maxMembersPerLine = 256;

export function* pieces<Member, Told>(
  members: Iterable<Member>,
  tell: (member: Member) => Told,
): Generator<Told[], undefined, undefined> {
  let piece: Told[] = [];
  for (const member of members) {
    piece.push(tell(member));
    if (piece.length < maxMembersPerLine) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
