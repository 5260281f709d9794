/**
 * The feature levels of the programs of peers, as they told when they were met last.
 *
 * PEER-LEVEL-1: only of those to whom this node keeps a connection: anybody may say hello, under ever new names.
 */
import type { MemberId } from '@holdfast/raft';

export class SupportedLevels {
  readonly #levels = new Map<MemberId, number>();
  readonly #isPeer: (id: MemberId) => boolean;

  /** @param isPeer Whether this node keeps a connection to it, or tries to. */
  constructor(isPeer: (id: MemberId) => boolean) {
    this.#isPeer = isPeer;
  }

  get count(): number {
    return this.#levels.size;
  }

  of(peer: MemberId): number | undefined {
    return this.#levels.get(peer);
  }

  /** PEER-LEVEL-1. */
  told(peer: MemberId, level: number): void {
    if (this.#isPeer(peer)) this.#levels.set(peer, level);
  }

  /** It is no peer any more. */
  forget(peer: MemberId): void {
    this.#levels.delete(peer);
  }
}
