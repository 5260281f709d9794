/**
 * The state machine: one entry in, its results and events out. What executes which command is in
 * execute.ts.
 *
 * STATE-MACHINE-1: the outcome is a function of the tables and the entry alone. Nothing here or below reads a
 *     clock, draws a random number or does I/O.
 * STATE-MACHINE-2: entries come in order of their index, and time never runs backwards.
 * CAUSE-1: an event names the caller whose command brought it about, where its identity was proven.
 */
import { isForeign, staleRights } from './admission.ts';
import { clientOf } from './audit/chain.ts';
import type { AuditHead } from './audit/head.ts';
import { execute } from './execute.ts';
import { invariant } from './invariant.ts';
import { list } from './listing.ts';
import { initialLimits, limitsWithoutLog } from './limits.ts';
import type { StateLimits } from './limits.ts';
import type { Shown } from './primitive.ts';
import { advance } from './sessions/lifetimes.ts';
import { holdsPage, placesPage, sessionLease, sessionView } from './sessions/session-views.ts';
import { SnapshotRestorer } from './snapshot/restore.ts';
import { digestOf, SnapshotWriter } from './snapshot/snapshot.ts';
import { Tables } from './tables.ts';
import { beginCommand, beginShare } from './work.ts';
import { anonymousIdentity, nodeIdentity } from './commands.ts';
import type { Command, Envelope } from './commands.ts';
import type { StateMachine, StateRestorer } from './contract.ts';
import type {
  EndedHold,
  FoundHold,
  Holder,
  HoldsPage,
  Listed,
  ListedKind,
  ListWanted,
  PlacesPage,
  SessionLeaseView,
  SessionView,
  Stats,
} from './view-types.ts';
import type {
  ClusterTimeMs,
  FenceToken,
  LogIndex,
  ResourceKind,
  ResourceName,
  SessionId,
} from './names.ts';
import type { Applied, CommandResult, Event, Refusal } from './outcomes.ts';
import type { PlaceKind, Primitives } from '../primitives/declared.ts';
import type { Access } from '../primitives/access/access.ts';
import { workOf } from '../primitives/command-work.ts';
import { foundHold } from '../primitives/holds/find-hold.ts';
import { Searches, searchStepsUnder } from '../primitives/holds/searches.ts';
import type { QueueViews } from '../primitives/queue/commands.ts';
import { tellReady } from '../primitives/queue/keeping.ts';
import { PayloadLog } from '../primitives/queue/payloads.ts';
import type { KeptPayload } from '../primitives/queue/payloads.ts';
import { QueueReader } from '../primitives/queue/queue-views.ts';
import { endMoreTooLarge } from '../primitives/semaphore/too-large.ts';
import { primitives } from '../primitives/table.ts';

/** What primitives do when a session ends, in their order. */
const sessionEnds = Object.values(primitives).flatMap(({ sessionEnds: ends }) => ends ?? []);

/**
 * An empty state machine, before the first entry.
 *
 * @param limits Of one that is to apply a log, `initialLimits`: it may have been begun by an earlier version.
 */
export function createStateMachine(limits: StateLimits = limitsWithoutLog): StateMachine {
  return new Machine(new Tables(limits, sessionEnds));
}

/**
 * The state machine as a snapshot shows it.
 *
 * @throws SnapshotFormatError when the snapshot is damaged, cut off or of a newer version.
 */
export function restoreStateMachine(chunks: Iterable<Uint8Array>): StateMachine {
  const restorer = beginRestore();
  for (const chunk of chunks) restorer.push(chunk);
  return restorer.end();
}

/** Begins to take back a snapshot that comes piece by piece, with bounded work for each piece. */
export function beginRestore(): StateRestorer {
  const tables = new Tables(initialLimits, sessionEnds);
  const restorer = new SnapshotRestorer(tables);
  const takePayloads = (): readonly KeptPayload[] => {
    const { kept } = tables.payloads;
    if (kept.length > 0) tables.payloads = new PayloadLog();
    return kept;
  };
  return {
    push: (bytes) => restorer.push(bytes),
    takePayloads,
    end: () => {
      takePayloads();
      return new Machine(restorer.end());
    },
  };
}

/** Whether somebody is behind this command whose identity was proven: no node by itself. */
const isProven = ({ identity }: Envelope): boolean =>
  identity !== anonymousIdentity && identity !== nodeIdentity;

/** CAUSE-1. */
function nameCaller(events: Event[], from: number, identity: string): void {
  for (let index = from; index < events.length; index++) {
    const event = events[index];
    if (event !== undefined) events[index] = { ...event, identity };
  }
}

class Machine implements StateMachine {
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  get index(): LogIndex {
    return this.#tables.index;
  }

  get time(): ClusterTimeMs {
    return this.#tables.timeMs;
  }

  get isComparable(): boolean {
    return this.#tables.isComparable;
  }

  get limits(): StateLimits {
    return this.#tables.limits;
  }

  get featureLevel(): number {
    return this.#tables.featureLevel;
  }

  get audit(): AuditHead {
    return this.#tables.audit;
  }

