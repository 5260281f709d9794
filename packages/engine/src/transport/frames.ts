/**
 * Frames between peers: `[u32 length][u32 crc32][u8 kind][body]`, length counted from the crc on.
 *
 * A raft message is `[u32 header length][header JSON][entry bytes]`: the header names each entry's
 * length, the bytes follow in order and are never copied into JSON.
 */
import { crc32 } from 'node:zlib';
import type { Entry, EntryKind, Message } from '@holdfast/raft';

export const frameKinds = { hello: 1, raft: 2, call: 3, answer: 4, cancel: 5, refused: 6 } as const;
export type FrameKind = (typeof frameKinds)[keyof typeof frameKinds];

/** The largest frame a peer may send: a snapshot chunk or an append with room to spare. */
export const maxFrameBytes: number = 32 * 1024 * 1024;
const headBytes = 9;

export class FrameError extends Error {
  override readonly name: string = 'FrameError';
}

export interface Frame {
  readonly kind: FrameKind;
  readonly body: Buffer;
}

function frameOf(kind: FrameKind, parts: readonly Uint8Array[]): Buffer {
  let bodyBytes = 0;
  for (const part of parts) bodyBytes += part.byteLength;
  const frame = Buffer.allocUnsafe(headBytes + bodyBytes);
  frame.writeUInt32BE(5 + bodyBytes, 0);
  frame[8] = kind;
  let offset = headBytes;
  for (const part of parts) {
    frame.set(part, offset);
    offset += part.byteLength;
  }
  frame.writeUInt32BE(crc32(frame.subarray(8)), 4);
  return frame;
}

export function encodeJsonFrame(kind: FrameKind, value: unknown): Buffer {
  return frameOf(kind, [Buffer.from(JSON.stringify(value))]);
}

/** `[index, term, kind, byteLength]` */
type EntryHead = readonly [number, number, 0 | 1 | 2, number];
const entryKinds: readonly EntryKind[] = ['command', 'noop', 'membership'];

