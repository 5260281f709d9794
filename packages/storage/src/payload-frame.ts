/**
 * One payload in a file of payloads.
 *
 * PFRAME-1: the head has a checksum of its own, so that the heads of a file can be read without its bodies, and the
 *     checksum of the body: a frame that was cut off, or changed on the disk, is not taken for a payload.
 *
 * Little endian; every frame begins at a multiple of 64 bytes:
 *
 *     0 magic · 4 CRC-32 of 8 to 24 · 8 id, a double · 16 byte length of the body · 20 CRC-32 of the body · 24 the body
 */
import { crc32 } from 'node:zlib';

export const payloadHeadBytes = 24;
export const payloadAlignment = 64;
const magic = 0x50_46_46_48; // "HFFP"

export interface PayloadHead {
  readonly id: number;
  /** Of the body. */
  readonly byteLength: number;
  readonly bodySum: number;
}

/** One that is to be written. */
export interface WaitingPayload {
  readonly id: number;
  readonly body: Uint8Array;
}

/** What a payload takes in its file. */
export const payloadFrameBytes = (byteLength: number): number =>
  Math.ceil((payloadHeadBytes + byteLength) / payloadAlignment) * payloadAlignment;

/** How many of these, the first one and those behind it, have frames of so many bytes together. At least one, where there is one. */
export function framesThatFit(
  payloads: readonly Pick<WaitingPayload, 'body'>[],
  mostBytes: number,
): number {
  let count = 0;
  let bytes = 0;
  for (const { body } of payloads) {
    bytes += payloadFrameBytes(body.byteLength);
    if (count > 0 && bytes > mostBytes) break;
    count += 1;
  }
  return count;
}

/** What their frames take together. */
export function framesBytes(payloads: readonly WaitingPayload[]): number {
  let byteLength = 0;
  for (const { body } of payloads) byteLength += payloadFrameBytes(body.byteLength);
  return byteLength;
}

/** Writes their frames into `bytes`, one behind the other. */
export function putPayloads(bytes: Buffer, payloads: readonly WaitingPayload[]): void {
  let end = 0;
  for (const { id, body } of payloads) end = putPayload(bytes, end, id, body);
}

/** Writes the frame of a payload into `bytes`, and returns where the next one begins. */
export function putPayload(bytes: Buffer, offset: number, id: number, body: Uint8Array): number {
  const end = offset + payloadFrameBytes(body.byteLength);
  bytes.writeUInt32LE(magic, offset);
  bytes.writeDoubleLE(id, offset + 8);
  bytes.writeUInt32LE(body.byteLength, offset + 16);
  bytes.writeUInt32LE(crc32(body), offset + 20);
  bytes.writeUInt32LE(crc32(bytes.subarray(offset + 8, offset + payloadHeadBytes)), offset + 4);
  bytes.set(body, offset + payloadHeadBytes);
  bytes.fill(0, offset + payloadHeadBytes + body.byteLength, end);
  return end;
}

/** PFRAME-1. Undefined: there is no frame. */
export function payloadHeadAt(bytes: Buffer, offset: number): PayloadHead | undefined {
  if (offset + payloadHeadBytes > bytes.byteLength || bytes.readUInt32LE(offset) !== magic)
    return undefined;
  const sum = crc32(bytes.subarray(offset + 8, offset + payloadHeadBytes));
  if (sum !== bytes.readUInt32LE(offset + 4)) return undefined;
  return {
    id: bytes.readDoubleLE(offset + 8),
    byteLength: bytes.readUInt32LE(offset + 16),
    bodySum: bytes.readUInt32LE(offset + 20),
  };
}

/** The body of a frame that is wholly in `bytes`. Undefined: it is not what the head says (PFRAME-1). */
export function payloadBodyAt(
  bytes: Buffer,
  offset: number,
  { byteLength, bodySum }: PayloadHead,
): Uint8Array | undefined {
  const begin = offset + payloadHeadBytes;
  const body = bytes.subarray(begin, begin + byteLength);
  return body.byteLength === byteLength && crc32(body) === bodySum ? body : undefined;
}

/** The body of the one frame that is in `bytes`, where it is of this id. */
export function payloadIn(bytes: Buffer, id: number): Uint8Array | undefined {
  const head = payloadHeadAt(bytes, 0);
  return head?.id === id ? payloadBodyAt(bytes, 0, head) : undefined;
}
