/**
 * The way of a call to the leader, and what becomes of it when the leader is lost.
 *
 * LEADER-ROUTE-2: a call is repeated with the next leader only when it certainly was not executed, or when that one
 *     knows it again (a request id, a session id made outside, a member's id: MEMBERS-1).
 * LEADER-ROUTE-3: every call ends within its deadline: with an answer, or with an error that tells whether it may
 *     have been executed. What this node executes itself ends by SUBMISSION-2 of submissions.ts.
 * LEADER-ROUTE-4: a call waits for a leader only as long as this node follows it: a leader that is paused keeps
 *     its connections open and answers nothing.
 * LEADER-ROUTE-5: however many wait for a change, they go on a slice a turn (SLICE-2), in the order in which they came.
 */
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import type { MemberId, Status } from '@holdfast/raft';
import { unwrapAnswer } from './calls.ts';
import type { Call, WithoutTimeout } from './calls.ts';
import type { Clock } from './clock.ts';
import { noQuorum, outcomeUnknown, shuttingDown, tooLargeForPeers } from './failures.ts';
import { Interrupted } from './interrupted.ts';
import { TurnSlices } from './turn-slices.ts';
import { CallFailed, CallTooLarge } from './transport/types.ts';
import type { Transport } from './transport/types.ts';

/** How long a node that lost the leader waits before it asks the same one again. */
const retryPauseMs = 20;
/** A former leader that lives tells within this time what became of the calls it was asked. */
const formerLeaderGraceMs = 100;

/** A node refused one attempt by itself, and that one had no effect. */
const isRefusedHere = (error: unknown): boolean =>
  error instanceof HoldfastError &&
  error.effect === 'none' &&
  errorDefinitions[error.code].by === 'node';

/** Who leads, as a caller of this node sees it. */
export type Leader = 'self' | MemberId;

/** How long a call may take, and who may cancel it. */
export interface CallBounds {
  readonly deadlineMs: number;
  readonly signal: AbortSignal | undefined;
}

export class LeaderRoute {
  readonly #clock: Clock;
  readonly #transport: Transport;
  #changeWaiters = new Set<() => void>();
  readonly #waking: TurnSlices;
  #status: Status;
  #closing = false;

  constructor(clock: Clock, transport: Transport, status: Status) {
    this.#clock = clock;
    this.#transport = transport;
    this.#status = status;
    this.#waking = new TurnSlices(clock);
  }

  get closing(): boolean {
    return this.#closing;
  }

  assertOpen(): void {
    if (this.#closing) throw shuttingDown();
  }

  /** From now on nothing is begun. */
  close(): void {
    this.#closing = true;
    this.wake();
  }

  update(status: Status): void {
    const before = this.#status;
    this.#status = status;
    if (status.leader !== before.leader && before.leader !== null)
      this.#transport.interruptCalls(before.leader, formerLeaderGraceMs); // LEADER-ROUTE-4
    this.wake();
  }

  /** LEADER-ROUTE-5. */
  wake(): void {
    const waiters = this.#changeWaiters;
    if (waiters.size === 0) return;
    this.#changeWaiters = new Set();
    this.#waking.add(waiters);
  }

  leaderNow(): Leader | undefined {
    const { role, ready, leader } = this.#status;
    if (role === 'leader') return ready ? 'self' : undefined;
    return leader ?? undefined;
  }

  /**
   * Lets the leader execute something, and the next one where this one is lost (LEADER-ROUTE-2, LEADER-ROUTE-3).
   *
   * @param attempt Told whether one before it may have been executed.
   * @param interruption What an attempt met that was made before.
   */
  async follow<T>(
    bounds: CallBounds,
    repeatable: boolean,
    attempt: (leader: Leader, repeated: boolean) => Promise<T>,
    interruption?: Interrupted,
  ): Promise<T> {
    let begun = false;
    const goOn = async (interrupted: Interrupted): Promise<void> => {
      begun ||= interrupted.begun;
      if (begun && !repeatable) throw outcomeUnknown();
      this.assertOpen();
      await this.changeOrPause(retryPauseMs);
      this.#assertWanted(bounds, begun);
    };
    if (interruption !== undefined) await goOn(interruption);
    for (;;) {
      const leader = this.leaderNow() ?? (await this.#waitForLeader(bounds, begun));
      try {
        return await attempt(leader, begun);
      } catch (error) {
        // LEADER-ROUTE-3: that an attempt was refused tells nothing of those before it.
        if (begun && isRefusedHere(error)) throw outcomeUnknown();
        if (!(error instanceof Interrupted)) throw error;
        await goOn(error);
      }
    }
  }

  async #waitForLeader(bounds: CallBounds, begun: boolean): Promise<Leader> {
    for (;;) {
      this.assertOpen();
      this.#assertWanted(bounds, begun);
      const leader = this.leaderNow();
      if (leader !== undefined) return leader;
      await this.changeOrPause(Math.min(bounds.deadlineMs - this.#clock.now(), 100));
    }
  }

  /** LEADER-ROUTE-3: nothing is tried again for a caller that waits no longer, whoever leads. */
  #assertWanted({ deadlineMs, signal }: CallBounds, begun: boolean): void {
    if (signal?.aborted === true)
      throw new HoldfastError('cancelled', 'The caller cancelled the call.');
    if (this.#clock.now() >= deadlineMs) throw begun ? outcomeUnknown() : noQuorum();
  }

  /** Asks another node, the leader. What breaks on the way is an interruption. */
  async ask(
    leader: MemberId,
    { deadlineMs, signal }: CallBounds,
    call: WithoutTimeout<Call>,
  ): Promise<unknown> {
    const timeoutMs = Math.ceil(deadlineMs - this.#clock.now());
    if (timeoutMs <= 0) throw noQuorum();
    let answer: unknown;
    try {
      answer = await this.#transport.call(leader, { ...call, timeoutMs }, signal, timeoutMs);
    } catch (error) {
      if (error instanceof CallTooLarge && error.sent && call.type === 'submit')
        throw outcomeUnknown(); // It was executed, and its answer is what does not fit.
      if (error instanceof CallTooLarge) throw tooLargeForPeers(error);
      if (error instanceof CallFailed) throw new Interrupted(error.sent, error.message);
      throw error;
    }
    return unwrapAnswer(answer);
  }

  /** For a call of a peer, which is answered here or nowhere: until this node leads and is ready. */
  async whenReadyHere(deadlineMs: number): Promise<void> {
    while (this.#status.role === 'leader' && !this.#status.ready) {
      if (this.#clock.now() >= deadlineMs) throw new Interrupted(false, 'not ready to lead');
      await this.changeOrPause(100);
    }
    if (this.#closing || this.leaderNow() !== 'self')
      throw new Interrupted(false, 'not the leader');
  }

  /** Resolves with the next change of the status, or after a while. */
  changeOrPause(longestMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiters = this.#changeWaiters;
      const wake = (): void => {
        cancel();
        resolve();
      };
      // Those whose time is up at the same moment may be as many as those that a change wakes (LEADER-ROUTE-5).
      const cancel = this.#clock.after(longestMs, () => {
        if (waiters !== this.#changeWaiters) return; // A change wakes it already.
        waiters.delete(wake);
        this.#waking.add([wake]);
      });
      waiters.add(wake);
    });
  }
}
