/**
 * The backup as bytes: a first line that names the format, then each chunk of the state's snapshot
 * behind its length (four bytes, big-endian), then a length of zero: a backup that was cut off is
 * told from a whole one.
 */
export const snapshotHead = 'holdfast-backup 1\n';

export async function* framedSnapshot(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield Buffer.from(snapshotHead);
  for await (const chunk of chunks) {
    yield lengthOf(chunk.byteLength);
    yield chunk;
  }
  yield lengthOf(0);
}

function lengthOf(bytes: number): Uint8Array {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes);
  return length;
}