export function encodeMessageFrame(message: Message): Buffer {
  const parts: Uint8Array[] = [];
  let header: unknown = message;
  if (message.type === 'append') {
    const { entries, ...rest } = message;
    const heads: EntryHead[] = [];
    for (const entry of entries) {
      heads.push([
        entry.index,
        entry.term,
        entryKinds.indexOf(entry.kind) as 0 | 1 | 2,
        entry.data.byteLength,
      ]);
      parts.push(entry.data);
    }
    header = { ...rest, entries: heads };
  } else if (message.type === 'snapshot_chunk') {
    const { data, ...rest } = message;
    header = { ...rest, data: data.byteLength };
    parts.push(data);
  }
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(headerBytes.byteLength, 0);
  return frameOf(frameKinds.raft, [length, headerBytes, ...parts]);
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Fields each message type must carry, by their check: input from the network is validated here, once. */
const requiredFields: Readonly<
  Record<Message['type'], Readonly<Record<string, (value: unknown) => boolean>>>
> = {
  pre_vote: { lastIndex: isCount, lastTerm: isCount },
  pre_vote_answer: { granted: (value) => typeof value === 'boolean' },
  vote: { lastIndex: isCount, lastTerm: isCount, transfer: (value) => typeof value === 'boolean' },
  vote_answer: { granted: (value) => typeof value === 'boolean' },
  append: {
    previousIndex: isCount,
    previousTerm: isCount,
    commit: isCount,
    probe: isCount,
    entries: Array.isArray,
  },
  append_answer: { probe: isCount, accepted: (value) => typeof value === 'boolean' },
  snapshot_chunk: { chunk: isCount, probe: isCount, data: isCount, meta: isSnapshotMeta },
  snapshot_answer: { index: isCount, nextChunk: isCount, probe: isCount },
  timeout_now: {},
};

function isSnapshotMeta(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const meta = value as Record<string, unknown>;
  const membership = meta['membership'] as { members?: unknown } | undefined;
  return (
    isCount(meta['index']) &&
    isCount(meta['term']) &&
    isCount(meta['chunkCount']) &&
    Array.isArray(membership?.members) &&
    membership.members.every(
      (member: { id?: unknown; address?: unknown; role?: unknown } | null) =>
        typeof member?.id === 'string' &&
        typeof member.address === 'string' &&
        (member.role === 'voter' || member.role === 'learner'),
    )
  );
}

function decodeEntries(heads: readonly unknown[], body: Buffer): Entry[] {
  const entries: Entry[] = [];
  let offset = 0;
  for (const head of heads) {
    if (!Array.isArray(head) || head.length !== 4 || !head.every(isCount)) {
      throw new FrameError('an append names an entry in an unknown form');
    }
    const [index, term, kindCode, byteLength] = head as unknown as EntryHead;
    const kind = entryKinds[kindCode];
    if (kind === undefined || offset + byteLength > body.byteLength) {
      throw new FrameError('an append is shorter than its entries');
    }
    // Copied: the entry outlives the socket's buffer by far.
    entries.push({
      index,
      term,
      kind,
      data: new Uint8Array(body.subarray(offset, offset + byteLength)),
    });
    offset += byteLength;
  }
  return entries;
}

export function decodeMessage(body: Buffer): Message {
  if (body.byteLength < 4) throw new FrameError('a message has no header');
  const headerBytes = body.readUInt32BE(0);
  if (4 + headerBytes > body.byteLength)
    throw new FrameError('a message is shorter than its header');
  const header: unknown = JSON.parse(body.toString('utf8', 4, 4 + headerBytes));
  if (typeof header !== 'object' || header === null) throw new FrameError('a message is no object');
  const record = header as Record<string, unknown>;
  const fields = requiredFields[record['type'] as Message['type']] as
    (typeof requiredFields)[Message['type']] | undefined;
  if (fields === undefined || !isCount(record['term'])) {
    throw new FrameError(`unknown message type ${JSON.stringify(record['type'])}`);
  }
  for (const [field, isValid] of Object.entries(fields)) {
    if (!isValid(record[field]))
      throw new FrameError(`${String(record['type'])}: bad field ${field}`);
  }
  const rest = body.subarray(4 + headerBytes);
  if (record['type'] === 'append') {
    return {
      ...record,
      entries: decodeEntries(record['entries'] as unknown[], rest),
    } as unknown as Message;
  }
  if (record['type'] === 'append_answer') {
    const needed =
      record['accepted'] === true
        ? ['matchIndex']
        : ['rejectedIndex', 'conflictTerm', 'conflictIndex'];
    for (const field of needed) {
      if (!isCount(record[field])) throw new FrameError(`append_answer: bad field ${field}`);
    }
  }
  if (record['type'] === 'snapshot_chunk') {
    if (record['data'] !== rest.byteLength) throw new FrameError('a snapshot chunk is cut short');
    return { ...record, data: new Uint8Array(rest) } as unknown as Message;
  }
  return header as Message;
}

/** Cuts a byte stream into frames. Holds at most one unfinished frame. */
export class FrameReader {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Throws `FrameError` on damage: the connection is of no use any more. */
  push(chunk: Buffer): Frame[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.byteLength;
    const frames: Frame[] = [];
    if (this.#bytes < 4) return frames;
    // Joining is put off until the frame at the head is whole, so that a large one is joined once.
    const head = this.#chunks[0];
    if (head !== undefined && head.byteLength >= 4 && this.#bytes < 4 + this.#lengthAt(head, 0)) {
      return frames;
    }
    const buffer =
      this.#chunks.length === 1 && head !== undefined ? head : Buffer.concat(this.#chunks);
    let offset = 0;
    while (buffer.byteLength - offset >= 4) {
      const length = this.#lengthAt(buffer, offset);
      if (buffer.byteLength - offset < 4 + length) break;
      const content = buffer.subarray(offset + 8, offset + 4 + length);
      if (crc32(content) !== buffer.readUInt32BE(offset + 4)) throw new FrameError('checksum');
      const kind = content[0];
      if (!isFrameKind(kind)) throw new FrameError(`unknown kind ${String(kind)}`);
      frames.push({ kind, body: content.subarray(1) });
      offset += 4 + length;
    }
    const rest = buffer.subarray(offset);
    this.#chunks = rest.byteLength > 0 ? [rest] : [];
    this.#bytes = rest.byteLength;
    return frames;
  }

  #lengthAt(buffer: Buffer, offset: number): number {
    const length = buffer.readUInt32BE(offset);
    if (length < 5 || length > maxFrameBytes) throw new FrameError(`length ${String(length)}`);
    return length;
  }
}

function isFrameKind(kind: number | undefined): kind is FrameKind {
  return kind !== undefined && kind >= frameKinds.hello && kind <= frameKinds.refused;
}