  apply(entry: {
    readonly index: LogIndex;
    readonly time: ClusterTimeMs;
    readonly commands: readonly Envelope[];
    readonly wallMs?: number | undefined;
  }): Applied {
    const tables = this.#tables;
    this.skipTo(entry.index);
    invariant(
      entry.time >= tables.timeMs,
      'STATE-MACHINE-2: time never runs backwards.',
      tables.timeMs,
      entry.time,
    );
    tables.events = [];
    tables.wallMs = entry.wallMs;
    tables.searches = new Searches(searchStepsUnder(tables.limits, tables.featureLevel));
    advance(tables, entry.time);
    endMoreTooLarge(tables); // WORK-2
    const { audit } = tables;
    if (audit.isOn) for (const event of tables.events) audit.addEvent(tables, entry, event);
    const results: CommandResult[] = [];
    beginShare(tables);
    for (const envelope of entry.commands) {
      beginCommand(tables); // WORK-4: whatever the commands before it did.
      const before = tables.events.length;
      const wasOn = audit.isOn; // AUDIT-CHAIN-2
      const client = wasOn ? clientOf(tables, envelope) : undefined;
      const result = execute(tables, envelope);
      results.push(result);
      if (wasOn || audit.isOn)
        audit.addCommand(tables, entry, { envelope, client, result, eventsBefore: before });
      if (isProven(envelope)) nameCaller(tables.events, before, envelope.identity); // CAUSE-1
    }
    if (tables.becameReady.size > 0) tellReady(tables);
    const { events } = tables;
    tables.events = [];
    const lines = audit.takeLines();
    const { payloads } = tables;
    const hasPayloads = payloads.kept.length > 0 || payloads.ended.length > 0; // `lost` is among these.
    if (lines === undefined && !hasPayloads) return { results, events };
    if (hasPayloads) tables.payloads = new PayloadLog();
    return {
      results,
      events,
      ...(lines === undefined ? {} : { audit: lines }),
      ...(hasPayloads ? { payloads } : {}),
    };
  }

  workOf(command: Command): number {
    return workOf(this.#tables, command);
  }

  skipTo(index: LogIndex): void {
    const tables = this.#tables;
    invariant(
      index > tables.index && Number.isSafeInteger(index),
      'STATE-MACHINE-2: entries come in order of their index.',
      tables.index,
      index,
    );
    tables.index = index;
  }

  nextDueTime(): ClusterTimeMs | undefined {
    const tables = this.#tables;
    // WORK-2
    return tables.isBehind ? tables.timeMs : tables.due.first()?.dueMs;
  }

  get access(): Access {
    return this.#tables.access;
  }

  isForeign(identity: string, id: SessionId): boolean {
    return isForeign(this.#tables, identity, id);
  }

  staleRights(identity: string, authorizedAt: LogIndex | undefined): Refusal | undefined {
    return staleRights(this.#tables, identity, authorizedAt);
  }

  session(id: SessionId): SessionView | undefined {
    const session = this.#tables.sessions.get(id);
    return session === undefined ? undefined : sessionView(session);
  }

  renewalOf(id: SessionId): number | undefined {
    return this.#tables.sessions.get(id)?.renewal;
  }

  endedReason(id: SessionId): 'ended' | 'expired' | undefined {
    return this.#tables.tombstone(id)?.reason;
  }

  leaseOf(id: SessionId): SessionLeaseView | undefined {
    const session = this.#tables.sessions.get(id);
    return session === undefined ? undefined : sessionLease(session, this.#tables);
  }

  *leases(): Generator<SessionLeaseView, void, undefined> {
    for (const session of this.#tables.sessions.values()) yield sessionLease(session, this.#tables);
  }

  holdsOf(id: SessionId, after: number, limit: number): HoldsPage | undefined {
    const session = this.#tables.sessions.get(id);
    return session === undefined ? undefined : holdsPage(session, after, limit);
  }

  waitsOf(id: SessionId, after: number, limit: number): PlacesPage {
    return placesPage(this.#tables.sessions.get(id), after, limit);
  }

  *sessions(): Generator<SessionView, void, undefined> {
    for (const session of this.#tables.sessions.values()) yield sessionView(session);
  }

  show<Kind extends PlaceKind>(
    kind: Kind,
    name: ResourceName,
    shown: Shown = {},
  ): Primitives[Kind]['view'] {
    return primitives[kind].view(this.#tables, name, shown);
  }

  findHold(
    kind: ResourceKind,
    name: ResourceName,
    fenceToken: FenceToken | undefined,
    holder: Holder | undefined,
    owner?: string,
  ): FoundHold {
    return foundHold(this.#tables.pools[kind].get(name), fenceToken, holder, owner);
  }

  get queues(): QueueViews {
    return new QueueReader(this.#tables);
  }

  endedHold(kind: ResourceKind, name: ResourceName, fenceToken: FenceToken): EndedHold | undefined {
    return this.#tables.endedHoldOf(kind, name, fenceToken);
  }

  implicitSessionOf(name: ResourceName, fenceToken: FenceToken): SessionId | undefined {
    return this.#tables.ownEnded.thatGaveBack(name, fenceToken);
  }

  list(kind: ListedKind, wanted: ListWanted): Listed {
    return list(this.#tables, kind, wanted);
  }

  stats(): Stats {
    const tables = this.#tables;
    return {
      activeSessions: tables.sessions.size,
      expiredSessions: tables.expiredSessions,
      totalSessions: tables.totalSessions,
      fenceCounter: tables.fenceCounter,
      heldLocks: tables.heldPools,
      waiters: tables.waiterCount,
      rememberedSessions: tables.ended.count + tables.ownEnded.count,
      rememberedBytes: tables.ended.bytes + tables.ownEnded.bytes,
      cacheKeys: tables.places.cache.size,
      cacheBytes: tables.cache.bytes,
    };
  }

  snapshot(): IterableIterator<Uint8Array> {
    return new SnapshotWriter(this.#tables);
  }

  digest(): string {
    return digestOf(this.#tables);
  }
}
