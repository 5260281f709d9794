/**
 * The connections that others made to this node, and how many there may be.
 *
 * TRANSPORT-7: connections of whom nobody knows, those of peers that the own log does not name, and those of each
 *     member are counted apart, so that no number of strangers keeps a member out. Where there are too
 *     many of a kind, the oldest of that kind goes, never the newcomer: a member says its hello at once,
 *     and so is no stranger for long. One remote address has at most half of the room for strangers.
 */
import type { MemberId } from '@holdfast/raft';
import { handshakeTimeoutMs } from './hello.ts';
import type { Incoming } from './incoming.ts';

/** Without a hello yet. Each costs at most a hello of memory. */
const maxUnmet = 256;
const maxUnmetPerAddress: number = maxUnmet / 2;
/** Who is silent has so long where there are many. */
const hurriedTimeoutMs = 500;
/** Of peers that the own log does not name. */
const maxStrangers = 16;
/** Of one member: an old one may not be known to be broken yet. */
const maxPerMember = 4;

export class IncomingConnections {
  /** In order of age, as all sets here are. */
  readonly #unmet = new Map<Incoming, string>();
  readonly #strangers = new Map<Incoming, MemberId>();
  readonly #members = new Map<MemberId, Set<Incoming>>();

  /** How long the next one may take to show who it is. */
  get timeoutMs(): number {
    return this.#unmet.size < maxUnmet / 2 ? handshakeTimeoutMs : hurriedTimeoutMs;
  }

  add(incoming: Incoming, address: string): void {
    this.#unmet.set(incoming, address);
    const ofAddress = [...this.#unmet].filter(([, other]) => other === address);
    if (ofAddress.length > maxUnmetPerAddress) ofAddress[0]?.[0].destroy();
    else if (this.#unmet.size > maxUnmet) oldest(this.#unmet)?.destroy();
  }

  /** It has shown who it is. */
  met(incoming: Incoming, peer: MemberId, isKnown: boolean): void {
    this.#unmet.delete(incoming);
    if (!isKnown) {
      this.#strangers.set(incoming, peer);
      if (this.#strangers.size > maxStrangers) oldest(this.#strangers)?.destroy();
      return;
    }
    const connections = this.#members.get(peer) ?? new Set();
    this.#members.set(peer, connections.add(incoming));
    if (connections.size > maxPerMember) oldest(connections)?.destroy();
  }

  /**
   * The own log names other members than before: those of whom it did not know have to show anew who
   * they are, as members.
   */
  onMembership(isKnownMember: (id: MemberId) => boolean): void {
    for (const [incoming, peer] of this.#strangers) if (isKnownMember(peer)) incoming.destroy();
  }

  remove(incoming: Incoming): void {
    this.#unmet.delete(incoming);
    this.#strangers.delete(incoming);
    for (const [peer, connections] of this.#members)
      if (connections.delete(incoming) && connections.size === 0) this.#members.delete(peer);
  }

  destroyAll(): void {
    const members = [...this.#members.values()].flatMap((connections) => [...connections]);
    for (const incoming of [...this.#unmet.keys(), ...this.#strangers.keys(), ...members])
      incoming.destroy();
  }
}

function oldest(
  connections: ReadonlyMap<Incoming, unknown> | ReadonlySet<Incoming>,
): Incoming | undefined {
  for (const incoming of connections.keys()) return incoming;
  return undefined;
}
