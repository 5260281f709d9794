/**
 * A program that uses everything beside plain locks and semaphores, through the client as it ships:
 * elections, several locks at once, barriers, counts, priorities, longest times, and a watch of it all.
 */
import { Barrier, Client, Election, MultiLock } from '@holdfast/client';
import type { Held, Session } from '@holdfast/client';
import { HoldfastError } from '@holdfast/protocol';
import type { Environment } from '@holdfast/client/parts';
import type { Beliefs } from '../checks/beliefs.ts';
import type { Chronicle } from '../checks/chronicle.ts';
import type { Barriers } from '../checks/barriers.ts';
import type { SimulatedStreams } from '../cluster/stream.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import { rounds as allRounds } from '../run/plan.ts';
import type { ClientPlan, Round } from '../run/plan.ts';
import { countDown } from './count-down.ts';
import { gateParties } from './gate.ts';
import { metadataOf, timeoutOf } from './hoard.ts';
import type { LockRecorder } from './recorder.ts';
import { warned } from './warned.ts';

export interface PlayerOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly streams: SimulatedStreams;
  readonly endpoints: () => readonly string[];
  readonly recorder: LockRecorder;
  readonly beliefs: Beliefs;
  readonly barriers: Barriers;
  readonly chronicle: Chronicle;
  readonly plan: ClientPlan;
  /** Of the players of a run. */
  readonly isFirst: boolean;
}

const three = ['left', 'middle', 'right'] as const;

export class Player {
  readonly machine: Machine;
  readonly #options: PlayerOptions;
  /** Rounds that ended well. */
  cycles = 0;
  readonly #asked = new Map<string, Set<string>>();

  constructor(options: PlayerOptions) {
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
    for (const session of this.#asked.keys()) this.#recordEnd(session);
  }

  async #work(): Promise<void> {
    const { random, machine, endpoints, world } = this.#options;
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
      const client = new Client(
        { endpoints: endpoints(), clientId: machine.name, onWarning: warned(world) },
        environment,
      );
      if (random.withProbability(0.5)) this.#watch(client);
      try {
        await this.#useSession(
          await client.session({ timeoutSeconds: timeoutOf(this.#options.plan, random) }),
        );
      } catch (error) {
        if (!(error instanceof HoldfastError)) throw error;
      }
      await client.close().catch(expected);
      await machine.sleep(random.between(1, 200));
    }
  }

  /** Until its client is closed. What is no longer kept is not missed: it begins anew. */
  #watch(client: Client): void {
    const { chronicle, machine, random, world } = this.#options;
    const read = async (): Promise<void> => {
      for (;;) {
        const take = chronicle.reader(machine.name);
        let after: string | undefined;
        try {
          // Now and then it goes on where it was, perhaps in the middle of an entry.
          for (;;) {
            for await (const { position } of client.watch(after === undefined ? {} : { after })) {
              take(position);
              after = position;
              if (random.withProbability(0.05)) break;
            }
          }
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error;
          if (error.code !== 'compacted') return;
        }
      }
    };
    read().catch((error: unknown) => world.timeline.fail(error));
  }

