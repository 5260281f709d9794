/** Receipts, payloads and names of queues, between the wire and the state. */
import type { Json, MessageToPush } from '@holdfast/protocol';
import type { Delivery, FenceToken, Receipt } from '@holdfast/state';
import { RequestError } from '../request-error.ts';
import { invalid } from './who.ts';

/** Where no queue is named. */
const defaultQueue = 'default';
export const queueNamed = (queue: string | undefined): string => queue ?? defaultQueue;

/** Of one payload, and of one value of the cache, as JSON. */
export const maxPayloadBytes = 65_536;
/** Of one UTF-16 unit of a text in JSON: an escaped control character. */
const mostBytesPerUnit = 6;

/** Without writing it: most payloads are far from the limit. */
const isSurelySmall = (payload: Json): boolean =>
  typeof payload === 'string' && payload.length * mostBytesPerUnit + 2 <= maxPayloadBytes;

/** @param isBatch Whether they were given as a list: then an error names the place in it. */
export function tooLargePayload(
  messages: readonly MessageToPush[],
  isBatch: boolean,
): RequestError | undefined {
  for (const [place, { payload }] of messages.entries()) {
    if (isSurelySmall(payload)) continue;
    const bytes = Buffer.byteLength(JSON.stringify(payload));
    if (bytes <= maxPayloadBytes) continue;
    return new RequestError(
      'invalid_request',
      `A payload takes ${String(bytes)} bytes as JSON; at most ${String(maxPayloadBytes)} are kept. Keep it elsewhere and push where it is.`,
      { field: isBatch ? `messages.${String(place)}.payload` : 'payload', limit: maxPayloadBytes },
    );
  }
  return undefined;
}

/** The state keeps JSON text that it made. */
export const jsonOf = (text: string): Json => JSON.parse(text) as Json;

/** Message, delivery and fence token: what the state compares (DELIV-3). */
export const receiptOf = ({
  id,
  delivery,
  fenceToken,
}: Pick<Delivery, 'id' | 'delivery' | 'fenceToken'>): string =>
  `${String(id)}.${String(delivery)}.${String(fenceToken)}`;

export function readReceipt(text: string): Receipt | RequestError {
  const [, id, delivery, token] = /^([0-9]{1,15})\.([0-9]{1,6})\.([0-9]{1,16})$/.exec(text) ?? [];
  if (id === undefined || delivery === undefined || token === undefined)
    return invalid('receipt', '"receipt" is not valid: send it exactly as the pop returned it.');
  return {
    messageId: Number(id),
    delivery: Number(delivery),
    fenceToken: Number(token) as FenceToken,
  };
}
