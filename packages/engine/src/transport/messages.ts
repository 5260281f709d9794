/**
 * Raft messages as frame bodies: `[u32 header length][header JSON][bytes]`; the bytes of a snapshot are never
 * copied into JSON. Appends and their answers are bytes throughout (`append-frames.ts`).
 *
 * FRAME-2: what comes from the network is checked here, once and wholly; the core may rely on it.
 * FRAME-3: a term is never more than `maxTermStep` above the own one. It is made by counting elections, so
 *     that a larger one is damage or malice; taken over, it would leave no room to count on, and nobody
 *     could be elected any more.
 */
import type { Message, Term } from '@holdfast/raft';
import { decodeAppendOrAnswer, encodeAppend, encodeAppendAnswer } from './append-frames.ts';
import { areMembers, isCount, isHash } from './fields.ts';
import { FrameError, frameKinds, framePieces, parseObject } from './frames.ts';

/**
 * @param to For the error alone.
 * @throws FrameTooLargeError That no message is so large is an invariant (BOUND-2, BOUND-3): the node has
 *   to stop, so that others lead who can send what they have.
 */
export function encodeMessageFrame(message: Message, to = 'a peer'): Buffer {
  return Buffer.concat(messagePieces(message, to));
}

/** The same, not put together (FRAME-5). @throws FrameTooLargeError */
export function messagePieces(message: Message, to: string): readonly Uint8Array[] {
  return framePieces(frameKinds.raft, partsOf(message), to, `raft message ${message.type}`);
}

function partsOf(message: Message): readonly Uint8Array[] {
  if (message.type === 'append') return encodeAppend(message);
  if (message.type === 'append_answer') return [encodeAppendAnswer(message)];
  if (message.type !== 'snapshot_chunk') return headed(message);
  const { data, ...rest } = message;
  return [...headed(rest), data];
}

function headed(header: object): readonly Uint8Array[] {
  const headerBytes = Buffer.from(JSON.stringify(header));
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32BE(headerBytes.byteLength, 0);
  return [length, headerBytes];
}

/** Those that have a header. */
type HeadedType = Exclude<Message['type'], 'append' | 'append_answer'>;
type Check = (value: unknown) => boolean;

/** FRAME-3. */
export const maxTermStep: number = 2 ** 32;
/** Far enough below what a number holds exactly that adding to it stays exact. */
const largestTerm = 2 ** 52;

const isBoolean: Check = (value) => typeof value === 'boolean';

/** Fields each message type must carry, by their check. */
const requiredFields: Readonly<Record<HeadedType, Readonly<Record<string, Check>>>> = {
  pre_vote: { lastIndex: isCount, lastTerm: isCount },
  pre_vote_answer: { granted: isBoolean },
  vote: { lastIndex: isCount, lastTerm: isCount, transfer: isBoolean },
  vote_answer: { granted: isBoolean },
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

/** Terms of the sender's log, none of which is above its own term. */
const logTerms = ['lastTerm'] as const;

/** FRAME-3. */
function checkTerm(type: string, term: Term, ownTerm: Term): void {
  const maxTerm = Math.min(ownTerm + maxTermStep, largestTerm);
  if (term > maxTerm)
    throw new FrameError(
      `${type}: the term ${String(term)} is too far above the own one, which is ${String(ownTerm)}`,
    );
}

/** FRAME-3. */
function checkTerms(header: Readonly<Record<string, unknown>>, ownTerm: Term): void {
  const term = Number(header['term']);
  checkTerm(String(header['type']), term, ownTerm);
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
  for (const [field, isValid] of Object.entries(requiredFields[type as HeadedType]))
    require(field, isValid);
  checkTerms(header, ownTerm);
  return header;
}

/**
 * @param ownTerm The newest term that this node knows (FRAME-3).
 * @throws FrameError (FRAME-2)
 */
export function decodeMessage(body: Buffer, ownTerm: Term = 0): Message {
  if (body.byteLength < 4) throw new FrameError('a message has no header');
  const headerBytes = body.readUInt32BE(0);
  if (headerBytes === 0)
    return decodeAppendOrAnswer(body, (type, term) => checkTerm(type, term, ownTerm));
  const bytesFrom = 4 + headerBytes;
  if (bytesFrom > body.byteLength) throw new FrameError('a message is shorter than its header');
  const header = decodeHeader(body.toString('utf8', 4, bytesFrom), ownTerm);
  const bytes = body.subarray(bytesFrom);
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
