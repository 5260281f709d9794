/**
 * The line that makes bytes differ whenever their token does.
 *
 * A store whose entity tags are made from the bytes alone takes two puts of the same bytes for one. A stale holder
 * that has read such a tag could then pass If-Match after a later holder had put the same bytes with a larger token,
 * and its put would lower the fence and undo what the later holder wrote. With the token among the bytes there are no
 * such two puts.
 */
const encoder = new TextEncoder();

function tokenLine(fenceToken: string): Uint8Array {
  return encoder.encode(`fence-token ${fenceToken}\n`);
}

/** The bytes as they are stored. */
export function addTokenLine(bytes: Uint8Array, fenceToken: number): Uint8Array {
  const line = tokenLine(String(fenceToken));
  const stored = new Uint8Array(line.length + bytes.length);
  stored.set(line);
  stored.set(bytes, line.length);
  return stored;
}

/** The bytes as they were put; those of an object that has no such line are left as they are. */
export function removeTokenLine(stored: Uint8Array, fenceToken: string | undefined): Uint8Array {
  if (fenceToken === undefined) return stored;
  const line = tokenLine(fenceToken);
  return line.every((byte, at) => stored[at] === byte) ? stored.subarray(line.length) : stored;
}
