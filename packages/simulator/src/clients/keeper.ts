/** A program that reads keys of the cache again and again, and writes them now and then, through the client as it ships. */
import { Client } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Json } from '@holdfast/protocol';
import type { Environment } from '@holdfast/client/parts';
import type { CachedValues } from '../checks/cached-values.ts';
import { loadedValue } from '../checks/loads.ts';
import type { Loads } from '../checks/loads.ts';
import type { SimulatedStreams } from '../cluster/stream.ts';
import type { ClientPlan } from '../run/plan.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';

export interface KeeperOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: SimulatedStreams;
  readonly endpoints: () => readonly string[];
  readonly values: CachedValues;
  readonly loads: Loads;
  readonly plan: ClientPlan;
}

const keys = ['red', 'blue', 'green'] as const;
/** Those that are loaded where they have no value. */
const loadedKeys = ['one', 'two'] as const;
type Key = (typeof keys)[number] | (typeof loadedKeys)[number];

/** As a database may fail. */
class LoadFailed extends Error {}

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
      await Promise.all([
        ...keys.map((key) => this.#goOnWith(random.between(7, 70), () => this.#step(client, key))),
        ...loadedKeys.map((key) =>
          this.#goOnWith(random.between(7, 30), () => this.#load(client, key)),
        ),
      ]);
      await client.close().catch(() => undefined);
    }
  }

  /**
   * With one node for a while, what that has in its memory is to be read; with another one where it does not answer. A key that is
   * waited for does not keep others from being read from memory.
   */
  async #goOnWith(count: number, step: () => Promise<boolean>): Promise<void> {
    const { random, machine } = this.#options;
    for (let left = count; left > 0 && (await step()); left--)
      await machine.sleep(random.between(1, 120));
  }

  /** Reads what is loaded where there is nothing, or takes it away. */
  async #load({ cache }: Client, key: Key): Promise<boolean> {
    const { random, machine, values, loads } = this.#options;
    const beganMs = values.nowMs;
    let end = (): void => undefined;
    try {
      if (random.withProbability(0.15)) {
        end = loads.writing(key);
        if (random.withProbability(0.8)) await cache.delete(key);
        else await cache.set(key, random.below(1000));
        end();
      } else {
        const fill = (): Promise<Json | undefined> => this.#loaded(key, beganMs);
        const found = await cache.get(key, { fill, fillTimeoutMs: 10_000 });
        if (found !== undefined) values.wasRead(machine.name, key, found.version, beganMs);
      }
      this.cycles += 1;
      return true;
    } catch (error) {
      if (error instanceof LoadFailed) return true;
      if (!(error instanceof HoldfastError)) throw error;
      // One whose deadline has passed may still wait for what others have in their memories.
      if (error.effect === 'none') end();
      return false;
    }
  }

  /** Some loaders are slow, some fail, and some find nothing. */
  async #loaded(key: Key, askedMs: number): Promise<Json | undefined> {
    const { random, machine, loads } = this.#options;
    const { id, end } = loads.begin(machine.name, key, askedMs);
    await machine.sleep(
      random.withProbability(0.1) ? random.between(500, 4000) : random.between(1, 200),
    );
    end();
    if (random.withProbability(0.05)) throw new LoadFailed();
    return random.withProbability(0.05) ? undefined : loadedValue(id);
  }

  async #step({ cache }: Client, key: Key): Promise<boolean> {
    const { random, machine, values } = this.#options;
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
