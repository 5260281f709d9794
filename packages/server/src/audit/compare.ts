/**
 * Chains beside what others know of them (AUDIT-VERIFY-1): the same chain of other nodes, anchors in the log of the cluster,
 * and checkpoints that somebody has kept.
 */
import { chainNames, chainStart, endOf, recordStart } from './lines.ts';
import type { ChainEnd, ChainName } from './lines.ts';
import { readCheckpoint } from './notes.ts';
import { linesOf, verifyChain } from './verify.ts';
import type { ChainDefect, Verified } from './verify.ts';

/** That a chain had this record, by somebody's word. */
interface Known {
  readonly chain: ChainName;
  /** Of the chain of a node: whose. */
  readonly node: string | undefined;
  readonly end: ChainEnd;
  readonly source: string;
}

export interface CheckpointFile {
  readonly path: string;
  readonly note: string;
}

/** As in the first line of a checkpoint. */
export const originOf = (cluster: string, chain: ChainName, node: string): string =>
  chain === 'changes' ? `holdfast/${cluster}/changes` : `holdfast/${cluster}/${chain}/${node}`;

function knownBy({ path, note }: CheckpointFile, verifierKey: string | undefined): Known {
  const { origin, end } = readCheckpoint(note, verifierKey);
  const [, , name = '', node] = origin.split('/');
  const chain = chainNames.find((one) => one === name);
  if (!origin.startsWith('holdfast/') || chain === undefined)
    throw new Error(`${path}: "${origin}" is no origin of an audit.`);
  return { chain, node: chain === 'changes' ? undefined : (node ?? ''), end, source: path };
}

/** @returns All that was read, in order; the problem of each, where there is one. */
export async function verifyFolders(
  folders: readonly string[],
  checkpoints: readonly CheckpointFile[],
  verifierKey: string | undefined,
): Promise<readonly Verified[]> {
  const kept = checkpoints.map((file) => knownBy(file, verifierKey));
  const found: Record<ChainName, Verified[]> = { changes: [], node: [], requests: [] };
  const known: Record<ChainName, readonly Known[]> = { changes: [], node: [], requests: [] };
  for (const chain of chainNames) {
    const held = [...kept.filter((one) => one.chain === chain), ...known[chain]];
    const anchors = new Anchors(chain);
    for (const folder of folders)
      found[chain].push(
        await verifyKnown(folder, chain, held, (seq, body) => anchors.read(seq, body)),
      );
    if (anchors.of !== undefined) known[anchors.of] = anchors.all;
  }
  const changes = await compared(found.changes);
  const own = [found.node, found.requests].map((all) =>
    all.map((one, at) => named(one, changes[at])),
  );
  const all = [...changes, ...own.flat()];
  return [...all, ...unmatched(kept, all)];
}

/** The files of a folder are of one node. */
function named(own: Verified, changes: Verified | undefined): Verified {
  const isOther = changes !== undefined && changes.node !== '' && own.node !== changes.node;
  if (own.problem !== undefined || own.node === '' || !isOther) return own;
  return {
    ...own,
    problem: {
      what: 'different',
      seq: own.first ?? 0,
      where: own.folder,
      text: `These files say that they are of node ${own.node}, and those of the changes beside them of ${changes.node}.`,
    },
  };
}

/** Checkpoints of the chain of a node whose files are not among these: by them alone it may have been cut off as a whole. */
function unmatched(kept: readonly Known[], all: readonly Verified[]): readonly Verified[] {
  return kept.flatMap(({ chain, node, end, source }) => {
    if (node === undefined || end.seq === 0) return [];
    if (all.some((one) => one.chain === chain && one.node === node)) return [];
    const text = `${source} is of node ${node}, and none of these folders has such a chain of it: name its folder too. Where that is named, its files were taken away or renamed.`;
    const problem: ChainDefect = { what: 'missing', seq: 1, where: source, text };
    const empty = { cluster: '', first: undefined, end: chainStart, records: 0, gaps: [] };
    return [{ chain, node, folder: source, ...empty, problem }];
  });
}

/** That chains of nodes had come so far, by the word of another chain: of each node the last time. */
class Anchors {
  /** Of which chain it tells. */
  readonly of: ChainName | undefined;
  readonly #operation: string;
  readonly #text: string;
  readonly #byNode = new Map<string, Known>();

  constructor(within: ChainName) {
    this.of = within === 'changes' ? 'node' : within === 'node' ? 'requests' : undefined;
    this.#operation = within === 'changes' ? 'anchor_audit' : 'anchor_requests';
    this.#text = `"operation":"${this.#operation}"`;
  }

