/** Takes a command to the leader, here or on another node, and cancels what a caller that left was waiting for. */
import type { Command, CommandResult, Envelope } from '@holdfast/state';
import type { Clock } from './clock.ts';
import type { CommandQueue } from './command-queue.ts';
import { shuttingDown, waitAbandoned } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import type { LeaderRoute } from './leader-route.ts';
import { envelopeOf, isRepeatable, isRepetition, withTimeLeft } from './submission.ts';
import type { CallOptions, EngineLog } from './types.ts';
import { makesSession } from './stamps.ts';
import type { Stamps } from './stamps.ts';
import { abandonOf, isAcquire, nameOf, waitMsOf } from './waits.ts';
import { Cancellations } from './cancellations.ts';

/** Of a call that sets none, besides what it may wait for. */
export const defaultTimeoutMs = 5000;

export interface SubmissionsOptions {
  readonly clock: Clock;
  readonly log: EngineLog;
  readonly queue: CommandQueue;
  readonly route: LeaderRoute;
  readonly stamps: Stamps;
}

export class Submissions {
  readonly #options: SubmissionsOptions;
  readonly #cancellations: Cancellations;

  constructor(options: SubmissionsOptions) {
    this.#options = options;
    const { clock, log, route } = options;
    this.#cancellations = new Cancellations({
      clock,
      log,
      isClosing: () => route.closing,
      submit: (abandon, identity) => this.#submitOnce(abandon, { identity }),
    });
  }

  submit(command: Command, options: CallOptions): Promise<CommandResult> {
    const submitted = this.#submitOnce(command, options);
    // Only what this node may have to cancel (WD1): this is the hot path.
    const isNamed = 'requestId' in command && typeof command.requestId === 'string';
    if (command.type !== 'abandon' && !isNamed) return submitted;
    submitted.catch((error: unknown) =>
      this.#cancellations.onFailed(command, options.identity, error),
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
    const deadlineMs = startedMs + waitMsOf(command) + (options.timeoutMs ?? defaultTimeoutMs);
    let result = await this.#submit(stamps.stamped(command), options, startedMs);
    while (stamps.isTooOld(result) && clock.now() < deadlineMs)
      result = await this.#submitRouted(stamps.stamped(command), options, startedMs, undefined);
    return result;
  }

  #submit(command: Command, options: CallOptions, startedMs: number): Promise<CommandResult> {
    if (options.signal !== undefined || this.#options.route.leaderNow() !== 'self')
      return this.#submitRouted(command, options, startedMs, undefined);
    // The hot path: nearly every command comes to the leader itself.
    return new Promise((resolve, reject) => {
      this.#options.queue.submit(envelopeOf(command, options), resolve, (error) => {
        if (error instanceof Interrupted)
          this.#submitRouted(command, options, startedMs, error).then(resolve, reject);
        else reject(error);
      });
    });
  }

  async #submitRouted(
    command: Command,
    options: CallOptions,
    startedMs: number,
    interruption: Interrupted | undefined,
  ): Promise<CommandResult> {
    const { signal } = options;
    const waitMs = waitMsOf(command);
    const deadlineMs = startedMs + waitMs + (options.timeoutMs ?? defaultTimeoutMs);
    const patience = { deadlineMs, signal };
    let repeated = interruption !== undefined && isRepetition(command);
    let result: CommandResult;
    try {
      result = await this.#options.route.follow(
        patience,
        isRepeatable(command),
        (leader) => {
          const timely = withTimeLeft(command, this.#options.clock.now() - startedMs);
          const envelope = envelopeOf(timely, options, repeated);
          repeated = isRepetition(command);
          if (leader === 'self') return this.submitHere(envelope, signal);
          const call = { type: 'submit', ...envelope } as const;
          return this.#options.route.ask(leader, patience, call) as Promise<CommandResult>;
        },
        interruption,
      );
    } catch (error) {
      if (signal?.aborted === true) this.#abandonLater(command, options);
      throw error;
    }
    if (signal?.aborted !== true || !isAcquire(command) || !result.ok) return result;
    // The caller left while the grant was on its way: give the late winner's hold back.
    return this.#abandonLater(command, options) ? waitAbandoned(nameOf(command)) : result;
  }

  /** Only on the leader. */
  submitHere(envelope: Envelope, signal: AbortSignal | undefined): Promise<CommandResult> {
    const outcome = new Promise<CommandResult>((resolve, reject) => {
      this.#options.queue.submit(envelope, resolve, reject);
    });
    const { command } = envelope;
    if (signal === undefined || waitMsOf(command) === 0) return outcome;
    const abandon = (): void => void this.#abandonLater(command, envelope);
    if (signal.aborted) abandon();
    signal.addEventListener('abort', abandon, { once: true });
    return outcome.finally(() => signal.removeEventListener('abort', abandon));
  }

  /**
   * The asker of this acquire is gone: tell the state, wherever the leader is.
   *
   * @returns False where it is not cancelled: it has a number, by which its caller may have come back already (WD1).
   */
  #abandonLater(command: Command, { identity }: Pick<Envelope, 'identity'>): boolean {
    const abandon = abandonOf(command);
    if (abandon === undefined || typeof abandon.requestId === 'number') return false;
    this.#cancellations.add(abandon, identity);
    return true;
  }
}
