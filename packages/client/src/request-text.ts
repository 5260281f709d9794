/**
 * A request as it stands in a message.
 *
 * REQUEST-TEXT-1: it is made where the request is asked for: what is no JSON, or larger than any node reads, is refused to whoever
 *     asked, and nothing of it is sent; and however often it is sent, it is the same, whatever its caller changes meanwhile.
 */
import { HoldfastError, longestBodyBytes, longestMessageBytes } from '@holdfast/protocol';
import type { AskedOperation } from './request.ts';
import type { ClientSpan } from './tracing.ts';

const encoder = new TextEncoder();
/** The brackets of the message around it. */
const longestRequestBytes = longestMessageBytes - 2;

/** What there is of it: what nobody told stands at no place, or as null. */
export function requestOf(
  id: number,
  operation: AskedOperation,
  body: unknown,
  ackedBelow: number | undefined,
  span: ClientSpan | undefined,
): readonly unknown[] {
  if (span !== undefined) return [id, operation, body, ackedBelow ?? null, span.context];
  return ackedBelow === undefined ? [id, operation, body] : [id, operation, body, ackedBelow];
}

/**
 * @param request What there is of it.
 * @throws HoldfastError `invalid_request`: nothing was done.
 */
export function textOfRequest(operation: string, request: readonly unknown[]): string {
  const text = jsonOf(operation, request);
  if (isLonger(text, longestRequestBytes)) throw tooLarge(operation, longestMessageBytes);
  return text;
}

/** Over plain HTTP. @throws HoldfastError `invalid_request`: nothing was done. */
export function textOfBody(operation: string, body: unknown): string {
  const text = jsonOf(operation, body);
  if (isLonger(text, longestBodyBytes)) throw tooLarge(operation, longestBodyBytes);
  return text;
}

/** @param what In a message to people: the operation. @throws HoldfastError `invalid_request`: it cannot be written as JSON. */
export function jsonOf(what: string, value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new HoldfastError(
      'invalid_request',
      `What ${what} was asked with cannot be written as JSON: ${why.slice(0, 300)}. It was not sent.`,
      {},
      { cause: error },
    );
  }
}

/** Whether it has more bytes as UTF-8. Only what may have is measured. */
export const isLonger = (text: string, bytes: number): boolean =>
  text.length * 3 > bytes && (text.length > bytes || encoder.encode(text).length > bytes);

const tooLarge = (operation: string, bytes: number): HoldfastError =>
  new HoldfastError(
    'invalid_request',
    `The ${operation} is larger than the ${String(bytes)} bytes that a node reads in one piece. It was not sent. Split it.`,
    { limit: bytes },
  );
