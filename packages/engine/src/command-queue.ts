/**
 * The leader's side of a command: gathered with the others of its event-loop turn into one entry,
 * answered when that entry is applied, and, for an acquire that waits, answered when the wait ends.
 *
 * COMMANDS-1: a command is in at most one entry per submission; only an answer that it certainly was not
 *     executed (`Interrupted` with `begun` false) lets a caller submit a command again that may
 *     not run twice.
 * COMMANDS-2: an acquire that may wait is registered before it is proposed: its wait may end in the very
 *     batch, or the very pass over committed entries, in which it begins.
 * COMMANDS-3: everything here is bounded: queued commands and those in the log, by count and by bytes (BOUND-4),
 *     waiting acquires.
 * COMMANDS-4: no batch is larger than `maxBatchBytes`, so that every one can be proposed and sent (BOUND-1); a
 *     command that fits in none is refused before anything is done.
 * COMMANDS-7: commands that may do much share their entry with few others, or with none (BOUND-5): an entry is applied in one
 *     turn. How much is estimated when the batch is made, by the state that is applied then; at most seven batches are ahead of it.
 * COMMANDS-10: a turn that has proposed half of `sharedBatchBytes` (BOUND-6) proposes no other batch: what is left follows in the next
 *     turns, in its order.
 * COMMANDS-6: a command is logged as the level allows that the applied state has (FEATURE-1 of the state): what tells
 *     people more is left out, and one that cannot do without a part of a later level is refused.
 * COMMANDS-5: where this node stops leading, everybody is told once, in order, a slice a turn (SLICE-2), with one
 *     error for all: an error with a stack for each of 200,000 would take a second. Until it has been told a
 *     command counts as pending, and a waiting acquire as waiting.
 * COMMANDS-8: what cannot be encoded is refused as anything else is, by `reject`: whoever submits a command keeps something for
 *     it until it is told, and a thrown error would tell nobody.
 * COMMANDS-9: a command whose time is over when its batch is made is not proposed. Its caller has been told that the outcome is unknown, or
 *     is told now that it was not executed: a message that it took would be given to nobody.
 */
import type { HoldfastError } from '@holdfast/protocol';
import type { TraceParent } from '@holdfast/protocol';
import { callerLevel, withinLevel } from '@holdfast/state';
import type {
  CommandResult,
  Envelope,
  Event,
  RequestId,
  ResourceName,
  SessionId,
} from '@holdfast/state';
import { Backlog } from './backlog.ts';
import { encodedBytes, joinBatch } from './batch.ts';
import {
  batchOverheadBytes,
  maxBatchBytes,
  maxCommandBytes,
  maxCommandsPerBatch,
  maxPendingBytes,
  maxPendingCommands,
  maxWorkPerBatch,
  sharedBatchBytes,
} from './bounds.ts';
import type { Clock } from './clock.ts';
import type { ClusterClock } from './cluster-clock.ts';
import { CommandTrace } from './command-trace.ts';
import { Flights } from './flights.ts';
import type { Flight } from './flights.ts';
import { Interrupted } from './interrupted.ts';
import type { ProposalOutcome } from './proposals.ts';
import type { Replica } from './replica.ts';
import { TurnSlices } from './turn-slices.ts';
import { atCapacity, encodedOr, notProposed, notYet, tooLarge, tooLate } from './unlogged.ts';
import { WaitingAcquires } from './waiting-acquires.ts';
import { isAcquire, nameOf } from './waits.ts';

/** Of one turn: they share a write of the log and a message to each member. */
const maxBatchesPerFlight = 4;
const maxWaitingAcquires = 200_000;

interface Submission {
  readonly envelope: Envelope;
  /** As it goes into the log. */
  readonly encoded: string;
  /** Of `encoded`, or more. */
  readonly byteLength: number;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: Error) => void;
  /** Set for an acquire that may wait: where its outcome is looked up. */
  readonly waitKey: string | undefined;
  readonly trace: CommandTrace | undefined;
  readonly deadlineMs: number;
}

