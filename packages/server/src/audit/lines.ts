/**
 * The lines of an audit file: one JSON object each.
 *
 * AUDIT-LINE-1: a record ends in its hash: SHA-256 of the hash before it and of its own text without its hash. The first line
 *     of a file says after which record it begins; where records are not there a line says which, and why.
 * AUDIT-LINE-2: each record that a node makes itself has the name of that node in it, and so in its hash: a chain cannot be passed
 *     off as that of another node, of which nobody knows how long it was.
 */
import { hash } from 'node:crypto';

export const emptyHead: string = '0'.repeat(64);

/** Where a chain has come to. */
export interface ChainEnd {
  /** Number of the last record. */
  readonly seq: number;
  /** Its hash. */
  readonly head: string;
}

export const chainStart: ChainEnd = { seq: 0, head: emptyHead };

/** `changes`: of the cluster. Of a node alone: `node`, what it did beside the log; `requests`, what it refused, or was read. */
export type ChainName = 'changes' | 'node' | 'requests';

export const chainNames: readonly ChainName[] = ['changes', 'node', 'requests'];

export type FileLine =
  | { readonly type: 'record'; readonly seq: number; readonly hash: string; readonly body: string }
  | {
      readonly type: 'file';
      readonly chain: string;
      readonly cluster: string;
      readonly node: string;
      readonly after: ChainEnd;
    }
  | {
      readonly type: 'gap';
      readonly reason: string;
      /** Of the last record that is not there. */
      readonly to: ChainEnd;
    };

const hashLength = 64;
const tailStart = ',"hash":"';
const tailLength = tailStart.length + hashLength + 2;

export const hashAfter = (head: string, body: string): string =>
  hash('sha256', `${head}${body}`, 'hex');

/** A record that this node makes itself (AUDIT-LINE-1, AUDIT-LINE-2). */
export function sealed(end: ChainEnd, record: object): { readonly line: string } & ChainEnd {
  const seq = end.seq + 1;
  const body = JSON.stringify({ seq, ...record });
  const head = hashAfter(end.head, body);
  return { line: `${body.slice(0, -1)}${tailStart}${head}"}`, seq, head };
}

export const recordStart: string = '{"seq":';

/** Number and hash of a record as it was made, without a look at the rest of it. */
export function endOf(line: string): ChainEnd {
  const seq = Number.parseInt(line.slice(recordStart.length, recordStart.length + 16), 10);
  return { seq, head: line.slice(-hashLength - 2, -2) };
}

/** Undefined: it is none of ours, or only a part of one. */
export function readLine(line: string): FileLine | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const fields = parsed as Readonly<Record<string, unknown>>;
  if ('file' in fields) return readFileLine(fields);
  if ('gap' in fields) return readGap(fields);
  const { seq, hash: told } = fields;
  const isRecord =
    typeof seq === 'number' &&
    Number.isSafeInteger(seq) &&
    typeof told === 'string' &&
    told.length === hashLength &&
    line.slice(-tailLength) === `${tailStart}${told}"}`;
  if (!isRecord) return undefined;
  return { type: 'record', seq, hash: told, body: `${line.slice(0, -tailLength)}}` };
}

function readEnd(seq: unknown, head: unknown): ChainEnd | undefined {
  const isEnd =
    typeof seq === 'number' && seq >= 0 && typeof head === 'string' && /^[0-9a-f]{64}$/.test(head);
  return isEnd ? { seq, head } : undefined;
}

function readFileLine(fields: Readonly<Record<string, unknown>>): FileLine | undefined {
  const { chain, cluster, node } = fields;
  const after = readEnd(fields['after'], fields['head']);
  const isOne =
    fields['file'] === 'holdfast-audit' &&
    fields['version'] === 1 &&
    typeof chain === 'string' &&
    typeof cluster === 'string' &&
    typeof node === 'string';
  return isOne && after !== undefined ? { type: 'file', chain, cluster, node, after } : undefined;
}

function readGap({ gap, to, head }: Readonly<Record<string, unknown>>): FileLine | undefined {
  const end = readEnd(to, head);
  return typeof gap === 'string' && end !== undefined
    ? { type: 'gap', reason: gap, to: end }
    : undefined;
}

export const fileLine = (
  whose: { readonly chain: ChainName; readonly cluster: string; readonly node: string },
  after: ChainEnd,
): string =>
  JSON.stringify({
    file: 'holdfast-audit',
    version: 1,
    ...whose,
    after: after.seq,
    head: after.head,
  });

/** @param reason `snapshot`: they were applied elsewhere. `dropped`: the disk was full or too slow. `other_log`: they are of another history. */
export const gapLine = (reason: 'snapshot' | 'dropped' | 'other_log', to: ChainEnd): string =>
  JSON.stringify({ gap: reason, to: to.seq, head: to.head });
