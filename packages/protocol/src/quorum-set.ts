/**
 * Which nodes count the votes of a quorum lease together.
 *
 * SET-1: a set is its epoch and its members, all of them; its id is made of nothing else. Two lists with the same
 *        members, in whatever order and spelling, are one set; any other list is another one.
 */
import { endpointOf } from './endpoint.ts';
import { HoldfastError } from './errors.ts';

export interface QuorumSet {
  /** Counts the sets that follow one another. */
  readonly epoch: number;
  /** Names of all members, each once, in order: of lease nodes, `http://host:port`. */
  readonly members: readonly string[];
}

export const quorumSizes: readonly number[] = [3, 5, 7];

const offset = 0x6c62272e07bb014262b821756295c58dn;
const prime = 0x1000000000000000000013bn;
const allBits = (1n << 128n) - 1n;

/** SET-1: its size, and 128 bits (FNV-1a) of its epoch and members. It tells lists apart that people mix up. */
export function setIdOf({ epoch, members }: QuorumSet): string {
  const text = JSON.stringify([epoch, members.length, [...members].sort()]);
  let hash = offset;
  for (const byte of new TextEncoder().encode(text))
    hash = ((hash ^ BigInt(byte)) * prime) & allBits;
  return `${String(members.length)}-${hash.toString(16).padStart(32, '0')}`;
}

/**
 * The set of lease nodes at these addresses.
 *
 * @throws HoldfastError `invalid_request` for what is no address, a node that is named twice, and another number of
 *   nodes than 3, 5 or 7.
 */
export function setOfNodes(epoch: number, nodes: readonly string[]): QuorumSet {
  return checkedSet(
    epoch,
    nodes.map((node) => endpointOf(node).url),
  );
}

/** @throws HoldfastError `invalid_request` for a member that is named twice, and another number than 3, 5 or 7. */
export function checkedSet(epoch: number, names: readonly string[]): QuorumSet {
  const members = [...new Set(names)].sort();
  if (members.length < names.length)
    throw new HoldfastError(
      'invalid_request',
      `A member of the quorum is named twice, but has only one vote: ${names.join(', ')}.`,
    );
  if (!quorumSizes.includes(members.length))
    throw new HoldfastError(
      'invalid_request',
      `A quorum has 3, 5 or 7 members, not ${String(members.length)}. Name all of them.`,
    );
  return { epoch, members };
}

/** For people: `epoch 2: a, b, c`. */
export const textOfSet = ({ epoch, members }: QuorumSet): string =>
  `epoch ${String(epoch)}: ${members.join(', ')}`;