export class CommandQueue {
  readonly #replica: Replica;
  readonly #clock: Clock;
  readonly #clusterClock: ClusterClock;
  readonly #mostBatchBytes: number;
  readonly #queued = new Backlog<Submission>();
  #flushPlanned = false;
  #inLog = 0;
  #bytesInLog = 0;
  readonly #flights = new Flights();
  /** Of all batches so far. */
  #proposedBytes = 0;
  /** Acquires in a queue of the state machine, by session and request. */
  readonly #waiting = new WaitingAcquires<Submission>();
  readonly #telling: TurnSlices;
  /** Not yet told that it came to nothing here (COMMANDS-5). */
  #untoldCommands = 0;
  #untoldWaits = 0;
  readonly #commitListeners = new Set<(seconds: number) => void>();
  /** Whether a command was traced: else nobody asks. */
  #traces = false;
  proposedBatches = 0;
  proposedCommands = 0;

  /** @param mostBatchBytes Smaller in tests. */
  constructor(
    replica: Replica,
    clock: Clock,
    clusterClock: ClusterClock,
    mostBatchBytes: number = maxBatchBytes,
  ) {
    this.#mostBatchBytes = Math.min(mostBatchBytes, sharedBatchBytes); // BOUND-6
    this.#replica = replica;
    this.#clock = clock;
    this.#clusterClock = clusterClock;
    this.#telling = new TurnSlices(clock);
  }

  get pendingCommands(): number {
    return this.#queued.count + this.#inLog + this.#untoldCommands;
  }

  get waitingAcquires(): number {
    return this.#waiting.count + this.#untoldWaits;
  }

  onCommit(listener: (seconds: number) => void): () => void {
    this.#commitListeners.add(listener);
    return () => this.#commitListeners.delete(listener);
  }

  /**
   * Calls `resolve` once with the command's result; for an acquire that waits, with the outcome of the
   * wait. Or `reject`, with `Interrupted`, `overloaded` or `limit_exceeded`. Callbacks and no promise: this is the hot path.
   */
  submit(
    envelope: Envelope,
    resolve: (result: CommandResult) => void,
    reject: (error: Error) => void,
    trace?: TraceParent,
    deadlineMs: number = Number.POSITIVE_INFINITY,
  ): void {
    const loggable = withinLevel(envelope, this.#replica.state.featureLevel);
    if ('tooNew' in loggable) {
      reject(notYet(loggable.tooNew, this.#replica.state.featureLevel));
      return;
    }
    const encoded = encodedOr(reject, loggable.envelope);
    if (encoded === undefined) return;
    const byteLength = encodedBytes(encoded);
    const refusal = this.#refusalOf(byteLength) ?? this.#replica.room.refusalOf(loggable.envelope);
    if (refusal !== undefined) {
      reject(refusal);
      return;
    }
    const { command } = loggable.envelope;
    const key =
      isAcquire(command) && command.waitMs > 0
        ? waitKey(command.sessionId, command.requestId, nameOf(command))
        : undefined;
    const submission = {
      envelope: loggable.envelope,
      encoded,
      byteLength,
      resolve,
      reject,
      waitKey: key,
      trace: trace === undefined ? undefined : this.#traced(trace, command.type),
      deadlineMs,
    };
    if (key !== undefined) this.#waiting.add(key, submission); // COMMANDS-2
    this.#queued.push(submission);
    this.#planFlush();
  }

  #traced(parent: TraceParent, command: string): CommandTrace {
    this.#traces = true;
    return new CommandTrace(parent, command);
  }

  /** COMMANDS-3, COMMANDS-4. */
  #refusalOf(byteLength: number): HoldfastError | undefined {
    if (byteLength > maxCommandBytes) return tooLarge(byteLength);
    const pendingBytes = this.#queued.byteLength + this.#bytesInLog;
    if (
      this.pendingCommands < maxPendingCommands &&
      pendingBytes + byteLength <= maxPendingBytes &&
      this.waitingAcquires < maxWaitingAcquires
    )
      return undefined;
    return atCapacity(this.pendingCommands, pendingBytes, this.waitingAcquires);
  }

  /** Tells the waits that ended. */
  onEvents(events: readonly Event[]): void {
    for (const event of events) {
      if (event.type !== 'wait_ended') continue;
      const { result } = event;
      const ended = this.#waiting.take(waitKey(event.sessionId, event.requestId, event.name));
      if (ended === undefined) continue;
      if ('resolve' in ended) ended.resolve(result);
      else this.#tellWaits(ended, (waiting) => waiting.resolve(result)); // COMMANDS-5
    }
  }

  /** What waited for room in the log may go now, or leadership came back after a transfer that failed. */
  flushSoon(): void {
    if (this.#queued.count > 0) this.#planFlush();
  }

  #unregister(submission: Submission): void {
    if (submission.waitKey !== undefined) this.#waiting.remove(submission.waitKey, submission);
  }

  /** These came to nothing here (COMMANDS-5). */
  #tell(submissions: readonly Submission[], error: Error): void {
    for (const submission of submissions) {
      this.#unregister(submission);
      submission.trace?.ended('interrupted');
    }
    this.#untoldCommands += submissions.length;
    this.#telling.add(this.#rejections(submissions, error));
  }

