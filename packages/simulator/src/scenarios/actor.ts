/** A client as it ships, on a machine of its own, that does what its scenario tells it to. */
import { Client } from '@holdfast/client';
import type { Hold, Session } from '@holdfast/client';
import type { Environment } from '@holdfast/client/parts';
import { HoldfastError } from '@holdfast/protocol';
import type { Beliefs } from '../checks/beliefs.ts';
import type { SimulatedStreams } from '../cluster/stream.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { Histories } from './histories.ts';

/** What an actor needs of the stage that it plays on. */
interface ActorStage {
  readonly cluster: { readonly streams: Pick<SimulatedStreams, 'openFrom'> };
  readonly beliefs: Beliefs;
  readonly histories: Histories;
  part(one: string, others: readonly string[]): void;
}

export class Actor {
  readonly machine: Machine;
  readonly client: Client;
  readonly #stage: ActorStage;
  /** By URL: connections that were begun. */
  readonly opened: Map<string, number> = new Map();

  constructor(stage: ActorStage, machine: Machine, random: Random, nodes: readonly string[]) {
    this.#stage = stage;
    this.machine = machine;
    machine.start();
    const open = stage.cluster.streams.openFrom(machine);
    const environment: Environment = {
      clock: {
        now: () => machine.now(),
        bootNow: () => machine.bootNow(),
        after: (delayMs, callback) => machine.after(delayMs, callback),
        random: () => random.next(),
      },
      openSocket: (url, events) => {
        const host = new URL(url).hostname;
        this.opened.set(host, (this.opened.get(host) ?? 0) + 1);
        return open(url, events);
      },
      newId: () => random.id(),
    };
    this.client = new Client(
      {
        endpoints: nodes.map((node) => `http://${node}`),
        clientId: machine.name,
        timeoutMs: 3000,
        onWarning: () => undefined,
      },
      environment,
    );
  }

  get name(): string {
    return this.machine.name;
  }

  /** What it is asked is recorded for the judge. */
  async session(timeoutSeconds: number): Promise<Session> {
    const session = await this.client.session({ timeoutSeconds });
    return this.#stage.histories.recorded(this.machine, session);
  }

  /** Its process is killed. */
  end(): void {
    this.machine.end();
    this.#stage.histories.processEnded(this.machine);
  }

  /** What it believes to hold from then on is compared with what others do. */
  async lock(
    session: Session,
    name: string,
    options: Parameters<Session['lock']>[1] = {},
  ): Promise<Hold> {
    const hold = await session.lock(name, { waitMs: 30_000, ...options });
    this.#stage.beliefs.add(this.machine, hold);
    return hold;
  }

  /** Tokens of those who hold a lock, as the cluster tells. */
  async tokens(name: string): Promise<readonly number[]> {
    return this.#stage.histories.read(this.name, name, async () => {
      const { holders } = await this.client.call('lock_status', { name });
      return holders.map(({ fence_token }) => fence_token);
    });
  }

  /** Reaches none of them, and none of them it. */
  partFrom(nodes: readonly string[]): void {
    this.#stage.part(this.name, nodes);
  }

  /** Locks and releases so often, one after the other. */
  async work(session: Session, times: number, name = 'work'): Promise<void> {
    for (let time = 0; time < times; time++) {
      const hold = await session.lock(name, { waitMs: 30_000 });
      await hold.release();
    }
  }
}

/** A call whose refusal or failure is no matter. @throws what is no error of the product. */
export function unless<T>(promise: Promise<T>): Promise<T | undefined> {
  return promise.catch((error: unknown) => {
    if (error instanceof HoldfastError) return undefined;
    throw error;
  });
}
