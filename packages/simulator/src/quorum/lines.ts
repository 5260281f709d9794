/**
 * The network between clients and lease nodes, with lines that are slow in one direction: what goes along
 * such a line is late by up to so long, each message by a time of its own, so that one overtakes another.
 */
import type { Machine } from '../world/machine.ts';
import type { Network } from '../world/network.ts';
import type { Random } from '../world/random.ts';

export class NetworkLines {
  readonly #network: Network;
  readonly #random: Random;
  /** Directed pairs, and how late they may be in ms. */
  readonly #slow = new Map<string, number>();

  constructor(network: Network, random: Random) {
    this.#network = network;
    this.#random = random;
  }

  slow(from: string, to: string, upToMs: number): void {
    this.#slow.set(`${from}>${to}`, upToMs);
  }

  mend(from: string, to: string): void {
    this.#slow.delete(`${from}>${to}`);
  }

  mendAll(): void {
    this.#slow.clear();
  }

  /** To the process that runs there now. */
  send(from: Machine, to: Machine, arrive: () => void): void {
    const upToMs = this.#slow.get(`${from.name}>${to.name}`);
    if (upToMs === undefined) {
      this.#network.send(from, to, arrive);
      return;
    }
    const lateMs = this.#random.between(0, upToMs);
    this.#network.send(from, to, () => {
      to.post(lateMs, () => {
        // What is under way when the line is cut does not arrive.
        if (!this.#network.isCut(from.name, to.name)) arrive();
      });
    });
  }
}