  async #useSession(session: Session): Promise<void> {
    const { random, machine } = this.#options;
    session.signal.addEventListener('abort', () => {
      if (session.state === 'lost') this.#recordEnd(session.id);
    });
    const rounds: Readonly<Record<Round, () => Promise<boolean>>> = {
      lead: () => this.#lead(session),
      pair: () => this.#takePair(session),
      meet: () => this.#meet(session),
      count: () => this.#countDown(session),
      urgent: () => this.#takeUrgent(session),
      nest: () => this.#nest(session),
      single: () => this.#takeOne(session),
    };
    const { plan } = this.#options;
    const wanted = plan.rounds.length === 0 ? allRounds : plan.rounds;
    for (let round = random.below(10); round >= 0 && session.state === 'active'; round--) {
      if (!(await rounds[random.pick(wanted)]())) break;
      this.cycles += 1;
      await machine.sleep(random.between(0, Math.min(200, plan.longestPauseMs)));
    }
    if (session.state !== 'active') return;
    const settle = this.#recordEnd(session.id);
    await session.end();
    settle();
  }

  /** Leads, tells values, resigns. False: the outcome of something is not known. */
  async #lead(session: Session): Promise<boolean> {
    const { random, machine, beliefs } = this.#options;
    const election = new Election(session, 'chief');
    const leadership = await this.#record(session, ['election chief'], async () => {
      const lead = await election.campaign({
        waitMs: random.between(0, 2000),
        value: machine.name,
      });
      return [lead, [lead.fenceToken]] as const;
    });
    if (typeof leadership === 'boolean') return leadership;
    beliefs.add(machine, leadership);
    for (let step = random.below(3); step >= 0; step--) {
      await machine.sleep(random.between(0, 150));
      beliefs.compare('election chief');
      if (!leadership.isHeld()) return false;
      await leadership.proclaim(step);
    }
    return this.#giveBack(session, 'election chief', leadership);
  }

  /** Two locks at once, in either order. */
  async #takePair(session: Session): Promise<boolean> {
    const { random, machine, beliefs } = this.#options;
    const names = random.shuffled(three).slice(0, 2);
    const both = new MultiLock(session, names);
    const holds = await this.#record(session, names, async () => {
      const taken = await both.acquire({ waitMs: random.between(0, 2000) });
      return [taken, taken.holds.map((hold) => hold.fenceToken)] as const;
    });
    if (typeof holds === 'boolean') return holds;
    for (const hold of holds.holds) beliefs.add(machine, hold);
    await machine.sleep(random.between(0, 150));
    let certain = true;
    for (const hold of holds.holds)
      certain = (await this.#giveBack(session, hold.name, hold)) && certain;
    return certain;
  }

  /** One lock, and while it is held another one, in any order: others who do the same may stand in a cycle. */
  async #nest(session: Session): Promise<boolean> {
    const names = this.#options.random.shuffled(three).slice(0, 2);
    return this.#takeOne(session, names[0], () => this.#takeOne(session, names[1]));
  }

  async #takeOne(
    session: Session,
    name: string = this.#options.random.pick(three),
    meanwhile: () => Promise<boolean> = () => Promise.resolve(true),
  ): Promise<boolean> {
    const { random, machine, beliefs, plan } = this.#options;
    const hold = await this.#record(session, [name], async () => {
      const waitMs = random.withProbability(0.8) ? random.between(500, 3000) : 0;
      const taken = await session.lock(name, { waitMs, ...metadataOf(plan) });
      return [taken, [taken.fenceToken]] as const;
    });
    if (typeof hold === 'boolean') return hold;
    beliefs.add(machine, hold);
    await machine.sleep(random.between(0, 50));
    const isCertain = await meanwhile();
    return (await this.#giveBack(session, name, hold)) && isCertain;
  }

  /** Enters with somebody, leaves with somebody. */
  async #meet(session: Session): Promise<boolean> {
    const { random, machine, barriers } = this.#options;
    const gate = new Barrier(session, 'gate', gateParties);
    const waitMs = random.between(500, 3000);
    const wait = { wait_seconds: waitMs / 1000 };
    try {
      const body = { name: gate.name, parties: gate.parties, ...wait };
      const { round, open } = await session.request('enter_barrier', body, { waitMs });
      if (!open) return false;
      barriers.entered(session.id, round);
      await machine.sleep(random.between(0, 300));
      barriers.leaves(session.id, round);
      const left = await session.request('leave_barrier', { name: gate.name, ...wait }, { waitMs });
      if (left.over) barriers.toldOver(session.id, left.round);
      return true;
    } catch (error) {
      return settled(error, ['wait_timeout', 'barrier_closed']);
    }
  }

  async #countDown(session: Session): Promise<boolean> {
    const { random, barriers } = this.#options;
    try {
      await countDown(session, { random, countDowns: barriers.countDowns });
      return true;
    } catch (error) {
      return settled(error, ['wait_timeout']);
    }
  }

  /** With a priority and a longest time; often held longer than that. */
  async #takeUrgent(session: Session): Promise<boolean> {
    const { random, machine, plan, isFirst } = this.#options;
    // Where nothing else is done, one is never urgent and the others always are.
    const crowded = plan.rounds.length === 1;
    try {
      const hold = await session.lock('urgent', {
        waitMs: crowded ? 5000 : random.between(0, 1500),
        priority: crowded ? (isFirst ? 0 : 2) : random.below(3),
        ...(random.withProbability(0.5) ? { maxHoldMs: 50 + random.below(400) } : {}),
        metadata: { by: machine.name },
      });
      // Now and then the cluster has to end it, though nobody asks.
      const longestStepMs = random.withProbability(0.1) ? 5000 : 400;
      await machine.sleep(random.between(0, crowded ? 4 : longestStepMs));
      await hold.release();
      return true;
    } catch (error) {
      return settled(error, busy);
    }
  }

  /**
   * Acquires, and records it for each name. Of several at once not all need be busy for a refusal, so they
   * are recorded as waits, which may be refused at any time.
   *
   * @returns What was acquired; true: nothing, for certain; false: nobody knows.
   */
  async #record<T>(
    session: Session,
    names: readonly string[],
    acquire: () => Promise<readonly [T, readonly number[]]>,
  ): Promise<T | boolean> {
    const { recorder, machine } = this.#options;
    const asked = this.#asked.get(session.id) ?? new Set<string>();
    this.#asked.set(session.id, asked);
    const settles = names.map((lock) => {
      asked.add(lock);
      return recorder.begin(machine.name, {
        type: 'acquire',
        lock,
        session: session.id,
        mode: 'exclusive',
        wait: true,
      });
    });
    try {
      const [acquired, tokens] = await acquire();
      for (const [index, settle] of settles.entries())
        settle({ type: 'granted', token: tokens[index] ?? 0 });
      return acquired;
    } catch (error) {
      if (!settled(error, busy)) return false;
      for (const settle of settles) settle({ type: 'busy' });
      return true;
    }
  }

  async #giveBack(session: Session, lock: string, held: Held): Promise<boolean> {
    const { machine, recorder } = this.#options;
    if (held.state !== 'held') return false;
    const token = held.fenceToken;
    const of = { lock, session: session.id, token };
    const settle = recorder.begin(machine.name, { type: 'release', ...of });
    try {
      await held.release();
    } catch (error) {
      return settled(error, []);
    }
    const state: string = held.state;
    if (state === 'released') settle({ type: 'released' });
    return state === 'released';
  }

  /** As `Worker` does: once for each name that the session ever asked for. */
  #recordEnd(session: string): () => void {
    const { recorder, machine, world } = this.#options;
    const names = this.#asked.get(session) ?? [];
    this.#asked.delete(session);
    const sinceMs = machine.pausedAtMs ?? world.nowMs;
    const settles = [...names].map((lock) => {
      const settle = recorder.begin(machine.name, { type: 'end', lock, session }, sinceMs);
      return () => settle({ type: 'ended' });
    });
    return () => {
      for (const settle of settles) settle();
    };
  }
}

/** Codes that tell that nothing was granted, for certain. */
const busy: readonly string[] = [
  'lock_held',
  'lock_delayed',
  'not_elected',
  'wait_timeout',
  'deadlock',
  'limit_exceeded',
];

/** Whether the error tells, for certain, what became of the request. */
function settled(error: unknown, codes: readonly string[]): boolean {
  if (!(error instanceof HoldfastError)) throw error;
  return codes.includes(error.code);
}

const expected = (): void => undefined;
