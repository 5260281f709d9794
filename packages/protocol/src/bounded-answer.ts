/**
 * ANS-1: of an answer no more is read than the longest that a node gives. Whatever answers with more, a proxy's page or
 *     a body without end, is cut off: it takes no memory, and its connection is cancelled.
 */
import { HoldfastError } from './errors.ts';

/** Of what is asked of a lease node: a few fields, and names and members of a set in an error. */
export const longestAnswerBytes: number = 64 * 1024;

/** What a name of one unit of UTF-16 takes at most in JSON: `\u0001`. */
export const bytesOfUnitInJson = 6;

/** An answer, as far as it is read: of `fetch`, or of whoever else asks. */
export interface AnswerToRead {
  readonly body: {
    getReader(): {
      read(): Promise<{ readonly done?: boolean; readonly value?: Uint8Array | undefined }>;
      cancel(): Promise<void>;
    };
  } | null;
}

/** The JSON in it. @throws HoldfastError `internal` where it is longer, or no JSON. */
export async function readAnswer(
  from: string,
  response: AnswerToRead,
  longestBytes: number = longestAnswerBytes,
): Promise<unknown> {
  const text = await readText(from, response, longestBytes);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new HoldfastError(
      'internal',
      `${from} did not respond as a node: the body is no JSON.`,
      {},
      { cause: error },
    );
  }
}

/** @throws HoldfastError `internal` where it is longer. */
export async function readText(
  from: string,
  response: AnswerToRead,
  longestBytes: number,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    if (done || value === undefined) break;
    bytes += value.byteLength;
    if (bytes > longestBytes) {
      // What is not read ends the connection; whether that can be told does not matter.
      reader?.cancel().catch(() => undefined);
      throw new HoldfastError(
        'internal',
        `${from} answered with more than ${String(longestBytes)} bytes, which no node does. Is it another server?`,
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
  return new TextDecoder().decode(whole);
}
