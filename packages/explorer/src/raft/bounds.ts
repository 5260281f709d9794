/** How much of each thing may happen in one configuration: what makes it small. */
import type { Message } from '@holdfast/raft';
import { kinds } from './inputs.ts';
import type { ChangeType } from './inputs.ts';
import type { PromiseName } from './promises.ts';

/** One action of a way that is given. */
export type GivenStep =
  | { readonly node: number; readonly does: 'tick' | 'persist' | 'crash' | 'step_down' }
  | { readonly node: number; readonly hears: Message['type']; readonly from: number };

/** At most seven of each. */
export interface Budget {
  readonly ticks: number;
  readonly crashes: number;
  /** Messages that arrive and stay under way. */
  readonly duplicates: number;
  readonly proposals: number;
  readonly changes: number;
  readonly snapshots: number;
  readonly reads: number;
  readonly transfers: number;
  readonly stepDowns: number;
  /** Snapshots that arrive damaged. */
  readonly damages: number;
}

export interface RaftConfiguration {
  /** What it is there for. */
  readonly purpose: string;
  readonly nodes: number;
  /** Those that begin as voters; the others begin as members of nothing. */
  readonly voters: readonly number[];
  /** Nodes that may take each other's place without any difference: used for symmetry. */
  readonly interchangeable: readonly number[];
  readonly budget: Budget;
  /** Ticks of each node, at most seven; left out: as many as there are. */
  readonly ticksOf?: readonly number[];
  readonly changeTypes: readonly ChangeType[];
  /**
   * Messages under way from one node to another at one time. Each may arrive at any time, in any order, or
   * never; where one more is sent, the oldest is lost. The same message is under way once.
   */
  readonly lineCapacity: number;
  /** Every write is durable at once; otherwise each of them is an action of its own. */
  readonly isDiskFast: boolean;
  readonly maxAppendBytes: number;
  readonly maxInflightMessages: number;
  readonly snapshotBytes: number;
  /** The way to the state from which everything is walked through; left out: nothing has happened yet. */
  readonly behind?: readonly GivenStep[];
  /** Promises that are not looked at, so that others have to find what is wrong. */
  readonly without?: readonly PromiseName[];
}

const order = [
  'ticks',
  'crashes',
  'duplicates',
  'proposals',
  'changes',
  'snapshots',
  'reads',
  'transfers',
  'stepDowns',
  'damages',
] as const satisfies readonly (keyof Budget)[];

/** One of these, as it stands in the packed budget: three bits for each. */
export const unitOf = (name: keyof Budget): number => 1 << (3 * order.indexOf(name));

export const packed = (budget: Budget): number =>
  order.reduce((sum, name) => sum + budget[name] * unitOf(name), 0);

export const left = (packedBudget: number, name: keyof Budget): number =>
  (packedBudget >>> (3 * order.indexOf(name))) & 7;

/** What one input of a kind uses up. */
export const costOf = (kind: number): number => costs.get(kind) ?? 0;

const costs: ReadonlyMap<number, number> = new Map([
  [kinds.tick, unitOf('ticks')],
  [kinds.crash, unitOf('crashes')],
  [kinds.propose, unitOf('proposals')],
  [kinds.change, unitOf('changes')],
  [kinds.snapshot, unitOf('snapshots')],
  [kinds.read, unitOf('reads')],
  [kinds.transfer, unitOf('transfers')],
  [kinds.step_down, unitOf('stepDowns')],
]);
