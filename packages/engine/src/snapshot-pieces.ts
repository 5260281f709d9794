/** The pieces of a snapshot on their way from the state to the disk. */
import type { Hash } from 'node:crypto';
import type { Clock } from './clock.ts';

/** Of one turn: a piece takes some milliseconds. */
const maxTurnMs = 4;

/** All of them, those of a turn of the event loop only until its share of time is used up (ENG-SNAP-9). */
export async function* inSlices(
  chunks: Iterable<Uint8Array>,
  clock: Pick<Clock, 'now' | 'endOfTurn'>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let startedMs = clock.now();
  for (const chunk of chunks) {
    yield chunk;
    if (clock.now() - startedMs < maxTurnMs) continue;
    await new Promise<void>((resolve) => clock.endOfTurn(resolve));
    startedMs = clock.now();
  }
}

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
  chunks: AsyncIterable<Uint8Array>,
  last: () => Promise<void> | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
  await last();
}
