/** A program that reads keys of the cache again and again, and writes them now and then, through the client as it ships. */
import { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '@holdfast/client/parts';
import type { CachedValues } from '../checks/cached-values.ts';
import type { Streams } from '../cluster/stream.ts';
import type { ClientPlan } from '../run/plan.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

export interface KeeperOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: Streams;
  readonly endpoints: () => readonly string[];
  readonly values: CachedValues;
  readonly plan: ClientPlan;
}

const keys = ['red', 'blue', 'green'] as const;

export class Keeper {
  readonly machine: Machine;
  readonly #options: KeeperOptions;
  /** Reads and writes that ended well. */
  cycles = 0;

  constructor(options: KeeperOptions) {
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
      // To one node for a while, what that has in its memory is to be read; to another one where it does not answer.
      let isServed = true;
      for (let count = random.between(20, 200); count > 0 && isServed; count--) {
        isServed = await this.#step(client);
        await machine.sleep(random.between(1, 60));
      }
      await client.close().catch(() => undefined);
    }
  }

  async #step({ cache }: Client): Promise<boolean> {
    const { random, machine, values } = this.#options;
    const key = random.pick(keys);
    const beganMs = values.nowMs;
    try {
      if (random.withProbability(0.06)) {
        const { version } = await cache.set(key, random.below(1000));
        values.wasWritten(machine.name, key, version);
      } else if (random.withProbability(0.02)) await cache.delete(key);
      else {
        const found = await cache.get(key);
        values.wasRead(machine.name, key, found?.version ?? 0, beganMs);
      }
      this.cycles += 1;
      return true;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return false;
    }
  }
}
