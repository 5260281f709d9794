/** What one run happens in: time, randomness, machines, network, and what is told of it. */
import { Machine } from './machine.ts';
import { Network } from './network.ts';
import { Random } from './random.ts';
import { Timeline } from './timeline.ts';

/** Something that must never happen did. */
export class Violation extends Error {
  override readonly name: string = 'Violation';
}

export class World {
  readonly random: Random;
  readonly timeline: Timeline = new Timeline();
  readonly network: Network;
  readonly #trace: ((line: string) => void) | undefined;

  /** What nodes do that a fault may be waiting for. */
  onNotable: (node: string, what: 'votes' | 'leads') => void = () => undefined;

  /** @param trace Given a line for everything that happens; runs without it are faster. */
  constructor(seed: bigint, trace?: (line: string) => void) {
    this.random = new Random(seed);
    this.network = new Network(this.timeline, this.random.fork());
    this.#trace = trace;
  }

  get nowMs(): number {
    return this.timeline.nowMs;
  }

  get tracing(): boolean {
    return this.#trace !== undefined;
  }

  /** Tells what happens, for a person who reads along. */
  tell(who: string, what: string): void {
    this.#trace?.(`${this.nowMs.toFixed(3).padStart(11)} ${who.padEnd(9)} ${what}`);
  }

  /** Ends the run: this must never happen. */
  violation(message: string): void {
    this.tell('!', message);
    this.timeline.fail(new Violation(message));
  }

  /** A machine whose clock may run up to `drift` too fast or too slow. */
  machine(name: string, drift: number): Machine {
    return new Machine(name, this.timeline, 1 + this.random.between(-drift, drift));
  }
}
