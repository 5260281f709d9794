/** What the search needs to know of each state of a node, as integers. */
import type { Entry, LogImage, Membership } from '@holdfast/raft';
import { IntList } from '../search/int-list.ts';
import { Interner } from '../search/interner.ts';
import { nodeOf } from './inputs.ts';
import type { Node } from './node.ts';

/** From the entry after `baseIndex` on. */
export interface LogFacts {
  readonly baseIndex: number;
  readonly baseTerm: number;
  readonly entries: readonly EntryFacts[];
}

export interface EntryFacts {
  readonly term: number;
  readonly isMembership: boolean;
  readonly text: string;
}

export class Facts {
  readonly leads: IntList = new IntList();
  readonly terms: IntList = new IntList();
  readonly canPersist: IntList = new IntList();
  readonly isVerifying: IntList = new IntList();
  readonly canSnapshot: IntList = new IntList();
  readonly durableTerms: IntList = new IntList();
  /** Bits of the nodes that have a vote by its newest membership. */
  readonly voters: IntList = new IntList();
  /** Where the entry of that membership stands; where its log begins, if that is before it. */
  readonly votersIndex: IntList = new IntList();
  /** Logs, in memory and on disk. */
  readonly log: IntList = new IntList();
  readonly diskLog: IntList = new IntList();
  /** The same for states that differ in the names of nodes alone. */
  readonly blind: IntList = new IntList();
  readonly logs: Interner<LogFacts> = new Interner();
  readonly #blind = new Interner<true>();

  /** The next one. */
  add(node: Node, [baseIndex, baseTerm, images]: LogImage): void {
    const { disk, raft, id } = node;
    const status = raft.status();
    this.leads.push(status.role === 'leader' ? 1 : 0);
    this.terms.push(status.term);
    this.canPersist.push(node.queue.length > 0 ? 1 : 0);
    this.isVerifying.push(node.verifying === undefined ? 0 : 1);
    this.canSnapshot.push(node.canSnapshot ? 1 : 0);
    this.durableTerms.push(disk.hardState.term);
    this.voters.push(votersOf(status.membership));
    const log = this.#intern({
      baseIndex,
      baseTerm,
      entries: images.map(([, term, kind, data]) => ({
        term,
        isMembership: kind === 'membership',
        text: `${kind} ${data}`,
      })),
    });
    this.log.push(log);
    const lastMembership = images.findLastIndex(([, , kind]) => kind === 'membership');
    this.votersIndex.push(baseIndex + lastMembership + 1);
    const diskLog = this.#intern(logOnDisk(disk));
    this.diskLog.push(diskLog);
    const whose = (named: string | null): number => (named === null ? 0 : named === id ? 1 : 2);
    const { hardState, snapshot, receiving } = disk;
    const blind = [
      status.role,
      status.term,
      status.commit,
      status.applied,
      whose(status.leader),
      whose(hardState.votedFor),
      hardState.term,
      hardState.commit,
      snapshot.index,
      receiving?.byteLength ?? 0,
      blindLog(this.logs.value(log)),
      blindLog(this.logs.value(diskLog)),
      node.queue.length,
      bitCount(votersOf(status.membership)),
    ].join();
    this.blind.push(this.#blind.intern(blind, true));
  }

  #intern(log: LogFacts): number {
    return this.logs.intern(JSON.stringify(log), log);
  }
}

function logOnDisk({ snapshot, entries }: Node['disk']): LogFacts {
  const [first] = entries;
  const isBehind = first !== undefined && first.index <= snapshot.index;
  const rest = isBehind ? entries.slice(1) : entries;
  return {
    baseIndex: isBehind ? first.index : snapshot.index,
    baseTerm: isBehind ? first.term : snapshot.term,
    entries: rest.map(factsOf),
  };
}

const factsOf = ({ term, kind, data }: Entry): EntryFacts => ({
  term,
  isMembership: kind === 'membership',
  text: `${kind} ${data.join()}`,
});

const blindLog = ({ baseIndex, baseTerm, entries }: LogFacts): string =>
  `${baseIndex}.${baseTerm} ${entries.map(({ term, isMembership }) => `${term}${isMembership ? 'm' : ''}`).join(' ')}`;

export const votersOf = ({ members }: Membership): number =>
  members.reduce((bits, { id, role }) => (role === 'voter' ? bits | (1 << nodeOf(id)) : bits), 0);

export function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left > 0; left >>= 1) count += left & 1;
  return count;
}
