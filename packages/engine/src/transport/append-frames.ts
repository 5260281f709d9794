/**
 * Appends and their answers as bodies of frames. Nearly all that peers send each other is one of these, so
 * they are bytes and no JSON. Big endian, numbers as doubles, which hold every index and term exactly:
 *
 *     append    0 (u32) · 1 · term, previous index, previous term, commit, probe · count of entries (u32)
 *               · of each entry: index, term, kind (u8), byte length (u32) · the data of all entries
 *     accepted  0 (u32) · 2 · term, probe, match index
 *     rejected  0 (u32) · 3 · term, probe, rejected index, conflict term, conflict index
 *
 * The four bytes of zero tell these from a message with a header (`messages.ts`), which is never empty.
 *
 * FRAME-4: what is read here is checked here as wholly as a header is (FRAME-2, FRAME-3).
 * FRAME-6: short entries that follow each other leave in one piece of at most `maxJoinedBytes`: a checksum and a write for each take longer
 *     than a copy. One that catches up is sent tens of thousands of them in one event-loop turn.
 */
import { decodeMembership } from '@holdfast/raft';
import type { Entry, EntryKind, Message, Term } from '@holdfast/raft';
import { entryHeadBytes } from '../bounds.ts';
import { areMembers, isCount } from './fields.ts';
import { FrameError } from './frames.ts';

type Append = Extract<Message, { type: 'append' }>;
type AppendAnswer = Extract<Message, { type: 'append_answer' }>;

const entryKinds: readonly EntryKind[] = ['command', 'noop', 'membership'];
const form = { append: 1, accepted: 2, rejected: 3 } as const;

/** The marker and the form. */
const startBytes = 5;
const numberBytes = 8;
/** FRAME-5: shorter ones are copied. */
const leastOwnBytes = 64 * 1024;
/** FRAME-6: from about 500 bytes on a copy takes longer. */
const shortBytes = 256;
const maxJoinedBytes = 64 * 1024;
const entriesFrom = startBytes + 5 * numberBytes + 4;

export function encodeAppend(message: Append): Uint8Array[] {
  const { entries } = message;
  const head = start(form.append, entriesFrom + entries.length * entryHeadBytes);
  const { term, previousIndex, previousTerm, commit, probe } = message;
  writeNumbers(head, startBytes, [term, previousIndex, previousTerm, commit, probe]);
  head.writeUInt32BE(entries.length, entriesFrom - 4);
  let offset = entriesFrom;
  for (const entry of entries) {
    head.writeDoubleBE(entry.index, offset);
    head.writeDoubleBE(entry.term, offset + numberBytes);
    head[offset + 2 * numberBytes] = entryKinds.indexOf(entry.kind);
    head.writeUInt32BE(entry.data.byteLength, offset + 2 * numberBytes + 1);
    offset += entryHeadBytes;
  }
  return [head, ...dataOf(entries)];
}

/** The data of all of them, in their order (FRAME-6). */
function dataOf(entries: readonly Entry[]): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let run: Uint8Array[] = [];
  let runBytes = 0;
  const endRun = (): void => {
    const [first] = run;
    if (first === undefined) return;
    pieces.push(run.length === 1 ? first : Buffer.concat(run, runBytes));
    run = [];
    runBytes = 0;
  };
  for (const { data } of entries) {
    const isShort = data.byteLength < shortBytes;
    if (!isShort || runBytes + data.byteLength > maxJoinedBytes) endRun();
    if (isShort) {
      run.push(data);
      runBytes += data.byteLength;
    } else pieces.push(data);
  }
  endRun();
  return pieces;
}

export function encodeAppendAnswer(answer: AppendAnswer): Uint8Array {
  const { term, probe } = answer;
  const numbers = answer.accepted
    ? [term, probe, answer.matchIndex]
    : [term, probe, answer.rejectedIndex, answer.conflictTerm, answer.conflictIndex];
  const code = answer.accepted ? form.accepted : form.rejected;
  const body = start(code, startBytes + numbers.length * numberBytes);
  writeNumbers(body, startBytes, numbers);
  return body;
}

function start(code: number, byteLength: number): Buffer {
  const body = Buffer.allocUnsafe(byteLength);
  body.writeUInt32BE(0, 0);
  body[startBytes - 1] = code;
  return body;
}

function writeNumbers(body: Buffer, from: number, numbers: readonly number[]): void {
  let offset = from;
  for (const number of numbers) {
    body.writeDoubleBE(number, offset);
    offset += numberBytes;
  }
}

