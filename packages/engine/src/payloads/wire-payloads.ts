/** How payloads are named between members. */
import type { StoredPayload } from '@holdfast/state';

export type WirePayload = readonly [id: number, byteLength: number, hash: number];

/**
 * What is answered for one payload: its text. Null: it is not here, and will not be by itself. False: it is not, and may be
 * later, where the log has not come so far or the disk cannot be read.
 */
export type GivenPayload = string | null | false;

export const toWire = ({ id, byteLength, hash }: StoredPayload): WirePayload => [
  id,
  byteLength,
  hash,
];

export const fromWire = ([id, byteLength, hash]: WirePayload): StoredPayload => ({
  id,
  byteLength,
  hash,
});

export function areWirePayloads(value: unknown): value is readonly WirePayload[] {
  return (
    Array.isArray(value) &&
    value.every(
      (one: unknown) =>
        Array.isArray(one) &&
        one.length === 3 &&
        one.every((part) => Number.isSafeInteger(part)) &&
        Number(one[0]) >= 0 &&
        Number(one[1]) >= 0,
    )
  );
}
