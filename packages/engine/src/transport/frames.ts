/**
 * Frames between peers: `[u32 length][u32 crc32][u8 kind][body]`, length counted from the crc on.
 *
 * FRAME-1: a frame above `maxFrameBytes` is never made: the error names it, and the connection stays.
 *     Were it sent, the receiver would close the connection, and the sender would send it again.
 * FRAME-5: what is large is not copied on its way: entries go to each member from the memory in which they are, and stay in that in which
 *     they came. Memory outside of the heap that is used once makes the collector stop the process for all of it.
 */
import { crc32 } from 'node:zlib';
import { maxFrameBytes } from '../bounds.ts';

export const frameKinds = {
  hello: 1,
  raft: 2,
  call: 3,
  answer: 4,
  cancel: 5,
  refused: 6,
  addresses: 7,
  ping: 8,
  pong: 9,
  takesPart: 10,
} as const;
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

const kindNames = [
  '',
  'hello',
  'raft message',
  'call',
  'answer',
  'cancel',
  'refusal',
  'list of addresses',
  'ping',
  'pong',
  'word that it takes part',
] as const;
const headBytes = 9;

/** What came in is no frame: the connection is of no use any more. */
export class FrameError extends Error {
  override readonly name: string = 'FrameError';
}

/** What should go out is too large for a frame. Nothing was sent. */
export class FrameTooLargeError extends Error {
  override readonly name: string = 'FrameTooLargeError';
  readonly byteLength: number;
  constructor(what: string, byteLength: number) {
    super(
      `The ${what} would be a frame of ${String(byteLength)} bytes, and a peer takes at most ` +
        `${String(maxFrameBytes)}. It was not sent.`,
    );
    this.byteLength = byteLength;
  }
}

export interface Frame {
  readonly kind: FrameKind;
  readonly body: Buffer;
}

/** `what` and `to` are for the error alone. @throws FrameTooLargeError (FRAME-1) */
export function encodeFrame(
  kind: FrameKind,
  parts: readonly Uint8Array[],
  to: string,
  what: string = kindNames[kind],
): Buffer {
  return Buffer.concat(framePieces(kind, parts, to, what));
}

/** A frame without a copy of its body (FRAME-5): the head, and then the parts as they are. @throws FrameTooLargeError (FRAME-1) */
export function framePieces(
  kind: FrameKind,
  parts: readonly Uint8Array[],
  to: string,
  what: string = kindNames[kind],
): readonly Uint8Array[] {
  let bodyBytes = 0;
  for (const part of parts) bodyBytes += part.byteLength;
  if (5 + bodyBytes > maxFrameBytes)
    throw new FrameTooLargeError(`${what} to ${to}`, 5 + bodyBytes);
  const head = Buffer.allocUnsafe(headBytes);
  head.writeUInt32BE(5 + bodyBytes, 0);
  head[8] = kind;
  let sum = crc32(head.subarray(8));
  for (const part of parts) sum = crc32(part, sum);
  head.writeUInt32BE(sum, 4);
  return [head, ...parts];
}

export function encodeJsonFrame(kind: FrameKind, value: unknown, to = 'a peer'): Buffer {
  return encodeFrame(kind, [Buffer.from(JSON.stringify(value))], to);
}

/** The JSON object that a body, or a part of it, is. @throws FrameError */
export function parseObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new FrameError(`a ${what} is not JSON`, { cause: error });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new FrameError(`a ${what} is not an object`);
  return value as Readonly<Record<string, unknown>>;
}

/** Cuts a byte stream into frames. Holds at most one unfinished frame, which is joined once. */
export class FrameReader {
  #limitBytes: number;
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** `limitBytes` holds until `allowAll`. */
  constructor(limitBytes: number = maxFrameBytes) {
    this.#limitBytes = limitBytes;
  }

  /** The other side has shown who it is. */
  allowAll(): void {
    this.#limitBytes = maxFrameBytes;
  }

  /** Nothing is left that is not handed out. */
  get isEmpty(): boolean {
    return this.#bytes === 0;
  }

  add(chunk: Buffer): void {
    if (chunk.byteLength === 0) return;
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
  }

  /** The next whole frame, if there is one. @throws FrameError on damage */
  next(): Frame | undefined {
    if (this.#bytes < 4) return undefined;
    let head = this.#chunks[0];
    if (head === undefined || head.byteLength < 4) head = this.#join();
    const length = head.readUInt32BE(0);
    if (length < 5 || length > this.#limitBytes) {
      throw new FrameError(
        `a frame says that it has ${String(length)} bytes; at most ${String(this.#limitBytes)} are taken`,
      );
    }
    const end = 4 + length;
    if (this.#bytes < end) return undefined;
    if (head.byteLength < end) head = this.#join();
    const content = head.subarray(8, end);
    if (crc32(content) !== head.readUInt32BE(4))
      throw new FrameError('the checksum of a frame does not match');
    const kind = content[0];
    if (!isFrameKind(kind)) throw new FrameError(`a frame has the unknown kind ${String(kind)}`);
    this.#bytes -= end;
    if (head.byteLength === end) this.#chunks.shift();
    else this.#chunks[0] = head.subarray(end);
    return { kind, body: content.subarray(1) };
  }

  /** All whole frames. @throws FrameError on damage */
  push(chunk: Buffer): Frame[] {
    this.add(chunk);
    const frames: Frame[] = [];
    for (let frame = this.next(); frame !== undefined; frame = this.next()) frames.push(frame);
    return frames;
  }

  #join(): Buffer {
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }
}

function isFrameKind(kind: number | undefined): kind is FrameKind {
  return kind !== undefined && kind >= frameKinds.hello && kind <= frameKinds.takesPart;
}