/** @param checkTerm Throws where the sender cannot have the term (FRAME-3). @throws FrameError (FRAME-4) */
export function decodeAppendOrAnswer(
  body: Buffer,
  checkTerm: (type: string, term: Term) => void,
): Append | AppendAnswer {
  const code = body[startBytes - 1];
  if (code === form.append) return decodeAppend(body, checkTerm);
  if (code !== form.accepted && code !== form.rejected)
    throw new FrameError(`a message has the unknown form ${String(code)}`);
  const type = 'append_answer';
  const isAccepted = code === form.accepted;
  if (body.byteLength !== startBytes + (isAccepted ? 3 : 5) * numberBytes)
    throw new FrameError(`${type}: it has ${String(body.byteLength)} bytes`);
  const read = (place: number, field: string): number =>
    count(body, startBytes + place * numberBytes, type, field);
  const term = read(0, 'term');
  checkTerm(type, term);
  const probe = read(1, 'probe');
  if (isAccepted) return { type, term, probe, accepted: true, matchIndex: read(2, 'matchIndex') };
  const conflictTerm = read(3, 'conflictTerm');
  notAbove(term, conflictTerm, type, 'conflictTerm');
  return {
    type,
    term,
    probe,
    accepted: false,
    rejectedIndex: read(2, 'rejectedIndex'),
    conflictTerm,
    conflictIndex: read(4, 'conflictIndex'),
  };
}

function decodeAppend(body: Buffer, checkTerm: (type: string, term: Term) => void): Append {
  const type = 'append';
  if (body.byteLength < entriesFrom) throw new FrameError('an append is shorter than its head');
  const read = (place: number, field: string): number =>
    count(body, startBytes + place * numberBytes, type, field);
  const term = read(0, 'term');
  checkTerm(type, term);
  const previousIndex = read(1, 'previousIndex');
  const previousTerm = read(2, 'previousTerm');
  notAbove(term, previousTerm, type, 'previousTerm');
  const commit = read(3, 'commit');
  const probe = read(4, 'probe');
  const entries = decodeEntries(body, { index: previousIndex, term: previousTerm }, term);
  return { type, term, previousIndex, previousTerm, entries, commit, probe };
}

interface Before {
  readonly index: number;
  readonly term: Term;
}

function decodeEntries(body: Buffer, before: Before, maxTerm: Term): Entry[] {
  const entryCount = body.readUInt32BE(entriesFrom - 4);
  let offset = entriesFrom + entryCount * entryHeadBytes;
  if (offset > body.byteLength) throw new FrameError('an append is shorter than its entries');
  const entries: Entry[] = [];
  let previousTerm = before.term;
  for (let place = 0; place < entryCount; place++) {
    const head = entriesFrom + place * entryHeadBytes;
    const index = count(body, head, 'append', 'index of an entry');
    const term = count(body, head + numberBytes, 'append', 'term of an entry');
    const kind = entryKinds[body[head + 2 * numberBytes] ?? entryKinds.length];
    const end = offset + body.readUInt32BE(head + 2 * numberBytes + 1);
    if (index !== before.index + 1 + place)
      throw new FrameError('the entries of an append do not follow each other');
    if (term < previousTerm || term > maxTerm)
      throw new FrameError('the terms of the entries of an append do not follow each other');
    if (kind === undefined) throw new FrameError('an append names an entry in an unknown form');
    if (end > body.byteLength) throw new FrameError('an append is shorter than its entries');
    const data = kept(body.subarray(offset, end));
    if (kind === 'membership' && !isMembershipEntry(data))
      throw new FrameError(
        `the entry ${String(index)} of an append names the members in a form that this version does not know`,
      );
    entries.push({ index, term, kind, data });
    offset = end;
    previousTerm = term;
  }
  if (offset !== body.byteLength) throw new FrameError('an append is longer than its entries');
  return entries;
}

/** Copied, as an entry outlives the memory in which it came by far; unless most of that is its own (FRAME-5). */
function kept(data: Buffer): Uint8Array {
  const { buffer, byteOffset, byteLength } = data;
  return byteLength >= leastOwnBytes && 2 * byteLength >= buffer.byteLength
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(data);
}

function count(body: Buffer, offset: number, type: string, field: string): number {
  const value = body.readDoubleBE(offset);
  if (!isCount(value)) throw new FrameError(`${type}: bad field ${field}`);
  return value;
}

/** A log holds no term above that of the node that it is of. */
function notAbove(term: Term, inLog: Term, type: string, field: string): void {
  if (inLog > term) throw new FrameError(`${type}: bad field ${field}, above the own term`);
}

function isMembershipEntry(data: Uint8Array): boolean {
  try {
    return areMembers(decodeMembership(data).members);
  } catch {
    return false;
  }
}
