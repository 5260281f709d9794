/**
 * Sees what every node writes, applies and says of itself, and knows what must hold of it.
 *
 * WITNESS-1: at most one leader in a term (Raft paper, election safety).
 * WITNESS-2: two logs that hold an entry of the same index and term hold the same entry after the same one (log matching).
 * WITNESS-3: a leader has every entry that was applied anywhere in an earlier term (leader completeness): a new one those
 *     that were applied before, and one that leads what a node applies afterwards that has not heard of its term.
 * WITNESS-4: whatever is applied at an index is the same on every node, and so are its results (state machine safety).
 * WITNESS-5: at the same index all nodes have the same state, by its hash.
 * WITNESS-6: of what excludes each other only one is granted at a time; fence tokens rise; waiters are served
 *     in their order (`grants.ts`). What sessions meet at, and longest times, keep their promises
 *     (`barriers.ts`), and those who watch are told everything (`chronicle.ts`).
 * WITNESS-7: nobody waits in a cycle (deadlock) (`cycles.ts`).
 * WITNESS-8: a session expires only when its timeout has passed since its client did something (`lifetimes.ts`).
 * WITNESS-9: what is logged belongs to the feature level of the log (`feature-levels.ts`).
 * WITNESS-10: messages keep their order and are not lost (`messages.ts`).
 * WITNESS-11: reads of the cache are linearizable (`cached-values.ts`).
 * WITNESS-13: one loader for each key at a time, and none that is older than a write (`loads.ts`).
 * WITNESS-12: what is promised is on the disks that it takes: votes, acknowledgements, whatever is applied (`on-disk.ts`).
 */
import { crc32 } from 'node:zlib';
import { lacksCommitted } from '@holdfast/checker';
import type { CommittedEntry } from '@holdfast/checker';
import type { ClusterStatus } from '@holdfast/engine';
import type { AssembledEngine, Batch } from '@holdfast/engine/parts';
import type { Recovered, Write } from '@holdfast/raft';
import type { Applied, StateMachine } from '@holdfast/state';
import type { World } from '../world/world.ts';
import { gateParties } from '../clients/gate.ts';
import { slotLimit } from '../clients/slots.ts';
import { Chronicle } from './chronicle.ts';
import { Cycles } from './cycles.ts';
import { FeatureLevelsCheck } from './feature-levels.ts';
import { Grants } from './grants.ts';
import { Lifetimes } from './lifetimes.ts';
import { Barriers } from './barriers.ts';
import { CachedValues } from './cached-values.ts';
import { Loads } from './loads.ts';
import { Messages } from './messages.ts';
import { OnDisk } from './on-disk.ts';

/** The state is hashed where the index is a multiple of this. */
const hashEvery = 16;

export class Witness {
  readonly #world: World;
  readonly #leaders = new Map<number, string>();
  /** Who leads now or led last, as far as was told. */
  readonly #leading = new Map<string, AssembledEngine['replica']>();
  /** By `index/term`: the checksum of the entry and the term before it. */
  readonly #entries = new Map<string, string>();
  /** Terms by index, of each node's log as it was written. */
  readonly #logs = new Map<string, Map<number, number>>();
  readonly #applied = new Map<number, number>();
  readonly #hashes = new Map<number, string>();
  readonly #grants: Grants;
  readonly #cycles: Cycles;
  readonly #lifetimes: Lifetimes;
  readonly barriers: Barriers;
  readonly messages: Messages;
  readonly cachedValues: CachedValues;
  readonly loads: Loads;
  readonly chronicle: Chronicle;
  /** WITNESS-12. */
  readonly disks: OnDisk;
  /** WITNESS-9. */
  readonly #levels: FeatureLevelsCheck;
  #lastApplied: CommittedEntry = { index: 0, term: 0, inTerm: 0 };
  #commands = 0;

  /** @param clockDrift How much too fast or too slow clocks may run. */
  constructor(world: World, clockDrift: number) {
    this.#world = world;
    const report = (message: string): void => world.violation(message);
    this.#grants = new Grants(slotLimit, report);
    this.#cycles = new Cycles(report);
    this.#lifetimes = new Lifetimes(report, clockDrift);
    this.barriers = new Barriers(gateParties, report);
    this.messages = new Messages(report);
    this.cachedValues = new CachedValues(report, () => world.timeline.nowMs);
    this.loads = new Loads(report, () => world.timeline.nowMs);
    this.chronicle = new Chronicle(report);
    this.disks = new OnDisk(report);
    this.#levels = new FeatureLevelsCheck(report);
  }

  /** The highest index that any node has applied. */
  get lastApplied(): number {
    return this.#lastApplied.index;
  }

  /** Commands applied, counted once. */
  get commands(): number {
    return this.#commands;
  }

  get grants(): number {
    return this.#grants.count;
  }

