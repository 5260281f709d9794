/** What is read of stdin in place of a word: no more than a node would take. */
import { readSync } from 'node:fs';
import { longestMessageBytes } from '@holdfast/protocol';
import { UsageError } from './failure.ts';

const chunkBytes = 64 * 1024;

/**
 * @param read Fills the buffer from its beginning, and tells how many bytes it has read; 0 at the end.
 * @throws UsageError where there is more than a request may have.
 */
export function textOfStdin(read: (into: Uint8Array) => number = readStdin): string {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (;;) {
    const part = Buffer.alloc(chunkBytes);
    const count = read(part);
    if (count === 0) return Buffer.concat(parts).toString('utf8');
    bytes += count;
    if (bytes > longestMessageBytes)
      throw new UsageError(
        `Stdin has more than the ${String(longestMessageBytes)} bytes that a request may have. Keep it elsewhere, and send where it is.`,
      );
    parts.push(part.subarray(0, count));
  }
}

function readStdin(into: Uint8Array): number {
  try {
    return readSync(0, into);
  } catch (error) {
    // So Windows tells the end of a pipe.
    if (error instanceof Error && 'code' in error && error.code === 'EOF') return 0;
    throw error;
  }
}
