/** What lives there are. */
import { liveQuorum } from '../quorum/quorum-life.ts';
import { live } from './life.ts';
import type { LifeResult } from './life.ts';

export type LifeKind = 'cluster' | 'quorum';
type Live = (seed: bigint, trace?: (line: string) => void) => Promise<LifeResult>;

export const lives: Readonly<Record<LifeKind, Live>> = { cluster: live, quorum: liveQuorum };
export const isLifeKind = (text: string): text is LifeKind => Object.hasOwn(lives, text);
