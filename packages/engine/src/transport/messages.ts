/**
 * Raft messages as frame bodies: `[u32 header length][header JSON][bytes]`. The header names each
 * entry's length; the bytes follow in order and are never copied into JSON.
 *
 * FRAME-2: what comes from the network is checked here, once and wholly; the core may rely on it.
 * FRAME-3: a term is never more than `maxTermStep` above the own one. It is made by counting elections, so
 *     that a larger one is damage or malice; taken over, it would leave no room to count on, and nobody
 *     could be elected any more.
 */
import { decodeMembership } from '@holdfast/raft';
import type { Entry, EntryKind, Message, Term } from '@holdfast/raft';
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

type Append = Extract<Message, { type: 'append' }>;
type Check = (value: unknown) => boolean;

/** FRAME-3. */
export const maxTermStep: number = 2 ** 32;
/** Far enough below what a number holds exactly that adding to it stays exact. */
const largestTerm = 2 ** 52;

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

/** A snapshot that is sent holds at least one entry, and is of at least one byte. */
function isSnapshotMeta(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const meta = value as Record<string, unknown>;
  const membership = meta['membership'] as { members?: unknown } | null | undefined;
  return (
    isCount(meta['index']) &&
    meta['index'] > 0 &&
    isCount(meta['term']) &&
    isHash(meta['hash']) &&
    isCount(meta['byteLength']) &&
    meta['byteLength'] > 0 &&
    areMembers(membership?.members)
  );
}

/** The members of a cluster, of whom one can be elected, each once. */
function areMembers(value: unknown): boolean {
  if (!Array.isArray(value)) return false;
  const members: readonly ({ id?: unknown; address?: unknown; role?: unknown } | null)[] = value;
  return (
    members.every(
      (member) =>
        typeof member?.id === 'string' &&
        member.id !== '' &&
        typeof member.address === 'string' &&
        (member.role === 'voter' || member.role === 'learner'),
    ) &&
    members.some((member) => member?.role === 'voter') &&
    new Set(members.map((member) => member?.id)).size === members.length
  );
}

function isMembershipEntry(data: Uint8Array): boolean {
  try {
    return areMembers(decodeMembership(data).members);
  } catch {
    return false;
  }
}

interface Before {
  readonly index: number;
  readonly term: Term;
}

function decodeEntries(
  heads: readonly unknown[],
  before: Before,
  maxTerm: Term,
  body: Buffer,
): Entry[] {
  const entries: Entry[] = [];
  let offset = 0;
  let previousTerm = before.term;
  for (const head of heads) {
    if (!Array.isArray(head) || head.length !== 4 || !head.every(isCount)) {
      throw new FrameError('an append names an entry in an unknown form');
    }
    const [index, term, kindCode, byteLength] = head as unknown as EntryHead;
    const kind = entryKinds[kindCode];
    if (index !== before.index + 1 + entries.length)
      throw new FrameError('the entries of an append do not follow each other');
    if (term < previousTerm || term > maxTerm)
      throw new FrameError('the terms of the entries of an append do not follow each other');
    if (kind === undefined || offset + byteLength > body.byteLength) {
      throw new FrameError('an append is shorter than its entries');
    }
    // Copied: the entry outlives the socket's buffer by far.
    const data = new Uint8Array(body.subarray(offset, offset + byteLength));
    if (kind === 'membership' && !isMembershipEntry(data))
      throw new FrameError(
        `the entry ${String(index)} of an append names the members in a form that this version does not know`,
      );
    entries.push({ index, term, kind, data });
    offset += byteLength;
    previousTerm = term;
  }
  if (offset !== body.byteLength) throw new FrameError('an append is longer than its entries');
  return entries;
}

/** Terms of the sender's log, none of which is above its own term. */
const logTerms = ['lastTerm', 'previousTerm', 'conflictTerm'] as const;

/** FRAME-3. */
function checkTerms(header: Readonly<Record<string, unknown>>, ownTerm: Term): void {
  const term = Number(header['term']);
  const maxTerm = Math.min(ownTerm + maxTermStep, largestTerm);
  if (term > maxTerm)
    throw new FrameError(
      `${String(header['type'])}: the term ${String(term)} is too far above the own one, which is ${String(ownTerm)}`,
    );
  for (const field of logTerms)
    if (Number(header[field] ?? 0) > term)
      throw new FrameError(`${String(header['type'])}: bad field ${field}, above the own term`);
}

/** The header of a message, with the fields of its type as they have to be. */
function decodeHeader(text: string, ownTerm: Term): Readonly<Record<string, unknown>> {
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
  checkTerms(header, ownTerm);
  return header;
}

/**
 * @param ownTerm The newest term that this node knows (FRAME-3).
 * @throws FrameError (FRAME-2)
 */
export function decodeMessage(body: Buffer, ownTerm: Term = 0): Message {
  if (body.byteLength < 4) throw new FrameError('a message has no header');
  const bytesFrom = 4 + body.readUInt32BE(0);
  if (bytesFrom > body.byteLength) throw new FrameError('a message is shorter than its header');
  const header = decodeHeader(body.toString('utf8', 4, bytesFrom), ownTerm);
  const bytes = body.subarray(bytesFrom);
  if (header['type'] === 'append') {
    const { entries, previousIndex, previousTerm, term } = header as unknown as Append;
    const before = { index: previousIndex, term: previousTerm };
    const decoded = decodeEntries(entries, before, term, bytes);
    return { ...header, entries: decoded } as unknown as Message;
  }
  if (header['type'] === 'snapshot_chunk') {
    const { meta, offset, byteLength, term } = header as unknown as Extract<
      Message,
      { type: 'snapshot_chunk' }
    >;
    if (meta.term > term) throw new FrameError('a snapshot is of a later term than its sender');
    if (byteLength !== bytes.byteLength)
      throw new FrameError('a part of a snapshot has another length than it says');
    if (offset + byteLength > meta.byteLength)
      throw new FrameError('a part of a snapshot lies beyond its end');
    return { ...header, data: new Uint8Array(bytes) } as unknown as Message;
  }
  if (bytes.byteLength > 0) throw new FrameError(`${String(header['type'])}: bytes behind the end`);
  return header as unknown as Message;
}
