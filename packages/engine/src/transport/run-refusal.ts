/**
 * How a process is told that another one of the same member is in its place.
 *
 * RUN-5: a process stops when a member says so that has shown cluster, member and folder, and for nobody
 *     else. Peers share no secret yet: whoever reaches the port of a node can learn what there is to show.
 */
import type { Identity } from '../identity.ts';
import { parseObject } from './frames.ts';
import type { Frame } from './frames.ts';
import type { InItsPlace, OtherRun } from './live-runs.ts';
import type { Run } from './run-names.ts';

const code = 'other_run';

/** Another process has the place of this one, or it goes on from an older copy. The node must stop. */
export class OtherRunError extends Error {
  override readonly name: string = 'OtherRunError';
}

/** What a refusal shows of who refuses. */
export interface Refuser {
  readonly clusterId: string;
  readonly from: string;
  readonly incarnation: string;
}

export function runRefusal(
  { clusterId, nodeId, incarnation }: Identity,
  text: string,
): Refuser & { readonly code: typeof code; readonly text: string } {
  return { code, text, clusterId, from: nodeId, incarnation };
}

/** Undefined for a refusal for another reason. */
export function readRunRefusal({ body }: Frame): (Refuser & { readonly text: string }) | undefined {
  let found: Readonly<Record<string, unknown>>;
  try {
    found = parseObject(body.toString('utf8'), 'refusal');
  } catch {
    return undefined;
  }
  const { clusterId, from, incarnation, text } = found;
  if (found['code'] !== code || typeof clusterId !== 'string' || typeof from !== 'string')
    return undefined;
  if (typeof incarnation !== 'string' || typeof text !== 'string') return undefined;
  return { clusterId, from, incarnation, text: text.slice(0, 2000) };
}

const told = ({ starts, run }: Run): string => `start ${String(starts)}, run ${run}`;

const livesAlready = (peer: string, own: Run, other: OtherRun, by: string): string =>
  `Another process of node "${peer}" (${told(other)}) answers at ${other.at}, so node "${by}" refuses this one ` +
  `(${told(own)}). Processes on copies of one folder could vote twice: let only one of them run. A member ` +
  `that moves is stopped first.`;

const notSettled = (peer: string, own: Run, other: OtherRun, by: string): string =>
  `Another process of node "${peer}" (${told(other)}) was connected from ${other.at}, and it is not known yet which ` +
  `of the two goes on, so node "${by}" refuses this one (${told(own)}) for now. It tries again by itself. Where it is ` +
  `refused for long, two processes run on copies of one folder: stop one of them.`;

export const inItsPlace = (
  peer: string,
  own: Run,
  { other, stops }: InItsPlace,
  by: string,
): string => (stops ? livesAlready : notSettled)(peer, own, other, by);

export const laterCounted = (peer: string, own: Run, latest: Run, by: string): string =>
  `Node "${by}" has taken messages of another process of node "${peer}" (${told(latest)}): the folder of this one ` +
  `(${told(own)}) is an older copy, or has gone another way since, and lacks what was acknowledged. Remove ` +
  `this member, and add it again as a learner under a new id and with an empty folder.`;

export const copyHasAsked = (peer: string, other: OtherRun, by: string): string =>
  `Another process of this node "${peer}" (${told(other)}), on a copy of its folder, has asked node "${by}" to take ` +
  `part, from ${other.at}. It is refused as long as this one answers. Find it, and stop it.`;
