/**
 * Raft messages as frame bodies: `[u32 header length][header JSON][bytes]`. The header names each
 * entry's length; the bytes follow in order and are never copied into JSON.
 *
 * FRAME-2: what comes from the network is checked here, once and wholly; the core may rely on it.
 */
import type { Entry, EntryKind, Message } from '@holdfast/raft';
import { isCount, isHash } from './fields.ts';
import { encodeFrame, FrameError, frameKinds, parseObject } from './frames.ts';

/** `[index, term, kind, byteLength]` */
type EntryHead = readonly [number, number, 0 | 1 | 2, number];
const entryKinds: readonly EntryKind[] = ['command', 'noop', 'membership'];

/**
 * @param to For the error alone.
 * @throws FrameTooLargeError That no message is so large is an invariant (BOUND-2, BOUND-3): the node has
 *   to stop, so that others lead who can send what they have.
 */
export function encodeMessageFrame(message: Message, to = 'a peer'): Buffer {
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
    header = rest;
    parts.push(data);
  }
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(headerBytes.byteLength, 0);
  return encodeFrame(
    frameKinds.raft,
    [length, headerBytes, ...parts],
    to,
    `raft message ${message.type}`,
  );
}

type Check = (value: unknown) => boolean;

const isBoolean: Check = (value) => typeof value === 'boolean';

/** Fields each message type must carry, by their check. */
const requiredFields: Readonly<Record<Message['type'], Readonly<Record<string, Check>>>> = {
  pre_vote: { lastIndex: isCount, lastTerm: isCount },
  pre_vote_answer: { granted: isBoolean },
  vote: { lastIndex: isCount, lastTerm: isCount, transfer: isBoolean },
  vote_answer: { granted: isBoolean },
  append: {
    previousIndex: isCount,
    previousTerm: isCount,
    commit: isCount,
    probe: isCount,
    entries: Array.isArray,
  },
  append_answer: { probe: isCount, accepted: isBoolean },
  snapshot_chunk: { meta: isSnapshotMeta, offset: isCount, byteLength: isCount, probe: isCount },
  snapshot_answer: { hash: isHash, nextOffset: isCount, installed: isBoolean, probe: isCount },
  timeout_now: {},
};

function isSnapshotMeta(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const meta = value as Record<string, unknown>;
  const membership = meta['membership'] as { members?: unknown } | null | undefined;
  return (
    isCount(meta['index']) &&
    isCount(meta['term']) &&
    isHash(meta['hash']) &&
    isCount(meta['byteLength']) &&
    Array.isArray(membership?.members) &&
    membership.members.every(
      (member: { id?: unknown; address?: unknown; role?: unknown } | null) =>
        typeof member?.id === 'string' &&
        typeof member.address === 'string' &&
        (member.role === 'voter' || member.role === 'learner'),
    )
  );
}

function decodeEntries(heads: readonly unknown[], previousIndex: number, body: Buffer): Entry[] {
  const entries: Entry[] = [];
  let offset = 0;
  for (const head of heads) {
    if (!Array.isArray(head) || head.length !== 4 || !head.every(isCount)) {
      throw new FrameError('an append names an entry in an unknown form');
    }
    const [index, term, kindCode, byteLength] = head as unknown as EntryHead;
    const kind = entryKinds[kindCode];
    if (index !== previousIndex + 1 + entries.length)
      throw new FrameError('the entries of an append do not follow each other');
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
  if (offset !== body.byteLength) throw new FrameError('an append is longer than its entries');
  return entries;
}

/** The header of a message, with the fields of its type as they have to be. */
function decodeHeader(text: string): Readonly<Record<string, unknown>> {
  const header = parseObject(text, 'message');
  const type = header['type'];
  if (typeof type !== 'string' || !Object.hasOwn(requiredFields, type) || !isCount(header['term']))
    throw new FrameError(`a message has the unknown type ${JSON.stringify(type)}`);
  const require = (field: string, isValid: Check): void => {
    if (!isValid(header[field])) throw new FrameError(`${type}: bad field ${field}`);
  };
  for (const [field, isValid] of Object.entries(requiredFields[type as Message['type']]))
    require(field, isValid);
  if (type === 'append_answer') {
    const needed =
      header['accepted'] === true
        ? ['matchIndex']
        : ['rejectedIndex', 'conflictTerm', 'conflictIndex'];
    for (const field of needed) require(field, isCount);
  }
  return header;
}

/** @throws FrameError (FRAME-2) */
export function decodeMessage(body: Buffer): Message {
  if (body.byteLength < 4) throw new FrameError('a message has no header');
  const bytesFrom = 4 + body.readUInt32BE(0);
  if (bytesFrom > body.byteLength) throw new FrameError('a message is shorter than its header');
  const header = decodeHeader(body.toString('utf8', 4, bytesFrom));
  const bytes = body.subarray(bytesFrom);
  if (header['type'] === 'append') {
    const { entries, previousIndex } = header as { entries: unknown[]; previousIndex: number };
    const decoded = decodeEntries(entries, previousIndex, bytes);
    return { ...header, entries: decoded } as unknown as Message;
  }
  if (header['type'] === 'snapshot_chunk') {
    const { meta, offset, byteLength } = header as unknown as Extract<
      Message,
      { type: 'snapshot_chunk' }
    >;
    if (byteLength !== bytes.byteLength)
      throw new FrameError('a part of a snapshot has another length than it says');
    if (offset + byteLength > meta.byteLength)
      throw new FrameError('a part of a snapshot lies beyond its end');
    return { ...header, data: new Uint8Array(bytes) } as unknown as Message;
  }
  if (bytes.byteLength > 0) throw new FrameError(`${String(header['type'])}: bytes behind the end`);
  return header as unknown as Message;
}