  /** The last one is enough: what is before it has to be there for it to fit. */
  get all(): readonly Known[] {
    return [...this.#byNode.values()];
  }

  read(record: number, body: string): void {
    if (this.of === undefined || !body.includes(this.#text)) return;
    const { node, size, head, operation } = JSON.parse(body) as Readonly<Record<string, unknown>>;
    if (operation !== this.#operation) return;
    if (typeof node !== 'string' || typeof size !== 'number' || typeof head !== 'string') return;
    const before = this.#byNode.get(node);
    if (before !== undefined && before.end.seq > size) return;
    const told = this.of === 'node' ? 'change' : 'the record of the node';
    this.#byNode.set(node, {
      chain: this.of,
      node,
      end: { seq: size, head },
      source: `the anchor in ${told} ${String(record)}`,
    });
  }
}

async function verifyKnown(
  folder: string,
  chain: ChainName,
  all: readonly Known[],
  onBody: (seq: number, body: string) => void,
): Promise<Verified> {
  let problem: ChainDefect | undefined;
  const bySeq = Map.groupBy(all, ({ end }) => end.seq);
  const isOf = (one: Known, node: string): boolean => one.node === undefined || one.node === node;
  const verified = await verifyChain(folder, chain, (seq, hash, body, node) => {
    onBody(seq, body);
    const wrong = bySeq.get(seq)?.find((one) => isOf(one, node) && one.end.head !== hash);
    if (wrong !== undefined)
      problem ??= {
        what: 'different',
        seq,
        where: folder,
        text: `Record ${String(seq)}, or one before it, was another one when ${wrong.source} was made.`,
      };
  });
  const known = all.filter((one) => isOf(one, verified.node));
  problem = verified.problem ?? problem ?? inGaps(verified, known);
  const longer = known.find(({ end }) => end.seq > verified.end.seq);
  if (problem === undefined && longer !== undefined)
    problem = {
      what: 'shortened',
      seq: verified.end.seq + 1,
      where: folder,
      text: `Record ${String(verified.end.seq + 1)} is missing: the chain ends there, and had ${String(longer.end.seq)} records when ${longer.source} was made.`,
    };
  return { ...verified, problem };
}

/**
 * What a file says that it has not, and somebody knows of. What a node alone tells is anchored once it is durable: it is
 * never dropped after that. A change may be in the files of others: only its hash has to be the same.
 */
function inGaps(
  { chain, folder, gaps }: Verified,
  known: readonly Known[],
): ChainDefect | undefined {
  for (const { from, to, head } of gaps)
    for (const { end, source } of known) {
      if (end.seq < from || end.seq > to) continue;
      if (end.seq === to && end.head === head) continue;
      if (end.seq === to)
        return {
          what: 'different',
          seq: to,
          where: folder,
          text: `Record ${String(to)}, which is not there, has another hash in the file than when ${source} was made.`,
        };
      if (chain !== 'changes')
        return {
          what: 'missing',
          seq: end.seq,
          where: folder,
          text: `Record ${String(end.seq)} is missing: the file says that it was dropped, and it was there when ${source} was made.`,
        };
    }
  return undefined;
}

/**
 * Chains that have the same hash in one place are the same up to there. Where one node has less than another it may be
 * behind it: only what both have is compared.
 */
async function compared(changes: readonly Verified[]): Promise<readonly Verified[]> {
  const [first, ...others] = changes.filter(
    ({ problem, records }) => problem === undefined && records > 0,
  );
  if (first === undefined) return changes;
  const found = new Map<Verified, ChainDefect>();
  for (const other of others) {
    const seq = await firstDifference(first, other);
    if (seq === undefined) continue;
    found.set(other, {
      what: 'different',
      seq,
      where: other.folder,
      text: `Record ${String(seq)} is another one than that of node ${first.node} in ${first.folder}.`,
    });
  }
  return changes.map((one) => ({ ...one, problem: found.get(one) ?? one.problem }));
}

/** Both are whole: their records rise. Side by side, so that nothing is kept (AUDIT-VERIFY-2). */
async function firstDifference(a: Verified, b: Verified): Promise<number | undefined> {
  const ofA = recordEnds(a);
  const ofB = recordEnds(b);
  try {
    let [left, right] = [await ofA.next(), await ofB.next()];
    while (left.done !== true && right.done !== true) {
      const { value } = left;
      if (value.seq === right.value.seq && value.head !== right.value.head) return value.seq;
      const isBehind = value.seq <= right.value.seq;
      if (value.seq >= right.value.seq) right = await ofB.next();
      if (isBehind) left = await ofA.next();
    }
    return undefined;
  } finally {
    await ofA.return();
    await ofB.return();
  }
}

async function* recordEnds({ folder }: Verified): AsyncGenerator<ChainEnd, void, undefined> {
  for await (const { text } of linesOf(folder, 'changes'))
    if (text.startsWith(recordStart)) yield endOf(text);
}

/**
 * Records that are nowhere in what was looked at: a file says by itself, unsigned, that it has them not. Those of the
 * changes may be in another folder, whose next record then proves them.
 */
export function missingRecords(found: readonly Verified[]): number {
  const isElsewhere = ({ from, to }: Verified['gaps'][number], of: Verified): boolean =>
    found.some(
      (other) =>
        other !== of &&
        of.chain === 'changes' &&
        other.chain === 'changes' &&
        other.first !== undefined &&
        other.first <= from &&
        other.end.seq > to &&
        of.end.seq > to &&
        other.gaps.every((gap) => gap.to < from || gap.from > to),
    );
  let missing = 0;
  for (const one of found)
    for (const gap of one.gaps) if (!isElsewhere(gap, one)) missing += gap.to - gap.from + 1;
  return missing;
}
