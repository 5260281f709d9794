/**
 * Whether two nodes mean the same cluster: the lists of members that they were first started with.
 *
 * HELLO-4: two nodes of which one goes by its initial members talk to each other only if their lists name
 *     the same. Otherwise each would count another majority, and two that share nobody could both decide.
 *     Once the log has named other members on both, that is what counts. A node that was added later was
 *     told whom to ask, not who decides, and is not compared.
 */
import { isPeerId } from './peer-names.ts';

export interface InitialMembers {
  /** Of a node that was added to a running cluster: none. */
  readonly initialMembers: readonly string[];
  /** The log has named others since. */
  readonly othersInLog: boolean;
}

const maxMembers = 64;

/** As a hello tells them; undefined where it does not. */
export function toldMembers(hello: Readonly<Record<string, unknown>>): InitialMembers | undefined {
  const { initialMembers = [], othersInLog = false } = hello;
  if (!Array.isArray(initialMembers) || initialMembers.length > maxMembers) return undefined;
  if (!initialMembers.every(isPeerId) || typeof othersInLog !== 'boolean') return undefined;
  return { initialMembers, othersInLog };
}

/** Why the two may not talk to each other, if so. */
export function differentMembers(
  [id, own]: readonly [string, InitialMembers],
  [from, told]: readonly [string, InitialMembers],
): string | undefined {
  if (own.othersInLog && told.othersInLog) return undefined;
  const [ownIds, toldIds] = [sorted(own), sorted(told)];
  if (ownIds.length === 0 || toldIds.length === 0 || String(ownIds) === String(toldIds))
    return undefined;
  return (
    `Node "${from}" was first started with the members ${toldIds.join(', ')}, node "${id}" with ` +
    `${ownIds.join(', ')}: they would count different majorities. Compare cluster.node_id and cluster.peers of ` +
    `all members: the one with the wrong list has to be started anew, with the right one and an empty folder. ` +
    `A node that is added to a running cluster is started with cluster.join.`
  );
}

const sorted = ({ initialMembers }: InitialMembers): readonly string[] =>
  [...new Set(initialMembers)].toSorted();
