/**
 * Whether a chain of the audit is whole: names the first record that is not as it was written.
 *
 * AUDIT-VERIFY-1: a record that was altered, taken out, put in or moved is found, and so is a shortened end that an
 *     anchor, a checkpoint or another node knows of. What the oldest file begins after is taken from the file.
 * AUDIT-VERIFY-2: it is read line by line: what is kept meanwhile does not grow with the files.
 */
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { filesOf } from './chain-folder.ts';
import { chainStart, hashAfter, readLine } from './lines.ts';
import type { ChainEnd, ChainName, FileLine } from './lines.ts';

export interface ChainDefect {
  readonly what:
    'altered' | 'missing' | 'reordered' | 'not_a_record' | 'file' | 'shortened' | 'different';
  readonly seq: number;
  readonly where: string;
  readonly text: string;
}

/** Records that are not there, as the files say themselves. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  /** Hash of the last of them, by the word of the file. */
  readonly head: string;
  readonly reason: string;
}

export interface Verified {
  readonly chain: ChainName;
  readonly cluster: string;
  /** Whose files these are. */
  readonly node: string;
  readonly folder: string;
  /** Of the first record that is there; undefined: there is none. */
  readonly first: number | undefined;
  readonly end: ChainEnd;
  readonly records: number;
  readonly gaps: readonly Gap[];
  readonly problem: ChainDefect | undefined;
}

/** @param node Whose the file says that it is. */
export type OnRecord = (seq: number, hash: string, body: string, node: string) => void;

/** AUDIT-VERIFY-2. */
const mostGaps = 10_000;

class Walk {
  readonly gaps: Gap[] = [];
  problem: ChainDefect | undefined;
  first: number | undefined;
  end: ChainEnd | undefined;
  records = 0;
  cluster = '';
  node = '';
  readonly #chain: ChainName;
  readonly #onRecord: OnRecord;

  constructor(chain: ChainName, onRecord: OnRecord) {
    this.#chain = chain;
    this.#onRecord = onRecord;
  }

  #fail(what: ChainDefect['what'], seq: number, where: string, text: string): void {
    this.problem = { what, seq, where, text };
  }

  line(text: string, where: string, isFirst: boolean): void {
    const line = readLine(text);
    const next = (this.end?.seq ?? 0) + 1;
    if (isFirst !== (line?.type === 'file'))
      return this.#fail(
        'file',
        next,
        where,
        isFirst
          ? 'The file does not begin as one of an audit.'
          : 'A file begins in the middle of another one.',
      );
    if (line === undefined)
      return this.#fail(
        'not_a_record',
        next,
        where,
        `Record ${String(next)} should stand here, and this is no record.`,
      );
    if (line.type === 'file') return this.#file(line, where);
    if (line.type === 'gap') return this.#gap(line.to, line.reason, where);
    return this.#record(line, where);
  }

  #file({ after, cluster, node }: Extract<FileLine, { type: 'file' }>, where: string): void {
    this.cluster = cluster;
    this.node = node;
    if (this.end === undefined) this.end = after;
    else if (after.seq > this.end.seq)
      this.#fail(
        'missing',
        this.end.seq + 1,
        where,
        `Record ${String(this.end.seq + 1)} is missing: the file begins after ${String(after.seq)}.`,
      );
    else if (after.seq !== this.end.seq || after.head !== this.end.head)
      this.#fail(
        'file',
        after.seq,
        where,
        `The file says that it begins after record ${String(after.seq)}, with another hash or place than the chain has.`,
      );
  }

  #gap(to: ChainEnd, reason: string, where: string): void {
    const from = (this.end?.seq ?? 0) + 1;
    if (this.#chain !== 'changes' && reason !== 'dropped')
      return this.#fail(
        'missing',
        from,
        where,
        `Record ${String(from)} is missing: what this node alone tells comes by no snapshot and no log.`,
      );
    if (to.seq < from && reason !== 'other_log')
      return this.#fail(
        'file',
        from,
        where,
        `A gap up to record ${String(to.seq)} is told, which is there.`,
      );
    if (reason === 'other_log')
      return this.#fail(
        'different',
        to.seq,
        where,
        `From here on the node has found another record ${String(to.seq)} in the log of the cluster than in this file.`,
      );
    if (this.gaps.length >= mostGaps)
      return this.#fail('file', from, where, `There are more than ${String(mostGaps)} gaps.`);
    this.gaps.push({ from, to: to.seq, head: to.head, reason });
    this.end = to;
  }

  #record(
    { seq, hash, body }: { readonly seq: number; readonly hash: string; readonly body: string },
    where: string,
  ): void {
    const before = this.end ?? { seq: seq - 1, head: '' };
    const expected = before.seq + 1;
    if (seq > expected)
      return this.#fail(
        'missing',
        expected,
        where,
        `Record ${String(expected)} is missing: ${String(seq)} follows ${String(before.seq)}.`,
      );
    if (seq < expected)
      return this.#fail(
        'reordered',
        seq,
        where,
        `Record ${String(seq)} follows ${String(before.seq)}: records were moved, or put in.`,
      );
    const isWhole = hashAfter(before.head, body) === hash;
    const told = JSON.parse(body) as { readonly seq: number; readonly node?: unknown };
    const toldSeq = told.seq;
    if (!isWhole || toldSeq !== seq)
      return this.#fail(
        'altered',
        seq,
        where,
        `Record ${String(seq)} is not what its hash says: it, or the one before, was altered.`,
      );
    // AUDIT-LINE-2; in a change it is what that is about.
    if (this.#chain !== 'changes' && told.node !== undefined && told.node !== this.node)
      return this.#fail(
        'different',
        seq,
        where,
        `Record ${String(seq)} is of node ${JSON.stringify(told.node)}, and its file says that it is of ${this.node}: the file was altered.`,
      );
    this.first ??= seq;
    this.records += 1;
    this.end = { seq, head: hash };
    this.#onRecord(seq, hash, body, this.node);
  }
}

/** Reads all files of a chain, up to the first problem. A line that is being written at the end of the last one is passed over. */
export async function verifyChain(
  folder: string,
  chain: ChainName,
  onRecord: OnRecord = () => undefined,
): Promise<Verified> {
  const walk = new Walk(chain, onRecord);
  for await (const { text, where, isFirst } of linesOf(folder, chain)) {
    walk.line(text, where, isFirst);
    if (walk.problem !== undefined) break;
  }
  const { first, records, gaps, problem, cluster, node } = walk;
  const end = walk.end ?? chainStart;
  return { chain, folder, cluster, node, first, end, records, gaps, problem };
}

interface ReadLine {
  readonly text: string;
  readonly where: string;
  /** Of its file. */
  readonly isFirst: boolean;
}

/** Of all files of a chain, in order; not what is being written at the end of each. */
export async function* linesOf(
  folder: string,
  chain: ChainName,
): AsyncGenerator<ReadLine, void, undefined> {
  for (const name of await filesOf(folder, chain)) {
    const path = join(folder, name);
    let number = 0;
    let rest = '';
    for await (const part of createReadStream(path, 'utf8')) {
      const lines = `${rest}${part as string}`.split('\n');
      rest = lines.pop() ?? '';
      // What is longer is no record.
      if (rest.length > longestLine) lines.push(rest);
      for (const text of lines) {
        number += 1;
        yield { text, where: `${path}:${String(number)}`, isFirst: number === 1 };
      }
      if (rest.length > longestLine) return;
    }
  }
}

/** A record is bounded by what one command may be. */
const longestLine = 8 * 1024 * 1024;
