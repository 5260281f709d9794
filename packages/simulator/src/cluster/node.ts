/** A node as it ships (api, engine, Raft, state, storage) on a simulated machine. */
import {
  callerFrom,
  defaultApiLimits,
  EventFeed,
  GivenBack,
  PopRoom,
  QueueWaiters,
  ClientStreams,
  sharesOf,
  WaitingCallers,
} from '@holdfast/api/parts';
import type { Service, ServerSocket } from '@holdfast/api/parts';
import type { ClusterStatus, Engine } from '@holdfast/engine';
import { assembleEngine } from '@holdfast/engine/parts';
import type { AssembledEngine, Clock } from '@holdfast/engine/parts';
import { ReplicatedQueues } from '@holdfast/queue';
import { limitsWithoutLog, primitiveLimits } from '@holdfast/state';
import type { LimitOfPrimitive } from '@holdfast/state';
import type { Opened } from '@holdfast/storage';
import type { CutLeaves } from '@holdfast/storage/parts';
import { SimulatedDisk } from '../world/disk.ts';
import type { Machine } from '../world/machine.ts';
import type { Random } from '../world/random.ts';
import type { World } from '../world/world.ts';
import type { Witness } from '../checks/witness.ts';
import type { Listener } from './stream.ts';
import { clientUrlOf, SimulatedTransport } from './transport.ts';

export const clusterId = 'simulated';

export interface Settings {
  readonly heartbeatMs: number;
  readonly electionTimeoutMinMs: number;
  readonly electionTimeoutMaxMs: number;
  readonly snapshotLogBytes: number;
  readonly keptEntries: number;
  readonly maxAppendBytes: number;
  readonly maxBatchBytes: number;
  readonly snapshotChunkBytes: number;
  readonly maxEntriesPerTurn: number;
}

export interface SimulatedNodeOptions {
  readonly world: World;
  readonly machine: Machine;
  readonly random: Random;
  readonly settings: Settings;
  readonly initialMembers: readonly string[];
  readonly join: boolean;
  /** Of its first program. */
  readonly supportedFeatureLevel: number;
  readonly switchboard: Map<string, SimulatedTransport>;
  readonly witness: Witness;
  /** The process has ended by itself: its disk or its assertions said so. */
  readonly onEnd: (node: SimulatedNode, error: Error) => void;
}

const limitsOfPrimitives = Object.fromEntries(
  primitiveLimits.map(({ name }) => [name, 1000]),
) as Readonly<Record<LimitOfPrimitive, number>>;

export class SimulatedNode implements Listener {
  readonly id: string;
  readonly machine: Machine;
  readonly disk: SimulatedDisk;
  /** Of the program that its next process is. */
  supportedFeatureLevel: number;
  readonly #options: SimulatedNodeOptions;
  #assembled: AssembledEngine | undefined;
  #admit: ((socket: ServerSocket) => void) | undefined;

  constructor(options: SimulatedNodeOptions) {
    this.#options = options;
    this.id = options.machine.name;
    this.machine = options.machine;
    this.supportedFeatureLevel = options.supportedFeatureLevel;
    this.disk = new SimulatedDisk(options.machine, options.random.fork());
  }

  get admit(): ((socket: ServerSocket) => void) | undefined {
    return this.#admit;
  }

  /** Of the process that runs now. */
  get engine(): Engine | undefined {
    return this.machine.isOn ? this.#assembled?.engine : undefined;
  }

  get replica(): AssembledEngine['replica'] | undefined {
    return this.machine.isOn ? this.#assembled?.replica : undefined;
  }

  status(): ClusterStatus | undefined {
    return this.engine?.status();
  }

  /** Whether this node counts another as a member, as far as it knows any. */
  counts(id: string): boolean {
    const members = this.replica?.status().membership.members ?? [];
    return id !== this.id && (members.length === 0 || members.some((member) => member.id === id));
  }

  /** Starts a process; rejects where its disk cannot be trusted, or fails. Never settles where the process ends before. */
  async start(): Promise<void> {
    const { machine, witness } = this.#options;
    machine.start();
    const process = machine.process;
    const fatal = (error: Error): void => {
      if (machine.isOn && process === machine.process) this.#options.onEnd(this, error);
    };
    const opened = await this.disk.open({
      onFailure: fatal,
      onWrite: (write) => witness.onWrite(this.id, write),
      onDurable: (write) => {
        if (machine.isOn && process === machine.process) witness.disks.onDurable(this.id, write);
      },
    });
    if (!machine.isOn || process !== machine.process) return;
    witness.onStart(this.id, opened.recovered);
    for (const repair of opened.repairs) this.#options.world.tell(this.id, repair);
    this.#assemble(opened, fatal);
  }

