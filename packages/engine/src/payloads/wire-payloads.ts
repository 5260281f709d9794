/** How payloads are named between members. */
import type { StoredPayload } from '@holdfast/state';

export type WirePayload = readonly [id: number, byteLength: number, hash: number];

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
