/**
 * The cache of the leader: what it grants to nodes of the cluster, and what has them drop it before a write goes into the log.
 *
 * CACHE-LEAD-1: every write of the cache goes into the log through `gate`, and a line is granted with the value in the turn in which
 *     that is read, after a proof of leadership that was asked for since the read came (COH-1).
 * CACHE-LEAD-2: this node is a sharer like the others; it is told without the network.
 * CACHE-LEAD-3: timers and answers of nodes only occasion another look at the directory: what they bring about is decided by
 *     clocks and by what was acknowledged.
 * CACHE-LEAD-4: of one term there is one directory: nodes take what it grants for more of the lease that they have.
 * CACHE-LEAD-5: however many writes become clear in one moment, they go on a slice a turn (SLICE-2): when a lease runs out, when a node
 *     acknowledges many keys, when nothing is left of earlier leaders. For all that wait for the leases of those there is one timer.
 */
import type { Invalidation } from '@holdfast/protocol/cache';
import type { ResourceName, StateMachine } from '@holdfast/state';
import type { Status } from '@holdfast/raft';
import type { Clock } from '../clock.ts';
import { Interrupted } from '../interrupted.ts';
import type { Timings } from '../timings.ts';
import { TurnSlices } from '../turn-slices.ts';
import { Delays } from './delays.ts';
import type { Delay } from './delays.ts';
import { defaultBounds, Directory } from './directory.ts';
import type { Sharer } from './sharer.ts';
import { askForEarlierLines, KnownMembers } from './earlier-lines.ts';
import { turnOf } from './filling.ts';
import type { FillAttempt } from './filling.ts';
import { Fills } from './fills.ts';
import type { FillAnswer, LeaderAnswer } from './statistics.ts';
import type { WriteGate } from './writes.ts';

/** Longest wait for the acknowledgement of one message, before it is sent again. */
const tellTimeoutMs = 500;
/** Before what did not arrive, or waits for a client, is sent again. */
const tellAgainMs = 20;
/** Messages to one node that are not acknowledged. */
const tellingAtOnce = 16;

/** Whether what was told is gone; of those keys that are listed not yet. False: another process runs there. */
export type Dropped = boolean | readonly string[];

export interface CacheLeaderParts {
  readonly nodeId: string;
  readonly clock: Clock;
  readonly timings?: Pick<Timings, 'took'>;
  readonly state: () => StateMachine;
  readonly clusterTime: () => number;
  /** Resolves once this node has proven that it led after the call. */
  readonly prove: () => Promise<void>;
  /** As of now. */
  readonly status: () => Status;
  /** Sends an invalidation to another node. Resolves with `Dropped`. */
  readonly tell: (node: string, told: Invalidation, timeoutMs: number) => Promise<unknown>;
  /** Asks another node to drop what earlier leaders granted; resolves with true once that is gone. */
  readonly askEarlier: (node: string, term: number) => Promise<unknown>;
}

/** What the node that leads does with its own lines. */
export interface OwnLines {
  onInvalidation(told: Invalidation): Dropped | Promise<Dropped>;
  onNewLeader(term: number): Promise<boolean>;
}

interface AtGate {
  readonly go: () => void;
  readonly sinceMs: number;
  wasDelayed: boolean;
  /** Of the timer for the leases of those that say nothing. */
  cancelLook: () => void;
}

interface Led {
  readonly term: number;
  readonly directory: Directory;
  readonly fills: Fills;
  /** Writes that wait, by key. */
  readonly atGate: Map<string, AtGate>;
  readonly telling: Map<Sharer, number>;
  /** There is the timer for those that wait for earlier leaders. */
  isLookPlanned: boolean;
}

export class CacheLeader {
  readonly #parts: CacheLeaderParts;
  readonly #own: OwnLines;
  readonly #members: KnownMembers;
  /** CACHE-LEAD-5. */
  readonly #looking: TurnSlices;
  #led: Led | undefined;
  /** Of a leadership before which there was none. */
  #firstTerm: number | undefined;
  readonly #delays = new Delays();
  #tellPlanned = false;
  #writesDelayed = 0;
  #delayMs = 0;

  constructor(parts: CacheLeaderParts, own: OwnLines) {
    this.#parts = parts;
    this.#own = own;
    this.#members = new KnownMembers(parts.clock);
    this.#looking = new TurnSlices(parts.clock);
  }

  get statistics(): {
    readonly owed: number;
    readonly pendingWrites: number;
    readonly sharers: number;
    readonly sharedKeys: number;
    readonly writesDelayed: number;
    readonly delayMs: number;
    readonly delays: readonly Delay[];
  } {
    return {
      owed: this.#led?.directory.owedCount ?? 0,
      pendingWrites: this.#led?.atGate.size ?? 0,
      sharers: this.#led?.directory.sharerCount ?? 0,
      sharedKeys: this.#led?.directory.keyCount ?? 0,
      writesDelayed: this.#writesDelayed,
      delayMs: this.#delayMs,
      delays: this.#delays.list,
    };
  }