  #assemble(opened: Opened, fatal: (error: Error) => void): void {
    const { world, machine, settings, witness } = this.#options;
    const clock: Clock = {
      now: () => machine.now(),
      bootNow: () => machine.bootNow(),
      wallNow: () => machine.wallNow(),
      after: (delayMs, callback) => machine.after(delayMs, callback),
      endOfTurn: (callback) => void machine.post(0, callback),
    };
    const process = machine.process;
    let transport: SimulatedTransport | undefined;
    void assembleEngine({
      options: {
        clusterId,
        nodeId: this.id,
        peerAdvertise: this.id,
        initialMembers: this.#options.initialMembers.map((id) => ({ id, address: id })),
        join: this.#options.join,
        clientUrl: clientUrlOf(this.id),
        ...settings,
        stateLimits: {
          ...limitsWithoutLog,
          ...limitsOfPrimitives,
          maxSessions: 1000,
          maxHoldsPerSession: 100,
          maxWaitersPerResource: 100,
          maxHoldsPerResource: 100,
          maxDedupIds: 10_000,
          // Few, so that what ends is often spread over several entries, but a release and the grant that
          // follows it are not put off (WORK-1): what is tried in between would be refused while nobody holds it.
          maxWorkPerEntry: 4,
        },
        supportedFeatureLevel: this.supportedFeatureLevel,
        log: this.#log(),
        onFatal: fatal,
      },
      reachable: true,
      clock,
      random: () => this.#options.random.next(),
      opened,
      bounds: settings,
      makeTransport: (handlers) => {
        const { switchboard } = this.#options;
        transport = new SimulatedTransport(world, machine, switchboard, handlers, fatal);
        transport.onSend = (to, message) => witness.disks.onSend(this.id, to, message);
        return transport;
      },
      onApplied: (index, batch, applied) => {
        // A node applies nothing before it is assembled; what a process does as it ends counts no more.
        const replica = this.#assembled?.replica;
        if (replica !== undefined) witness.onApplied(this.id, index, batch, applied, replica);
      },
    }).then(
      (assembled) => {
        if (process !== machine.process || !machine.isOn || transport === undefined) return;
        this.#options.switchboard.set(this.id, transport);
        this.#begin(assembled, clock);
      },
      (error: unknown) => fatal(error as Error),
    );
  }

  #begin(assembled: AssembledEngine, clock: Clock): void {
    const { witness, switchboard } = this.#options;
    this.#assembled = assembled;
    const { engine, replica } = assembled;
    engine.onStatus((status) => witness.onStatus(status, replica));
    const waiting = new WaitingCallers();
    const feed = new EventFeed(engine, 1000);
    const queues = new ReplicatedQueues(engine, feed);
    const service: Service = {
      engine,
      nodeId: this.id,
      version: 'simulated',
      log: this.#log(),
      logLevel: { level: 'info' },
      limits: defaultApiLimits,
      isInsecure: false,
      control: undefined,
      authorize: undefined,
      audit: undefined,
      auditing: undefined,
      tracing: undefined,
      hasOtherQueues: false,
      waiting,
      shares: sharesOf(defaultApiLimits),
      rates: undefined,
      refusedChanges: undefined,
      givenBack: new GivenBack(() => clock.now()),
      feed,
      queues,
      queueWaiters: new QueueWaiters(queues, (delayMs, callback) => clock.after(delayMs, callback)),
      popRoom: new PopRoom((delayMs, callback) => clock.after(delayMs, callback)),
      // No client of the simulator asks for them.
      machines: { all: () => Promise.resolve([]) },
      after: (delayMs, callback) => clock.after(delayMs, callback),
      endOfTurn: (callback) => clock.endOfTurn(callback),
      now: () => this.machine.wallNow(),
      onAcquire: () => undefined,
      expiredAtCleanup: 0,
    };
    const streams = new ClientStreams(
      { service, caller: callerFrom(undefined) },
      clock,
      this.#log(),
    );
    this.#admit = (socket) => streams.admit(socket);
    assembled.start();
    for (const [id, transport] of switchboard) if (id !== this.id) transport.peerBegan(this.id);
  }

  /** The process is killed, and with it the power. */
  kill(leaves?: CutLeaves): void {
    this.#end(() => this.disk.cutPower(leaves));
  }

  /** The process alone is gone. */
  killProcess(): void {
    this.#end(() => this.disk.endProcess());
  }

  #end(endDisk: () => void): void {
    if (!this.machine.isOn) return;
    this.machine.end();
    endDisk();
    this.#assembled = undefined;
    this.#admit = undefined;
    const { switchboard } = this.#options;
    switchboard.delete(this.id);
    for (const [id, transport] of switchboard) if (id !== this.id) transport.peerEnded(this.id);
  }

  #log(): { info: Say; warn: Say; error: Say } {
    const { world } = this.#options;
    const say: Say = (fields, message) => {
      if (world.tracing) world.tell(this.id, `${message} ${JSON.stringify(fields)}`);
    };
    const error: Say = (fields, message) => {
      say(fields, message);
      const found = (fields as { readonly err?: unknown }).err;
      // What a disk that fails brings about is no news.
      if (found instanceof Error && this.disk.trouble === 'none')
        world.nodeFailed(`${this.id}: ${message} ${String(found.stack)}`, found);
    };
    return { info: say, warn: say, error };
  }
}

type Say = (fields: object, message: string) => void;
