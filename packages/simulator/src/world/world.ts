/** What one run happens in: time, randomness, machines, network, and what is told of it. */
import { Machine } from './machine.ts';
import { Network } from './network.ts';
import { Random } from './random.ts';
import { Timeline } from './timeline.ts';

/** Something that must never happen did. */
export class Violation extends Error {
  override readonly name: string = 'Violation';
}

/** A node met an error. Which one it was, its cause, tells whether a promise is broken. */
export class NodeFailure extends Error {
  override readonly name: string = 'NodeFailure';
}

/** Makes another seed of that of a run. */
const zerosSeed = 0x7a65_726f_7a65_726fn;

export class World {
  readonly random: Random;
  readonly timeline: Timeline = new Timeline();
  readonly network: Network;
  /** Of the zeros of clocks alone: a machine more does not move what others draw. */
  readonly #zeros: Random;
  readonly #trace: ((line: string) => void) | undefined;

  /** What nodes do that a fault may be waiting for. */
  onNotable: (node: string, what: 'votes' | 'leads') => void = () => undefined;

  /** @param trace Given a line for everything that happens; runs without it are faster. */
  constructor(seed: bigint, trace?: (line: string) => void) {
    this.random = new Random(seed);
    this.#zeros = new Random(seed ^ zerosSeed);
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

  /** Ends the run: this must never happen. @param cause What a node said of it. */
  violation(message: string, cause?: unknown): void {
    this.tell('!', message);
    this.timeline.fail(new Violation(message, { cause }));
  }

  /** Ends the run: a node met an error that it must not meet here. */
  nodeFailed(message: string, cause: Error): void {
    this.tell('!', message);
    this.timeline.fail(new NodeFailure(message, { cause }));
  }

  /** A machine whose clock may run up to `drift` too fast or too slow. */
  machine(name: string, drift: number): Machine {
    return this.machineAt(name, 1 + this.random.between(-drift, drift));
  }

  /** @param rate How much faster than true time its clock runs. */
  machineAt(name: string, rate: number): Machine {
    return new Machine(name, this.timeline, rate, this.#zeros.fork());
  }
}
