/** A program that uses locks through the client as it ships, and writes down what it saw. */
import { Client } from '@holdfast/client';
import type { Hold, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '@holdfast/client/parts';
import type { Beliefs } from '../checks/beliefs.ts';
import type { SimulatedStreams } from '../cluster/stream.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { ClientPlan } from '../run/plan.ts';
import { hoard, metadataOf, timeoutOf } from './hoard.ts';
import { warned } from './warned.ts';
import type { LockRecorder, PoolRecorder } from './recorder.ts';
import { refused, slots, useSlots } from './slots.ts';

export interface WorkerOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: SimulatedStreams;
  readonly endpoints: () => readonly string[];
  readonly plan: ClientPlan;
  readonly recorder: LockRecorder;
  readonly poolRecorder: PoolRecorder;
  readonly beliefs: Beliefs;
  /** It only looks at locks, over and over: a stale read shows in the history. */
  readonly onlyReads: boolean;
}

/** How often the cluster answers, each half a second, before what failed has to be cancelled. */
const settledWithinAnswers = 60;

export class Worker {
  readonly machine: Machine;
  readonly #options: WorkerOptions;
  /** Rounds that ended well. */
  cycles = 0;
  /** Sessions that asked for permits. */
  readonly #askedSlots = new Set<string>();
  /** Who it is where it takes a lock without a session; each process is somebody else. */
  #aloneId = '';
  #aloneRequests = 0;
  readonly #asked = new Map<string, Set<string>>();

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.machine = options.machine;
  }

  /** Starts a process that works until it ends. */
  start(): void {
    this.machine.start();
    this.#work().catch((error: unknown) => this.#options.world.timeline.fail(error));
  }

  kill(): void {
    if (!this.machine.isOn) return;
    this.machine.end();
    this.#options.streams.processEnded(this.machine);
    this.#endOfAll();
  }

  /** Sessions of a process that is gone end some time from now, or never. */
  #endOfAll(): void {
    for (const session of new Set([...this.#asked.keys(), ...this.#askedSlots]))
      this.#recordEnd(session);
  }

  async #work(): Promise<void> {
    const { random, machine, endpoints, plan } = this.#options;
    const { lockDelaySeconds } = plan;
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
    const clientId = machine.name;
    this.#aloneId = `${clientId}-${random.id()}`;
    for (;;) {
      // Shorter than many an outage, so that the outcome of what was asked is often not known.
      const timeoutMs = random.pick(plan.callTimeoutsMs);
      const client = new Client(
        { endpoints: endpoints(), clientId, timeoutMs, onWarning: warned(this.#options.world) },
        environment,
      );
      try {
        if (this.#options.onlyReads) await this.#keepReading(client);
        const session = await client.session({
          timeoutSeconds: timeoutOf(plan, random),
          ...(lockDelaySeconds === 0 ? {} : { lockDelaySeconds }),
        });
        await this.#useSession(client, session);
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
      await client.close().catch(expected);
      await machine.sleep(random.between(1, 200));
    }
  }

  async #keepReading(client: Client): Promise<never> {
    const { random, machine } = this.#options;
    for (;;) {
      await this.#read(client);
      this.cycles += 1;
      await machine.sleep(random.between(5, 60));
    }
  }

  async #useSession(client: Client, session: Session): Promise<void> {
    const { random, machine } = this.#options;
    session.signal.addEventListener('abort', () => {
      // Lost: from here on the cluster may have ended it.
      if (session.state === 'lost') this.#recordEnd(session.id);
    });
    const isLarge = random.withProbability(this.#options.plan.hoardProbability);
    if (isLarge) await hoard(session, machine.name, this.#options.plan, random);
    let isCertain = true;
    for (let round = random.below(12); round >= 0 && session.state === 'active'; round--) {
      if (random.withProbability(0.15)) await this.#read(client);
      if (random.withProbability(0.1)) await this.#cycleAlone(client);
      isCertain = random.withProbability(0.2)
        ? await this.#useSlots(session)
        : await this.#cycle(session);
      if (!isCertain) break;
      await machine.sleep(random.between(0, this.#options.plan.longestPauseMs));
    }
    if (session.state !== 'active') return;
    const settle = this.#recordEnd(session.id);
    if (!isCertain && random.withProbability(0.7)) await this.#whenSettled(client, session);
    // Lost meanwhile: it ends some time, or has; to end it does nothing any more.
    if (!this.#isActive(session)) return;
    await session.end();
    // Holds of a large session end some time after it has (ENDS-2 of the state).
    if (!isLarge) settle();
  }

  #isActive({ state }: Session): boolean {
    return state === 'active';
  }

  /**
   * Waits until the cluster holds for the session what its client has, and nothing else: what failed is cancelled
   * (NUMBERED-CALL-1). As long as the cluster answers, that does not take long.
   */
  async #whenSettled(client: Client, session: Session): Promise<void> {
    const { machine, world } = this.#options;
    let told = '';
    for (let answers = 0; answers < settledWithinAnswers;) {
      if (session.state !== 'active') return;
      try {
        const page = await client.call('session_locks', { session_id: session.id });
        const entered = page.holds.reduce((sum, { hold_count }) => sum + hold_count, 0);
        const held = entered + page.permits.length;
        if (held <= session.holds.length) return;
        told = `${String(held)} (${page.locks.join(', ')})`;
        answers += 1;
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
      await machine.sleep(500);
    }
    if (session.state !== 'active') return;
    const has = String(session.holds.length);
    world.violation(`The cluster goes on holding ${told} for a session whose client has ${has}.`);
  }

  /** Takes a lock, uses it, gives it back. False: the outcome of something is not known. */
  async #cycle(session: Session): Promise<boolean> {
    const { random, machine, beliefs } = this.#options;
    const name = random.pick(this.#options.plan.locks);
    const hold = await this.#take(session, name);
    if (hold === undefined) return true;
    if (hold === 'unknown') return false;
    beliefs.add(machine, hold);
    // A long hold lives by keepalives alone.
    const longestStepMs = random.withProbability(this.#options.plan.longHoldProbability)
      ? 2000
      : 120;
    for (let step = random.below(4); step >= 0; step--) {
      await machine.sleep(random.between(0, longestStepMs));
      beliefs.compare(name);
      if (hold.mode === 'exclusive') this.#writeUnder(hold);
    }
    if (
      hold.mode === 'exclusive' &&
      random.withProbability(0.15) &&
      !(await this.#downgrade(session, hold))
    )
      return false;
    const again = random.withProbability(0.15) ? await this.#take(session, name) : undefined;
    if (again === 'unknown') return false;
    if (again !== undefined && !(await this.#giveBack(session, again))) return false;
    if (!(await this.#giveBack(session, hold))) return false;
    this.cycles += 1;
    return true;
  }

  /** False: the outcome of something is not known. */
  async #useSlots(session: Session): Promise<boolean> {
    this.#askedSlots.add(session.id);
    const outcome = await useSlots(this.#options, session);
    if (outcome === 'done') this.cycles += 1;
    return outcome !== 'unknown';
  }

  /** As with curl: a lock by client id and ttl, which has a session of its own and nobody who keeps it alive. */
  async #cycleAlone(client: Client): Promise<void> {
    const { random, machine, recorder, plan, world } = this.#options;
    const lock = random.pick(plan.locks);
    const request_id = ++this.#aloneRequests;
    const client_id = this.#aloneId;
    const session = `${client_id}/${String(request_id)}`;
    const ttlSeconds = 1 + random.below(3);
    const waitSeconds = random.withProbability(0.5) ? 1 : 0;
    const call = { type: 'acquire', lock, session, mode: 'exclusive' } as const;
    const settle = recorder.begin(machine.name, { ...call, wait: waitSeconds > 0 });
    // It may end once its time is over, by the fastest clock there is.
    const overMs = world.nowMs + ttlSeconds * 950;
    recorder.begin(machine.name, { type: 'end', lock, session }, overMs);
    try {
      const { fence_token } = await client.call('acquire', {
        name: lock,
        client_id,
        request_id,
        ttl_seconds: ttlSeconds,
        ...(waitSeconds > 0 ? { wait_seconds: waitSeconds } : {}),
      });
      settle({ type: 'granted', token: fence_token });
      await machine.sleep(random.between(0, 1500));
      const settleRelease = recorder.begin(machine.name, {
        type: 'release',
        lock,
        session,
        token: fence_token,
      });
      await client.call('release', { name: lock, client_id, fence_token });
      settleRelease({ type: 'released' });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (refused.has(error.code)) settle({ type: 'busy' });
    }
  }

  /** A program that does not look before it writes, now and then: the resource has to stop it. */
  #writeUnder(hold: Hold): void {
    const believed = hold.isHeld();
    if (believed || this.#options.random.withProbability(0.3))
      this.#options.beliefs.write(hold.name, hold.fenceToken, believed);
  }

  async #take(session: Session, lock: string): Promise<Hold | undefined | 'unknown'> {
    const { random, machine, recorder, plan } = this.#options;
    const mode = random.withProbability(plan.sharedProbability) ? 'shared' : 'exclusive';
    const waitMs = random.withProbability(0.7) ? Math.floor(random.between(100, 4000)) : 0;
    this.#noteAsked(session.id, lock);
    const call = { type: 'acquire', lock, session: session.id, mode, wait: waitMs > 0 } as const;
    const settle = recorder.begin(machine.name, call);
    const controller = new AbortController();
    const cancel = random.withProbability(0.15)
      ? machine.after(random.between(0, 1000), () => controller.abort())
      : undefined;
    try {
      const hold = await session.lock(lock, {
        waitMs,
        mode,
        signal: controller.signal,
        ...metadataOf(this.#options.plan),
      });
      settle({ type: 'granted', token: hold.fenceToken });
      return hold;
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      if (!refused.has(error.code)) return 'unknown';
      settle({ type: 'busy' });
      return undefined;
    } finally {
      cancel?.();
    }
  }

  async #giveBack(session: Session, hold: Hold): Promise<boolean> {
    const { machine, recorder } = this.#options;
    const call = {
      type: 'release',
      lock: hold.name,
      session: session.id,
      token: hold.fenceToken,
    } as const;
    if (hold.state !== 'held') return false;
    const settle = recorder.begin(machine.name, call);
    try {
      await hold.release();
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return false;
    }
    // A release that finds the hold gone resolves as well: then it tells nothing.
    const state: string = hold.state;
    if (state === 'released') settle({ type: 'released' });
    return state === 'released';
  }

  /** False: the outcome is not known. */
  async #downgrade(session: Session, hold: Hold): Promise<boolean> {
    const { machine, recorder, beliefs, random } = this.#options;
    if (hold.state !== 'held' || !hold.isHeld()) return false;
    const token = hold.fenceToken;
    const of = { lock: hold.name, session: session.id, token };
    const settle = recorder.begin(machine.name, { type: 'downgrade', ...of });
    try {
      await hold.downgrade();
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      return false;
    }
    settle({ type: 'downgraded' });
    await machine.sleep(random.between(0, 100));
    beliefs.compare(hold.name);
    return true;
  }

  /** A read that fails tells nothing. */
  async #read(client: Client): Promise<void> {
    const { random, machine, recorder, plan } = this.#options;
    const lock = random.pick(plan.locks);
    const settle = recorder.begin(machine.name, { type: 'read', lock });
    try {
      const { holders } = await client.call('lock_status', { name: lock });
      const tokens = holders.map((holder) => holder.fence_token).sort((a, b) => a - b);
      settle({ type: 'state', tokens });
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
    }
  }

  #noteAsked(session: string, lock: string): void {
    const locks = this.#asked.get(session) ?? new Set();
    this.#asked.set(session, locks.add(lock));
  }

  /**
   * The session's end, once for each lock that it asked for; the outcome stays unknown until told. A
   * process that was paused notices late: its session may have ended at any time since it did.
   */
  #recordEnd(session: string): () => void {
    const { recorder, poolRecorder, machine, world } = this.#options;
    const locks = this.#asked.get(session) ?? [];
    this.#asked.delete(session);
    const sinceMs = machine.pausedAtMs ?? world.nowMs;
    const settles = [...locks].map((lock) => {
      const settle = recorder.begin(machine.name, { type: 'end', lock, session }, sinceMs);
      return () => settle({ type: 'ended' });
    });
    if (this.#askedSlots.delete(session)) {
      const call = { type: 'end', pool: slots, session } as const;
      const settle = poolRecorder.begin(machine.name, call, sinceMs);
      settles.push(() => settle({ type: 'ended' }));
    }
    return () => {
      for (const settle of settles) settle();
    };
  }
}

const expected = (): void => undefined;
