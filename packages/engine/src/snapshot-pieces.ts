/** The pieces of a snapshot on their way from the state to the disk. */
import type { Hash } from 'node:crypto';

/** All of them, told to a hash. */
export function* hashed(
  chunks: Iterable<Uint8Array>,
  hash: Hash,
): Generator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}

/** All of them, and their end only when something else is done. */
export async function* withLast(
  chunks: Iterable<Uint8Array>,
  last: () => Promise<void> | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
  await last();
}
