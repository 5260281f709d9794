/** The classes of the TypeScript client, told in the words of the wire. */
import {
  Barrier,
  connect,
  Election,
  Latch,
  Lock,
  MultiLock,
  ReadWriteLock,
  Semaphore,
} from '@holdfast/client';
import type { Client, Held, Session } from '@holdfast/client';
import type { OperationName } from '@holdfast/protocol';
import type { LocalCluster } from '@holdfast/server';
import type { Shown } from './shown.ts';
import type { Fields } from './steps.ts';
import type { Speaker } from './speakers.ts';

type Verb = (session: Session, body: Wanted) => Promise<Fields>;

/** What the cases ask for, in the client's words. */
interface Wanted {
  readonly name: string;
  readonly options: {
    readonly waitMs?: number;
    readonly priority?: number;
    readonly maxHoldMs?: number;
  };
  readonly body: Fields;
}

export class ClientSpeaker implements Speaker {
  readonly #client: Client;
  readonly #sessions = new Map<string, Session>();
  /** The latest last: what is given back is the latest of its name and token. */
  readonly #held: { readonly session: Session; readonly held: Held }[] = [];

  private constructor(client: Client) {
    this.#client = client;
  }

  static async connect(cluster: LocalCluster, shown: Shown = {}): Promise<ClientSpeaker> {
    const endpoints = cluster.urls;
    return new ClientSpeaker(await connect({ endpoints, timeoutMs: 20_000, ...shown }));
  }

  async open(session: string): Promise<void> {
    const options = { timeoutSeconds: 60, clientId: session };
    this.#sessions.set(session, await this.#client.session(options));
  }

  async ask(by: string | undefined, operation: OperationName, body: Fields): Promise<Fields> {
    const [anySession] = this.#sessions.values();
    const session = by === undefined ? anySession : this.#sessions.get(by);
    if (session === undefined) throw new Error('Every case has a session.');
    const verb = this.#verbs[operation];
    if (verb === undefined) {
      const own = by === undefined ? {} : { session_id: session.id };
      return { ...(await this.#client.call(operation, { ...body, ...own })) };
    }
    const seconds = (field: string): number | undefined =>
      typeof body[field] === 'number' ? Math.round(body[field] * 1000) : undefined;
    const waitMs = seconds('wait_seconds');
    const maxHoldMs = seconds('max_hold_seconds');
    const { priority } = body;
    return verb(session, {
      name: String(body['name']),
      body,
      options: {
        ...(waitMs === undefined ? {} : { waitMs }),
        ...(maxHoldMs === undefined ? {} : { maxHoldMs }),
        ...(typeof priority === 'number' ? { priority } : {}),
      },
    });
  }

  readonly #verbs: Readonly<Partial<Record<OperationName, Verb>>> = {
    acquire: async (session, { name, options, body }) => {
      const lock = new ReadWriteLock(session, name);
      const hold =
        body['mode'] === 'shared'
          ? await lock.read(options)
          : await new Lock(session, name).acquire(options);
      this.#held.push({ session, held: hold });
      const { mode, fenceToken: fence_token } = hold;
      // The client does not tell how often a lock is held: the status does.
      const { holders } = await lock.status();
      const own = holders.find((holder) => holder.session_id === session.id);
      return { acquired: true, mode, fence_token, hold_count: own?.hold_count };
    },
    release: (session, wanted) => this.#giveBack(session, wanted, { released: true }),
    release_permits: (session, wanted) => this.#giveBack(session, wanted, { released: true }),
    resign: (session, wanted) => this.#giveBack(session, wanted, { resigned: true }),
    downgrade: async (session, { name, body }) => {
      const hold = this.#find(session, name, body);
      if (!('downgrade' in hold)) throw new Error(`${name} is no lock.`);
      await (hold as Held & { downgrade(): Promise<void> }).downgrade();
      return { downgraded: true };
    },
    acquire_permits: async (session, { name, options, body }) => {
      const { limit, permits } = body as { readonly limit?: number; readonly permits: number };
      const semaphore = new Semaphore(session, name, limit === undefined ? {} : { limit });
      const taken = await semaphore.acquire({ ...options, permits });
      this.#held.push({ session, held: taken });
      return { permits: taken.count, fence_token: taken.fenceToken };
    },
    acquire_many: async (session, { options, body }) => {
      const { resources } = body as { readonly resources: readonly { readonly name: string }[] };
      const all = new MultiLock(
        session,
        resources.map(({ name }) => name),
      );
      for (const held of (await all.acquire(options)).holds) this.#held.push({ session, held });
      return { acquired: true };
    },
    campaign: async (session, { name, options, body }) => {
      const value = body['value'];
      const leadership = await new Election(session, name).campaign({
        ...options,
        ...(typeof value === 'string' ? { value } : {}),
      });
      this.#held.push({ session, held: leadership });
      return { elected: true, fence_token: leadership.fenceToken };
    },
    proclaim: async (session, { name, body }) => {
      const leadership = this.#find(session, name, body);
      if (!('proclaim' in leadership)) throw new Error(`${name} is no election.`);
      const { value } = body as { readonly value: string };
      await (leadership as Held & { proclaim(value: string): Promise<void> }).proclaim(value);
      return { proclaimed: true };
    },
    enter_barrier: async (session, { name, options, body }) => ({
      open: await new Barrier(session, name, Number(body['parties'])).enter(options),
    }),
    leave_barrier: async (session, { name, options }) => ({
      over: await new Barrier(session, name, 2).leave(options),
    }),
    create_latch: async (session, { name, body }) => {
      const latch = new Latch(session, name);
      await latch.create(Number(body['count']));
      return { count: await latch.count() };
    },
    count_down: async (session, { name }) => ({
      count: await new Latch(session, name).countDown(),
    }),
    wait_latch: async (session, { name, options }) => {
      await new Latch(session, name).wait(options);
      return { open: true };
    },
    delete_latch: async (session, { name }) => {
      await new Latch(session, name).delete();
      return { deleted: true };
    },
    end_session: async (session) => {
      await session.end();
      return { deleted: true };
    },
  };

  #find(session: Session, name: string, body: Fields): Held {
    const found = this.#held.findLast(
      ({ session: owner, held }) =>
        owner === session && held.name === name && held.fenceToken === body['fence_token'],
    );
    if (found === undefined) throw new Error(`${name} is not held with that token.`);
    return found.held;
  }

  async #giveBack(session: Session, { name, body }: Wanted, gives: Fields): Promise<Fields> {
    const held = this.#find(session, name, body);
    this.#held.splice(
      this.#held.findIndex((one) => one.held === held),
      1,
    );
    await held.release();
    return held.endReason === 'released' ? gives : { end_reason: held.endReason };
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}
