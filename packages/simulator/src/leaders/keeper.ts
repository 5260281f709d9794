/** A program that holds a lock for as long as it lives, and waits for another one together with all of its kind. */
import { Client } from '@holdfast/client';
import type { Hold, Session } from '@holdfast/client';
import type { Environment } from '@holdfast/client/parts';
import { HoldfastError } from '@holdfast/protocol';
import type { Beliefs } from '../checks/beliefs.ts';
import type { SimulatedStreams } from '../cluster/stream.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Leases } from './leases.ts';

export interface LockKeeperOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: SimulatedStreams;
  readonly endpoints: () => readonly string[];
  readonly leases: Leases;
  readonly beliefs: Beliefs;
  readonly timeoutSeconds: number;
  /** It holds its own lock and does nothing else. */
  readonly isIdle: boolean;
}

/** What all wait for, most of the time over many changes of the leader. */
const common = 'common';
const waitMs = 50_000;

export class LockKeeper {
  readonly machine: Machine;
  readonly #options: LockKeeperOptions;
  /** How often it has got its own lock. */
  homecomings = 0;

  constructor(options: LockKeeperOptions) {
    this.#options = options;
    this.machine = options.machine;
  }

  start(): void {
    this.machine.start();
    this.#live().catch((error: unknown) => this.#options.world.timeline.fail(error));
  }

  /** @param how A process that crashes has its connections closed; a machine without power says nothing. */
  kill(how: 'crash' | 'power'): void {
    if (!this.machine.isOn) return;
    this.#options.leases.died(this.machine);
    this.machine.end();
    if (how === 'crash') this.#options.streams.processEnded(this.machine);
    else this.#options.streams.clientSilent(this.machine);
  }

  async #live(): Promise<void> {
    const { random, machine, endpoints, timeoutSeconds, leases } = this.#options;
    const environment: Environment = {
      clock: {
        now: () => machine.now(),
        bootNow: () => machine.bootNow(),
        after: (delayMs, callback) => machine.after(delayMs, callback),
        random: () => random.next(),
      },
      openSocket: this.#options.streams.openFrom(machine),
      newId: () => random.id(),
    };
    for (;;) {
      const client = new Client({ endpoints: endpoints(), clientId: machine.name }, environment);
      try {
        const session = await client.session({ timeoutSeconds });
        leases.began(session, machine);
        await this.#keep(session);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
      await client.close().catch(() => undefined);
      await machine.sleep(random.between(1, 200));
    }
  }

  async #keep(session: Session): Promise<void> {
    const { random, machine, beliefs, isIdle } = this.#options;
    const home = await this.#take(session, `home of ${machine.name}`);
    this.homecomings += 1;
    beliefs.add(machine, home);
    while (session.state === 'active') {
      if (isIdle) {
        await machine.sleep(1000);
        continue;
      }
      const hold = await this.#take(session, common);
      beliefs.add(machine, hold);
      await machine.sleep(random.between(100, 3000));
      beliefs.compare(common);
      await hold.release().catch(() => undefined);
    }
  }

  /** @throws HoldfastError when the session is over. */
  async #take(session: Session, name: string): Promise<Hold> {
    for (;;) {
      try {
        return await session.lock(name, { waitMs });
      } catch (error) {
        if (!(error instanceof HoldfastError) || session.state !== 'active') throw error;
        await this.machine.sleep(50);
      }
    }
  }
}
