/** What a session or a place has in a snapshot comes in lines of bounded length (SNAP-6). */

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
