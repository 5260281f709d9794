/**
 * ANS-1: of an answer no more is read than the longest that a lease node gives. Whatever answers with more, a proxy's
 *     page or a body without end, is cut off: it takes no memory, and its connection is cancelled.
 */
import { HoldfastError } from '@holdfast/protocol';

/** Of what clients ask for: a few fields, and names and members of a set in an error. */
export const longestAnswerBytes: number = 64 * 1024;

/** @throws HoldfastError `internal` where it is longer, or no JSON. */
export async function readAnswer(from: string, response: Response): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) break;
    bytes += value.byteLength;
    if (bytes > longestAnswerBytes) {
      // What is not read ends the connection; whether that can be told does not matter.
      reader?.cancel().catch(() => undefined);
      throw new HoldfastError(
        'internal',
        `${from} answered with more than ${String(longestAnswerBytes)} bytes, which no lease node does. Is it another server?`,
      );
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(bytes);
  let place = 0;
  for (const chunk of chunks) {
    whole.set(chunk, place);
    place += chunk.byteLength;
  }
  try {
    return JSON.parse(new TextDecoder().decode(whole));
  } catch (error) {
    throw new HoldfastError(
      'internal',
      `${from} did not respond as a lease node: the body is no JSON.`,
      {},
      { cause: error },
    );
  }
}