  get sharers(): Iterable<Sharer> {
    return this.#led?.directory.sharers ?? [];
  }

  onStatus(status: Status): void {
    const { role, ready, term, lastIndex } = status;
    this.#members.update(status);
    // SHARER-4: with nothing in its log but its own first entry, nobody was ready to grant anything before it.
    if (role === 'leader' && lastIndex <= 1) this.#firstTerm = term;
    if (role === 'leader' && this.#led?.term === term) return; // CACHE-LEAD-4
    this.#led = undefined;
    if (role !== 'leader' || !ready) return;
    const isFirst = term === this.#firstTerm;
    const beganMs = isFirst ? Number.NEGATIVE_INFINITY : this.#parts.clock.now(); // SHARER-4
    const directory = new Directory(term, beganMs, defaultBounds, this.#delays);
    const led: Led = {
      term,
      directory,
      fills: new Fills(term),
      atGate: new Map(),
      telling: new Map(),
      isLookPlanned: false,
    };
    this.#led = led;
    if (!isFirst) this.#askForEarlierLines(led);
  }

  #askForEarlierLines(led: Led): void {
    const { clock, nodeId, askEarlier } = this.#parts;
    askForEarlierLines({
      clock,
      members: this.#members,
      ask: (node) =>
        node === nodeId ? this.#own.onNewLeader(led.term) : askEarlier(node, led.term),
      leadsOn: () => this.#led === led,
      onNoneLeft: () => {
        led.directory.earlierAreOver();
        this.#lookAtAll(led);
      },
    });
  }

  onTick(): void {
    const nowMs = this.#parts.clock.now();
    this.#led?.directory.onTick(nowMs);
    this.#led?.fills.onTick(nowMs);
  }

  /** CACHE-LEAD-1. */
  async readHere(node: string, key: string, memoryId: string): Promise<LeaderAnswer> {
    const { clock, clusterTime, prove, state } = this.#parts;
    const led = this.#led;
    if (led === undefined) throw notLeading();
    await prove();
    if (this.#led !== led) throw notLeading();
    const nowMs = clock.now();
    const machine = state();
    const view = machine.show('cache', key as ResourceName, { timeMs: clusterTime() });
    const answer = { term: led.term, view, revision: machine.index };
    if (!this.#mayBeGranted(node))
      return { ...answer, grant: { seq: 0, leaseMs: 0, line: 'none' } };
    const grant = led.directory.read(node, memoryId, key, nowMs);
    this.#planTelling();
    return { ...answer, grant };
  }

  /** EARLIER-1. */
  #mayBeGranted(node: string): boolean {
    if (this.#members.mayBeGranted(node)) return true;
    this.#members.update(this.#parts.status());
    return this.#members.mayBeGranted(node);
  }

  async fillHere(key: string, asked: FillAttempt): Promise<FillAnswer> {
    const led = this.#led;
    if (led === undefined) throw notLeading();
    const proven = async (): Promise<void> => {
      await this.#parts.prove();
      if (this.#led !== led) throw notLeading();
    };
    return turnOf({ ...this.#parts, fills: led.fills, proven }, key, asked);
  }

  /** Its loader has nothing to write. */
  endFillHere(key: string, token: string): void {
    if (this.#led === undefined) throw notLeading();
    this.#led.fills.ended(key, token);
  }

  readonly gate: WriteGate = {
    begin: (key, go, fillToken) => {
      const led = this.#led;
      if (led === undefined) return false;
      led.fills.written(key, fillToken); // FILL-2
      const nowMs = this.#parts.clock.now();
      led.directory.beginWrite(key, nowMs); // SHARER-2
      const waits: AtGate = {
        go,
        sinceMs: nowMs,
        wasDelayed: false,
        cancelLook: () => undefined,
      };
      led.atGate.set(key, waits);
      this.#tellItself(led);
      if (!this.#look(led, key)) {
        this.#writesDelayed += 1;
        waits.wasDelayed = true;
        this.#lookLater(led, key, waits);
        this.#planTelling();
      }
      return true;
    },
    end: (key) => {
      this.#led?.directory.endWrite(key);
      this.#led?.fills.written(key, undefined); // FILL-2
    },
    mayFill: (key, token) =>
      this.#led?.fills.mayWrite(key, token, this.#parts.clock.now()) ?? false,
  };

  /** SHARER-1, CACHE-LEAD-3. */
  #look(led: Led, key: string): boolean {
    const waiting = led.atGate.get(key);
    if (this.#led !== led || waiting === undefined) return true;
    const nowMs = this.#parts.clock.now();
    if (!led.directory.isClear(key, nowMs)) return false;
    led.atGate.delete(key);
    waiting.cancelLook();
    const waitedMs = nowMs - waiting.sinceMs;
    this.#delayMs += waitedMs;
    if (waiting.wasDelayed) this.#parts.timings?.took('cache_invalidation', waitedMs);
    waiting.go();
    return true;
  }

  /** CACHE-LEAD-3: leases that go on meanwhile are waited for as well. */
  #lookLater(led: Led, key: string, waiting: AtGate): void {
    const { clock } = this.#parts;
    const nowMs = clock.now();
    waiting.cancelLook();
    if (nowMs < led.directory.writesFromMs) {
      this.#planLookAtAll(led, led.directory.writesFromMs - nowMs);
      return;
    }
    const leftMs = led.directory.clearAtMs(key) - nowMs;
    waiting.cancelLook = clock.after(atLeastMs(leftMs), () => {
      this.#looking.add([() => this.#lookAgain(led, key)]);
    });
  }

  #lookAgain(led: Led, key: string): void {
    const waiting = led.atGate.get(key);
    if (waiting !== undefined && !this.#look(led, key)) this.#lookLater(led, key, waiting);
  }

  /** CACHE-LEAD-5. */
  #planLookAtAll(led: Led, leftMs: number): void {
    if (led.isLookPlanned) return;
    led.isLookPlanned = true;
    this.#parts.clock.after(atLeastMs(leftMs), () => {
      led.isLookPlanned = false;
      this.#lookAtAll(led);
    });
  }

  #lookAtAll(led: Led): void {
    if (this.#led !== led) return;
    this.#looking.add(looks([...led.atGate.keys()], (key) => this.#lookAgain(led, key)));
  }

  /** With all that comes in this turn. */
  #planTelling(): void {
    if (this.#tellPlanned || this.#led?.directory.hasUntold !== true) return;
    this.#tellPlanned = true;
    this.#parts.clock.endOfTurn(() => {
      this.#tellPlanned = false;
      const led = this.#led;
      if (led === undefined) return;
      this.#tellItself(led);
      const { clock, nodeId } = this.#parts;
      let isLeft = false;
      for (const sharer of led.directory.toTell(clock.now()))
        if (sharer.node === nodeId) isLeft = true;
        else if ((led.telling.get(sharer) ?? 0) < tellingAtOnce) void this.#tell(led, sharer);
      // SHARER-8: no answer of the network occasions the next message to this node.
      if (isLeft) clock.after(0, () => this.#planTelling());
    });
  }

  /** CACHE-LEAD-2. */
  #tellItself(led: Led): void {
    const { clock, nodeId } = this.#parts;
    const { directory } = led;
    for (const sharer of directory.toTell(clock.now())) {
      if (sharer.node !== nodeId) continue;
      const told = directory.take(sharer);
      const dropped = this.#own.onInvalidation(told);
      if (dropped === true) directory.acknowledged(sharer, told.keys, clock.now());
      else if (dropped !== false) void this.#acknowledge(led, sharer, told, dropped);
    }
  }

  async #tell(led: Led, sharer: Sharer): Promise<void> {
    const { tell } = this.#parts;
    led.telling.set(sharer, (led.telling.get(sharer) ?? 0) + 1);
    const told = led.directory.take(sharer);
    const dropped = tell(sharer.node, told, tellTimeoutMs).catch(() => undefined);
    await this.#acknowledge(led, sharer, told, dropped);
    const others = (led.telling.get(sharer) ?? 0) - 1;
    if (others > 0) led.telling.set(sharer, others);
    else led.telling.delete(sharer);
    if (this.#led === led) this.#planTelling();
  }

  async #acknowledge(
    led: Led,
    sharer: Sharer,
    { keys, seq }: Invalidation,
    answer: unknown,
  ): Promise<void> {
    const { clock } = this.#parts;
    const { directory } = led;
    const dropped = await answer;
    // Another process runs there now: what the one before had ends with its lease.
    if (dropped === false) return;
    const left = dropped === true ? new Set<unknown>() : new Set(isList(dropped) ? dropped : keys);
    const gone = left.size === 0 ? keys : keys.filter((key) => !left.has(key));
    directory.acknowledged(sharer, gone, clock.now());
    this.#looking.add(looks(gone, (key) => void this.#look(led, key)));
    if (left.size === 0) return;
    const notGone = keys.filter((key) => left.has(key));
    if (isList(dropped)) directory.heard(sharer, notGone); // SHARER-7
    await new Promise<void>((resolve) => void clock.after(tellAgainMs, resolve));
    directory.notTold(sharer, notGone, seq);
    if (this.#led === led) this.#planTelling();
  }
}

function* looks(keys: readonly string[], look: (key: string) => void): Generator<() => void> {
  for (const key of keys) yield () => look(key);
}

const atLeastMs = (leftMs: number): number => Math.max(1, Math.ceil(leftMs));

const isList = (dropped: unknown): dropped is readonly unknown[] => Array.isArray(dropped);

const notLeading = (): Interrupted => new Interrupted(false, 'this node does not lead');
