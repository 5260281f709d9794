/** What lives there are. */
import { liveWithLeaders } from '../leaders/leader-life.ts';
import { liveQuorum } from '../quorum/quorum-life.ts';
import { live } from './life.ts';
import type { LifeResult } from './life.ts';

export type LifeKind = 'cluster' | 'leaders' | 'quorum';
type Live = (seed: bigint, trace?: (line: string) => void) => Promise<LifeResult>;

export const lives: Readonly<Record<LifeKind, Live>> = {
  cluster: live,
  leaders: liveWithLeaders,
  quorum: liveQuorum,
};
export const isLifeKind = (text: string): text is LifeKind => Object.hasOwn(lives, text);