  /** WITNESS-1, WITNESS-3. */
  onStatus(status: ClusterStatus, replica: AssembledEngine['replica']): void {
    const { nodeId, role, term } = status;
    if (this.#world.tracing)
      this.#world.tell(
        nodeId,
        `is ${role} in term ${String(term)}, leader ${status.leader ?? 'unknown'}, commit ${String(status.commitIndex)}`,
      );
    if (role !== 'leader') {
      this.#leading.delete(nodeId);
      return;
    }
    this.#leading.set(nodeId, replica);
    const known = this.#leaders.get(term);
    if (known === undefined) this.loads.onLeader();
    if (known === nodeId) return;
    if (known !== undefined)
      this.#world.violation(`${known} and ${nodeId} both lead in term ${String(term)}.`);
    this.#leaders.set(term, nodeId);
    this.#world.onNotable(nodeId, 'leads');
    // Those before it are in the same logs (WITNESS-2).
    this.#compareLeader(nodeId, replica, this.#lastApplied);
  }

  /** WITNESS-3. */
  #compareLeader(
    nodeId: string,
    replica: AssembledEngine['replica'],
    applied: CommittedEntry,
  ): void {
    const { role, term, firstIndex } = replica.status();
    if (role !== 'leader') return;
    const termAt = (index: number): number | undefined => replica.termAt(index);
    if (lacksCommitted({ term, firstIndex, termAt }, applied))
      this.#world.violation(
        `${nodeId} leads in term ${String(term)} without entry ${String(applied.index)}/${String(applied.term)}, which was applied (it has ${String(termAt(applied.index))}).`,
      );
  }

  /** What a process finds on its disk: a write that failed or was cut off is not in its log. */
  onStart(nodeId: string, recovered: Recovered | undefined): void {
    const log = new Map<number, number>();
    if (recovered !== undefined) {
      log.set(recovered.snapshot.index, recovered.snapshot.term);
      for (const { index, term } of recovered.entries) log.set(index, term);
    }
    this.#logs.set(nodeId, log);
    this.#leading.delete(nodeId);
    this.disks.onStart(nodeId, recovered);
  }

  /** WITNESS-2. */
  onWrite(nodeId: string, { entries, installSnapshot }: Write): void {
    let log = this.#logs.get(nodeId);
    if (log === undefined) this.#logs.set(nodeId, (log = new Map()));
    if (installSnapshot !== undefined) log.set(installSnapshot.index, installSnapshot.term);
    for (const { index, term, kind, data } of entries) {
      const key = `${String(index)}/${String(term)}`;
      const before = log.get(index - 1) ?? 0;
      const print = `${kind} ${String(crc32(data))} after ${String(before)}`;
      const known = this.#entries.get(key);
      if (known === undefined) this.#entries.set(key, print);
      else if (known !== print)
        this.#world.violation(`${nodeId} has another entry ${key}: ${print}, not ${known}.`);
      log.set(index, term);
    }
  }

  /** WITNESS-4, WITNESS-5, WITNESS-6. */
  onApplied(
    nodeId: string,
    index: number,
    batch: Batch,
    { results, events }: Applied,
    replica: AssembledEngine['replica'],
  ): void {
    const print = crc32(JSON.stringify([batch.time, results, events]));
    const known = this.#applied.get(index);
    if (known === undefined) {
      this.#applied.set(index, print);
      this.#commands += batch.commands.length;
      const term = this.#logs.get(nodeId)?.get(index);
      if (term !== undefined) this.disks.onApplied(nodeId, index, term, replica.status());
      if (this.#world.tracing)
        this.#world.tell(
          nodeId,
          `applies ${String(index)} first: ${JSON.stringify(batch.commands.map(({ command }) => command))} ${JSON.stringify(events)}`,
        );
      this.#grants.onEvents(events);
      this.#cycles.onApplied(batch, events);
      this.#lifetimes.onApplied(batch, events);
      this.barriers.onApplied(batch, events);
      this.messages.onApplied(batch, results); // WITNESS-10
      this.cachedValues.onApplied(batch, results, events); // WITNESS-11
      this.loads.onApplied(batch, results); // WITNESS-13
      this.chronicle.onApplied(index, events);
      this.#levels.onApplied(index, batch);
    } else if (known !== print)
      this.#world.violation(
        `${nodeId} applied something else at ${String(index)}: ${JSON.stringify([batch.commands, results])}`,
      );
    this.#compareLeaders(nodeId, index, replica.status().term);
    if (index % hashEvery === 0) this.compareState(nodeId, replica.state);
  }

  /** WITNESS-3. @param inTerm Of the node that applies it: what it applies was committed in that term or an earlier one. */
  #compareLeaders(nodeId: string, index: number, inTerm: number): void {
    const term = this.#logs.get(nodeId)?.get(index);
    if (term === undefined) return;
    const applied = { index, term, inTerm };
    const last = this.#lastApplied;
    if (index > last.index || (index === last.index && inTerm < last.inTerm))
      this.#lastApplied = applied;
    for (const [leader, replica] of this.#leading) this.#compareLeader(leader, replica, applied);
  }

  /** WITNESS-5. */
  compareState(nodeId: string, state: StateMachine): void {
    const { index } = state;
    const hash = state.digest();
    const known = this.#hashes.get(index);
    if (known === undefined) this.#hashes.set(index, hash);
    else if (known !== hash)
      this.#world.violation(`${nodeId} has another state at index ${String(index)}.`);
  }
}
