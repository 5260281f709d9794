/**
 * Chains beside what others know of them (AUDIT-VERIFY-1): the same chain of other nodes, anchors in the log of the cluster,
 * and checkpoints that somebody has kept.
 */
import type { ChainEnd, ChainName } from './lines.ts';
import { readCheckpoint } from './notes.ts';
import { verifyChain } from './verify.ts';
import type { Problem, Verified } from './verify.ts';

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
  chain === 'changes' ? `holdfast/${cluster}/changes` : `holdfast/${cluster}/node/${node}`;

function knownBy({ path, note }: CheckpointFile, verifierKey: string | undefined): Known {
  const { origin, end } = readCheckpoint(note, verifierKey);
  const [, , chain = '', node] = origin.split('/');
  if (!origin.startsWith('holdfast/') || (chain !== 'changes' && chain !== 'node'))
    throw new Error(`${path}: "${origin}" is no origin of an audit.`);
  return { chain, node, end, source: path };
}

/** @returns All that was read, in order; the problem of each, where there is one. */
export async function verifyFolders(
  folders: readonly string[],
  checkpoints: readonly CheckpointFile[],
  verifierKey: string | undefined,
): Promise<readonly Verified[]> {
  const known = checkpoints.map((file) => knownBy(file, verifierKey));
  const changes: Verified[] = [];
  for (const folder of folders) {
    const anchors: Known[] = [];
    const held = known.filter(({ chain }) => chain === 'changes');
    changes.push(await verifyKnown(folder, 'changes', held, (body) => collect(body, anchors)));
    for (const anchor of anchors) known.push(anchor);
  }
  const nodes: Verified[] = [];
  for (const [at, folder] of folders.entries()) {
    const node = changes[at]?.node ?? '';
    const isOfIt = (one: Known): boolean => one.chain === 'node' && one.node === node;
    nodes.push(await verifyKnown(folder, 'node', known.filter(isOfIt), () => undefined));
  }
  return [...(await compared(changes)), ...nodes];
}

const anchorText = '"operation":"anchor_audit"';

/** The last one of each node is enough: what is before it has to be there for it to fit. */
function collect(body: string, anchors: Known[]): void {
  if (!body.includes(anchorText)) return;
  const { node, size, head, seq } = JSON.parse(body) as Readonly<Record<string, unknown>>;
  if (typeof node !== 'string' || typeof size !== 'number' || typeof head !== 'string') return;
  const known: Known = {
    chain: 'node',
    node,
    end: { seq: size, head },
    source: `the anchor in change ${String(seq)}`,
  };
  const before = anchors.findIndex((one) => one.node === node);
  if (before < 0) anchors.push(known);
  else anchors[before] = known;
}

async function verifyKnown(
  folder: string,
  chain: ChainName,
  known: readonly Known[],
  onBody: (body: string) => void,
): Promise<Verified> {
  let problem: Problem | undefined;
  const bySeq = Map.groupBy(known, ({ end }) => end.seq);
  const verified = await verifyChain(folder, chain, (seq, hash, body) => {
    onBody(body);
    const wrong = bySeq.get(seq)?.find(({ end }) => end.head !== hash);
    if (wrong !== undefined)
      problem ??= {
        what: 'different',
        seq,
        where: folder,
        text: `Record ${String(seq)}, or one before it, was another one when ${wrong.source} was made.`,
      };
  });
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
function inGaps({ chain, folder, gaps }: Verified, known: readonly Known[]): Problem | undefined {
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
      if (chain === 'node')
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
  const found = new Map<Verified, Problem>();
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

async function firstDifference(a: Verified, b: Verified): Promise<number | undefined> {
  const through = Math.min(a.end.seq, b.end.seq);
  const hashes = new Map<number, string>();
  await verifyChain(a.folder, 'changes', (seq, hash) => {
    if (seq <= through) hashes.set(seq, hash);
  });
  let different: number | undefined;
  await verifyChain(b.folder, 'changes', (seq, hash) => {
    const other = hashes.get(seq);
    if (different === undefined && other !== undefined && other !== hash) different = seq;
  });
  return different;
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
