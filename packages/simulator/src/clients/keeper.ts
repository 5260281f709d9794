/** A program that reads keys of the cache again and again, and writes them now and then, through the client as it ships. */
import { Client } from '@holdfast/client';
import type { CacheConditions, CacheSetOptions, Hold, Session } from '@holdfast/client';
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

export interface CacheKeeperOptions {
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

/** The lock under whose holds some writes are. */
const guard = 'guard';
/** What a write may be refused for, by the state of the cluster: that is no failure. */
const refusals: ReadonlySet<string> = new Set([
  'version_mismatch',
  'hold_not_current',
  'cache_busy',
  'lock_held',
]);

/** As a database may fail. */
class LoadFailed extends Error {}

export class CacheKeeper {
  readonly machine: Machine;
  readonly #options: CacheKeeperOptions;
  /** By key: the version that was read or written last. */
  readonly #seen = new Map<string, number>();
  #session: Session | undefined;
  /** It may have ended, for all that is known here. */
  #hold: Hold | undefined;
  /** Reads and writes that ended well. */
  cycles = 0;

  constructor(options: CacheKeeperOptions) {
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
      this.#session = undefined;
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

  async #step(client: Client, key: Key): Promise<boolean> {
    const { random, machine, values } = this.#options;
    const beganMs = values.nowMs;
    try {
      if (random.withProbability(0.08)) await this.#write(client, key);
      else {
        const found = await client.cache.get(key);
        values.wasRead(machine.name, key, found?.version ?? 0, beganMs);
        this.#seen.set(key, found?.version ?? 0);
      }
      this.cycles += 1;
      return true;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return refusals.has(error.code);
    }
  }

  /** A value that stays or ends by itself, or none any more; now and then only where a condition is met. */
  async #write(client: Client, key: Key): Promise<void> {
    const { random, machine, values } = this.#options;
    const { cache } = client;
    const ifVersion = random.withProbability(0.3) ? this.#seen.get(key) : undefined;
    const ifHeld = random.withProbability(0.3) ? await this.#heldBy(client) : undefined;
    const conditions: CacheConditions = {
      ...(ifVersion === undefined ? {} : { ifVersion }),
      ...(ifHeld === undefined ? {} : { ifHeld }),
    };
    if (random.withProbability(0.25)) {
      await cache.delete(key, conditions);
      return;
    }
    const options: CacheSetOptions = random.withProbability(0.4)
      ? { ...conditions, ttlMs: 100 + random.below(3000) }
      : conditions;
    const { version } = await cache.set(key, random.below(1000), options);
    values.wasWritten(machine.name, key, version);
    this.#seen.set(key, version);
  }

  /** A hold, or one that is over: what is written under it is to be refused. */
  async #heldBy(client: Client): Promise<Hold | undefined> {
    const { random } = this.#options;
    const isTaken = random.withProbability(0.3);
    const isReleased = random.withProbability(0.2);
    if (this.#hold === undefined || isTaken) {
      this.#session ??= await client.session({ timeoutSeconds: 2 });
      this.#hold = await this.#session.lock(guard, { waitMs: 0 });
    } else if (isReleased) await this.#hold.release();
    return this.#hold;
  }
}
