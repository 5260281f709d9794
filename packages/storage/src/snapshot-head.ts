/**
 * The head of a snapshot's file: one line of JSON that says what it is a snapshot of. The state's bytes
 * follow. Same index, term and membership, same bytes: the head is part of what the hash names.
 */
import type { LogIndex, Member, Membership, Term } from '@holdfast/raft';

export interface SnapshotPoint {
  readonly index: LogIndex;
  readonly term: Term;
  readonly membership: Membership;
}

const format = 'holdfast-snapshot';
const version = 1;
/** A thousand members of the longest names and addresses are shorter. */
export const maxHeadBytes: number = 1024 * 1024;
const endOfLine = 0x0a;

export function encodeHead({ index, term, membership }: SnapshotPoint): Uint8Array {
  const members = membership.members.map(({ id, address, role }) => ({ id, address, role }));
  return Buffer.from(
    `${JSON.stringify({ format, version, index, term, membership: { members } })}\n`,
  );
}

/** Undefined where it is none. @throws Error where it is of a newer version. */
export function decodeHead(bytes: Uint8Array): SnapshotPoint | undefined {
  const end = bytes.indexOf(endOfLine);
  if (end < 0) return undefined;
  let head: unknown;
  try {
    head = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, end).toString('utf8'));
  } catch {
    return undefined;
  }
  if (!isRecord(head) || head['format'] !== format) return undefined;
  if (head['version'] !== version)
    throw new Error(
      `it has format version ${String(head['version'])}; this version of Holdfast reads ${String(version)}`,
    );
  const { index, term, membership } = head;
  if (!isPosition(index) || !isPosition(term) || !isRecord(membership)) return undefined;
  const members = membership['members'];
  if (!Array.isArray(members) || !members.every(isMember)) return undefined;
  return { index, term, membership: { members } };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;

/** As the log numbers its entries and terms. */
const isPosition = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

const isMember = (value: unknown): value is Member =>
  isRecord(value) &&
  typeof value['id'] === 'string' &&
  typeof value['address'] === 'string' &&
  (value['role'] === 'voter' || value['role'] === 'learner');
