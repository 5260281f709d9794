/** A program that pushes messages and works on those of others, through the client as it ships. */
import { Client } from '@holdfast/client';
import type { Queue, QueueDelivery } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '@holdfast/client/parts';
import { mail } from '../checks/messages.ts';
import type { Messages } from '../checks/messages.ts';
import type { SimulatedStreams } from '../cluster/stream.ts';
import type { ClientPlan } from '../run/plan.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

export interface CourierOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: SimulatedStreams;
  readonly endpoints: () => readonly string[];
  readonly messages: Messages;
  readonly plan: ClientPlan;
}

/** More than any message of a run is delivered: a dead letter that nobody is told of would not be lost, and look so. */
const maxDeliveries = 1000;

export class Courier {
  readonly machine: Machine;
  readonly #options: CourierOptions;
  /** Pushes and messages that ended well. */
  cycles = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
    this.machine = options.machine;
  }

  start(): void {
    this.machine.start();
    this.#work().catch((error: unknown) => this.#options.world.timeline.fail(error));
  }

  kill(): void {
    if (!this.machine.isOn) return;
    this.machine.end();
    this.#options.streams.processEnded(this.machine);
  }

  async #work(): Promise<void> {
    const { random, machine, endpoints, streams, plan } = this.#options;
    const environment: Environment = {
      clock: {
        now: () => machine.now(),
        bootNow: () => machine.bootNow(),
        after: (delayMs, callback) => machine.after(delayMs, callback),
        random: () => random.next(),
      },
      openSocket: streams.openFrom(machine),
      newId: () => random.id(),
    };
    for (;;) {
      const timeoutMs = random.pick(plan.callTimeoutsMs);
      const clientId = machine.name;
      const client = new Client({ endpoints: endpoints(), clientId, timeoutMs }, environment);
      try {
        const queue = client.queue(mail);
        await this.#push(queue);
        await this.#consume(queue);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
      await client.close().catch(() => undefined);
      await machine.sleep(random.between(1, 200));
    }
  }

  async #push(queue: Queue): Promise<void> {
    const { random, messages } = this.#options;
    for (let count = random.below(4); count >= 0; count--) {
      const key = random.pick(['ann', 'bob', 'cleo']);
      const options = { maxDeliveries };
      messages.toldPushed(await queue.push(key, this.#payload(count), options));
      this.cycles += 1;
    }
  }

  /** Of all sizes: of those that are kept in the state, and of those beside it. */
  #payload(count: number): { readonly count: number; readonly text: string } {
    const { random } = this.#options;
    const text = `${random.id()} `.repeat(random.pick([0, 1, 10, 40]));
    return { count, text };
  }

  /** Some of what there is; what it leaves is given back, or comes again by itself. */
  async #consume(queue: Queue): Promise<void> {
    const { random, machine, messages } = this.#options;
    const visibilityMs = random.pick([300, 1000, 3000]);
    const stop = new AbortController();
    const cancel = machine.after(random.between(500, 4000), () => stop.abort());
    for await (const message of queue.consume({ visibilityMs, signal: stop.signal })) {
      messages.believes(machine, message);
      messages.given(message);
      await machine.sleep(random.between(0, random.withProbability(0.2) ? 2000 : 100));
      messages.compare();
      await this.#settle(message);
    }
    cancel();
  }

  async #settle(message: QueueDelivery): Promise<void> {
    const { random } = this.#options;
    try {
      if (!message.isHeld()) message.drop();
      else if (random.withProbability(0.7)) await message.ack();
      else await message.nack(random.withProbability(0.5) ? { delayMs: random.below(500) } : {});
      this.cycles += 1;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
    }
  }
}
