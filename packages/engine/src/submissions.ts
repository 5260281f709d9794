/**
 * Takes a command to the leader, here or on another node, and cancels it there where its caller has gone (caller-signal.ts).
 *
 * SUBMISSION-1: a copy that is refused because rights have changed (OWNER-2 of the state) says nothing of the copies before it:
 *     where one of them may have been executed, the outcome is unknown.
 * SUBMISSION-2: a command that this node executes itself, as the leader, ends in its time, too (LEADER-ROUTE-3): where it is not
 *     applied by then, its caller is told that the outcome is unknown, and it stays where it is, in the queue or in the log.
 *     So it is while a majority answers heartbeats and does not write. The leader does not step down for that: whoever would take
 *     its place needs votes that the same majority has to write, so that nobody would lead, and what goes on without the
 *     log would end: reads, and the keepalives of sessions whose holds nobody else can be given meanwhile.
 * SUBMISSION-3: on the leader the deadline of a command ends when it is applied. What was taken by then is told, also where its
 *     payloads come later, from another member: how long they may take is bounded by PAYLOAD-9. Where the caller was told before
 *     that the outcome is unknown, nobody reads them. A follower that passed a command on waits until its deadline alone.
 */
import type { TraceParent } from '@holdfast/protocol';
import type { MemberId } from '@holdfast/raft';
import type { Command, CommandResult, Envelope } from '@holdfast/state';
import { commandAnswer } from './answers.ts';
import type { CacheWrites } from './cache/writes.ts';
import { CallDeadlines } from './call-deadlines.ts';
import { submitCancellable } from './caller-signal.ts';
import type { Clock } from './clock.ts';
import { notCommitted, outcomeUnknown, shuttingDown } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import { isBeside } from './payloads/payload-texts.ts';
import type { Payloads } from './payloads/payloads.ts';
import type { LeaderRoute } from './leader-route.ts';
import { envelopeOf, isRepeatable, isRepetition, withTimeLeft } from './submission.ts';
import { callerIn } from './types.ts';
import type { CallOptions, Caller, EngineLog } from './types.ts';
import { makesSession } from './stamps.ts';
import type { Stamps } from './stamps.ts';
import { waitMsOf } from './waits.ts';
import type { CancelCommand } from './waits.ts';
import { isForLater, Cancellations } from './cancellations.ts';

/** Of a call that sets none, besides what it may wait for. */
export const defaultTimeoutMs = 5000;

export interface SubmissionsOptions {
  readonly clock: Clock;
  readonly log: EngineLog;
  /** What waits there until its deadline is not begun any more (WRITE-6). */
  readonly queue: Pick<CacheWrites, 'submit'>;
  readonly route: LeaderRoute;
  readonly stamps: Stamps;
  /** Of what a command took (SUBMISSION-3). */
  readonly payloads: Pick<Payloads, 'taken'>;
}

/** How a command comes to the leader. */
interface Asked {
  readonly deadlineMs: number;
  readonly trace: TraceParent | undefined;
}

