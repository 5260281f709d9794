/**
 * A frame of requests, before anything in it is executed.
 *
 * STREAM-FRAME-1: a frame has at most `mostInFrame` requests, and one with more ends the stream (1009) before any of them is
 *     executed: each is answered, and an answer may be a hundred times as long as the shortest request.
 * STREAM-FRAME-2: a frame is UTF-8, or it ends the stream (1007): two names that are not would be read as the same one.
 */
import { isUtf8 } from 'node:buffer';
import { closeCodes } from './host.ts';

/** More than client libraries put into one, even of their shortest requests (`mostUnits` of client/src/outgoing.ts). */
export const mostInFrame = 20_000;

/** Why the stream ends by it. */
interface Unreadable {
  readonly code: number;
  readonly reason: string;
}

/** @param isBinary Of a frame of text the socket itself has looked whether it is UTF-8. */
export function readFrame(data: Buffer, isBinary: boolean): readonly unknown[] | Unreadable {
  if (isBinary && !isUtf8(data))
    // STREAM-FRAME-2
    return { code: closeCodes.invalidText, reason: 'The frame is not UTF-8. Send JSON in UTF-8.' };
  let batch: unknown;
  try {
    batch = JSON.parse(data.toString('utf8'));
  } catch {
    return noFrame('The frame is not JSON.');
  }
  if (!Array.isArray(batch)) return noFrame('A frame is an array of requests.');
  if (batch.length > mostInFrame)
    // STREAM-FRAME-1
    return {
      code: closeCodes.tooLarge,
      reason: `A frame has at most ${String(mostInFrame)} requests. Send the others in another frame.`,
    };
  return batch as readonly unknown[];
}

const noFrame = (reason: string): Unreadable => ({ code: closeCodes.protocolError, reason });