  /** This node no longer leads. Commands in the log are told by the replica. */
  interrupt(): void {
    this.#tell(this.#queued.takeAll(), new Interrupted(false, 'this node stopped leading'));
    this.endWaits(new Interrupted(true, 'this node stopped leading'));
  }

  /** Rejects every waiting acquire (COMMANDS-5); their places in the state's queues stay. */
  endWaits(error: Error): void {
    this.#untoldWaits += this.#waiting.count;
    this.#telling.add(this.#endsOfWaits(this.#waiting.takeAll(), (one) => one.reject(error)));
  }

  /** Copies of one acquire: there may be very many. */
  #tellWaits(copies: ReadonlySet<Submission>, tell: (waiting: Submission) => void): void {
    this.#untoldWaits += copies.size;
    this.#telling.add(this.#endsOfWaits(copies, tell));
  }

  /** Resolves when everybody has been told whose command came to nothing here. */
  allTold(): Promise<void> {
    return this.#telling.done();
  }

  *#rejections(submissions: readonly Submission[], error: Error): Generator<() => void> {
    for (const submission of submissions)
      yield () => {
        this.#untoldCommands -= 1;
        submission.reject(error);
      };
  }

  *#endsOfWaits(
    waits: Iterable<Submission>,
    tell: (waiting: Submission) => void,
  ): Generator<() => void> {
    for (const waiting of waits)
      yield () => {
        this.#untoldWaits -= 1;
        tell(waiting);
      };
  }

  #planFlush(): void {
    if (this.#flushPlanned || this.#flights.isFull) return;
    this.#flushPlanned = true;
    this.#clock.endOfTurn(() => {
      this.#flushPlanned = false;
      if (this.#flights.isFull) return;
      const flight = this.#flights.begin();
      const before = this.#proposedBytes;
      let mayGoOn = true;
      for (let count = 0; count < maxBatchesPerFlight && mayGoOn; count++) {
        if (this.#queued.count === 0 || this.#proposedBytes - before >= this.#mostBatchBytes / 2)
          break; // COMMANDS-10
        mayGoOn = this.#flushOne(flight);
      }
      this.#flights.leave(flight);
      if (mayGoOn && this.#queued.count > 0) this.#planFlush();
    });
  }

  /** Proposes one batch. Returns false when the rest has to wait. */
  #flushOne(flight: Flight): boolean {
    const startedMs = this.#clock.now();
    const time = this.#clusterClock.read(startedMs);
    // Taken out first: with one member the outcome may come before `propose` returns.
    const submissions = this.#inTime(
      this.#queued.take(
        maxCommandsPerBatch,
        this.#mostBatchBytes - batchOverheadBytes, // COMMANDS-4
        maxWorkPerBatch,
        ({ envelope }) => this.#replica.state.workOf(envelope.command), // COMMANDS-7
      ),
      startedMs,
    );
    if (submissions.length === 0) return true;
    const bytes = this.#enterLog(submissions, flight);
    const isTold = this.#replica.state.featureLevel >= callerLevel;
    const wallMs = isTold ? Math.floor(this.#clock.wallNow()) : undefined;
    const answer = this.#replica.propose(
      {
        time,
        commands: submissions.map((submission) => submission.envelope),
        ...(wallMs === undefined ? {} : { wallMs }),
      },
      (outcome) => {
        this.#leaveLog(submissions.length, bytes, flight);
        this.#settle(submissions, outcome, startedMs);
      },
      joinBatch(
        time,
        submissions.map((submission) => submission.encoded),
        wallMs,
        bytes,
      ),
      this.#traces ? () => tellCommitted(submissions) : undefined,
    );
    if (answer.ok) {
      this.proposedBatches += 1;
      this.proposedCommands += submissions.length;
      this.#proposedBytes += bytes;
      return true;
    }
    this.#leaveLog(submissions.length, bytes, flight);
    if (answer.reason === 'too_much_uncommitted' || answer.reason === 'transferring') {
      this.#queued.putBack(submissions);
      return false;
    }
    this.#tell(submissions, notProposed(answer, bytes));
    return true;
  }

  /** COMMANDS-9. */
  #inTime(submissions: Submission[], nowMs: number): readonly Submission[] {
    if (!submissions.some(({ deadlineMs }) => deadlineMs <= nowMs)) return submissions;
    const late = submissions.filter(({ deadlineMs }) => deadlineMs <= nowMs);
    this.#tell(late, tooLate());
    return submissions.filter(({ deadlineMs }) => deadlineMs > nowMs);
  }

  /** Returns the bytes of these. COMMANDS-1. */
  #enterLog(submissions: readonly Submission[], flight: Flight): number {
    let bytes = 0;
    for (const submission of submissions) bytes += submission.byteLength;
    this.#inLog += submissions.length;
    this.#bytesInLog += bytes;
    this.#flights.enter(flight);
    return bytes;
  }

  #leaveLog(count: number, bytes: number, flight: Flight): void {
    this.#inLog -= count;
    this.#bytesInLog -= bytes;
    this.#flights.leave(flight);
  }

  #settle(submissions: readonly Submission[], outcome: ProposalOutcome, startedMs: number): void {
    if (outcome.type === 'applied') {
      if (this.#commitListeners.size > 0) {
        const seconds = (this.#clock.now() - startedMs) / 1000;
        for (const listener of this.#commitListeners) listener(seconds);
      }
      const { results } = outcome.applied;
      for (let position = 0; position < submissions.length; position++) {
        const result = results[position];
        const submission = submissions[position];
        if (result === undefined || submission === undefined) continue;
        submission.trace?.ended(result.ok ? undefined : result.code);
        if (submission.waitKey !== undefined) {
          if (result.ok && result.type === 'queued') continue; // `wait_ended` answers, or has answered.
          this.#unregister(submission);
        }
        submission.resolve(result);
      }
      this.flushSoon();
      return;
    }
    const begun = outcome.type === 'unknown';
    this.#tell(submissions, new Interrupted(begun, 'this node stopped leading'));
  }
}

function tellCommitted(submissions: readonly Submission[]): void {
  for (const { trace } of submissions) trace?.committed();
}

function waitKey(sessionId: SessionId, requestId: RequestId, name: ResourceName): string {
  const request = typeof requestId === 'number' ? `#${String(requestId)}` : requestId;
  return `${sessionId} ${request} ${name}`;
}