export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #cancellations: Cancellations;
  readonly #deadlines: CallDeadlines;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    const { clock, log, route } = options;
    this.#deadlines = new CallDeadlines(clock);
    this.#cancellations = new Cancellations({
      clock,
      log,
      isClosing: () => route.closing,
      submit: (cancelCommand, caller) => this.#submitOnce(cancelCommand, caller),
    });
  }

  submit(command: Command, options: CallOptions): Promise<CommandResult> {
    const { signal } = options;
    if (signal === undefined) return this.#submitNow(command, options);
    return this.#cancellable(command, options, signal, () => this.#submitNow(command, options));
  }

  #cancellable(
    command: Command,
    asked: Caller,
    signal: AbortSignal,
    submit: () => Promise<CommandResult>,
  ): Promise<CommandResult> {
    const caller = callerIn(asked);
    const cancel = async (cancelCommand: CancelCommand): Promise<void> => {
      const answer = await this.submit(cancelCommand, caller);
      if (!isForLater(answer)) return;
      this.#cancellations.add(cancelCommand, caller);
      throw outcomeUnknown();
    };
    return submitCancellable({ command, signal, submit, cancel });
  }

  #submitNow(command: Command, options: CallOptions): Promise<CommandResult> {
    const isNamed = 'requestId' in command && typeof command.requestId === 'string';
    const askedAt = isNamed ? this.#options.stamps.askedAt(command) : undefined; // STAMP-4
    const told = askedAt === undefined ? options : { ...options, askedAt };
    const submitted = this.#submitOnce(command, told);
    // Only what this node may have to cancel (CANCELLATION-1): this is the hot path.
    if (command.type !== 'abandon' && !isNamed) return submitted;
    submitted.catch((error: unknown) =>
      this.#cancellations.onFailed(command, callerIn(options), error),
    );
    return submitted;
  }

  #submitOnce(command: Command, options: CallOptions): Promise<CommandResult> {
    if (this.#options.route.closing) return Promise.reject(shuttingDown());
    const startedMs = this.#options.clock.now();
    return makesSession(command)
      ? this.#submitStamped(command, options, startedMs)
      : this.#submit(command, options, startedMs);
  }

  /** STAMP-1, STAMP-3. */
  async #submitStamped(
    command: Command,
    options: CallOptions,
    startedMs: number,
  ): Promise<CommandResult> {
    const { clock, stamps } = this.#options;
    const deadlineMs = deadlineOf(command, options, startedMs);
    let result = await this.#submit(stamps.stamped(command), options, startedMs);
    while (stamps.isTooOld(result) && clock.now() < deadlineMs)
      result = await this.#submitRouted(stamps.stamped(command), options, startedMs, undefined);
    return result;
  }

  #submit(command: Command, options: CallOptions, startedMs: number): Promise<CommandResult> {
    if (this.#options.route.leaderNow() !== 'self')
      return this.#submitRouted(command, options, startedMs, undefined);
    // The hot path: nearly every command comes to the leader itself.
    return new Promise((resolve, reject) => {
      const failed = (error: Error): void => {
        if (error instanceof Interrupted)
          this.#submitRouted(command, options, startedMs, error).then(resolve, reject);
        else reject(error);
      };
      const { trace } = options;
      const deadlineMs = deadlineOf(command, options, startedMs);
      this.#inQueue(envelopeOf(command, options), { deadlineMs, trace }, resolve, failed, reject);
    });
  }

  async #submitRouted(
    command: Command,
    options: CallOptions,
    startedMs: number,
    interruption: Interrupted | undefined,
  ): Promise<CommandResult> {
    const { signal, trace } = options;
    const deadlineMs = deadlineOf(command, options, startedMs);
    const bounds = { deadlineMs, signal };
    let repeated = interruption !== undefined && isRepetition(command);
    let mayBeDone = interruption?.begun === true;
    const ask = async (leader: MemberId | 'self'): Promise<CommandResult> => {
      const timely = withTimeLeft(command, this.#options.clock.now() - startedMs);
      const envelope = envelopeOf(timely, options, repeated);
      repeated = isRepetition(command);
      if (leader === 'self') return this.#submitToQueue(envelope, { deadlineMs, trace });
      const told = trace === undefined ? {} : { trace: trace.context };
      const call = { type: 'submit', ...envelope, ...told } as const;
      // It is cancelled by a command of its own, which goes to whoever leads by then.
      const alone = { deadlineMs, signal: undefined };
      return commandAnswer(command, await this.#options.route.ask(leader, alone, call));
    };
    return this.#options.route.follow(
      bounds,
      isRepeatable(command),
      async (leader) => {
        try {
          const result = await ask(leader);
          if (mayBeDone && !result.ok && result.code === 'access_changed') throw outcomeUnknown(); // SUBMISSION-1
          return result;
        } catch (error) {
          mayBeDone ||= !(error instanceof Interrupted) || error.begun;
          throw error;
        }
      },
      interruption,
    );
  }

  /** Only on the leader. @param signal Of a call that another node passed on: that node needs no answer any more. */
  submitHere(
    envelope: Envelope,
    signal: AbortSignal | undefined,
    asked: Asked,
  ): Promise<CommandResult> {
    const { command } = envelope;
    const submit = (): Promise<CommandResult> => this.#submitToQueue(envelope, asked);
    if (signal === undefined || waitMsOf(command) === 0) return submit();
    return this.#cancellable(command, envelope, signal, submit);
  }

  #submitToQueue(envelope: Envelope, asked: Asked): Promise<CommandResult> {
    return new Promise((resolve, reject) => {
      this.#inQueue(envelope, asked, resolve, reject, reject);
    });
  }

  /** SUBMISSION-2. @param late Called instead of the others, where the time is over before. */
  #inQueue(
    envelope: Envelope,
    { deadlineMs, trace }: Asked,
    resolve: (result: CommandResult) => void,
    reject: (error: Error) => void,
    late: (error: Error) => void,
  ): void {
    const call = this.#deadlines.add(deadlineMs, () => late(notCommitted()));
    this.#options.queue.submit(
      envelope,
      (result) => {
        if (!this.#deadlines.end(call)) return; // SUBMISSION-3
        if (isBeside(result)) this.#options.payloads.taken(result).then(resolve, reject);
        else resolve(result);
      },
      (error) => {
        if (this.#deadlines.end(call)) reject(error);
      },
      trace,
      deadlineMs,
    );
  }
}

const deadlineOf = (
  command: Command,
  { timeoutMs = defaultTimeoutMs }: CallOptions,
  startedMs: number,
): number => startedMs + waitMsOf(command) + timeoutMs;
