/**
 * The way back to voting of a node without a file: asks the other nodes what they know until recovery.ts
 * says that it may vote. Whom to ask is told on the command line, or by the first client that comes.
 */
import type { QuorumTokensAnswer } from '@holdfast/protocol';
import type { HostClock, LeaseHost } from './host.ts';
import type { Recovery } from './recovery.ts';

const askEveryMs = 250;
/** While all are there and are about to agree. */
const askSoonMs = 20;
/** Nodes that have not agreed after so many rounds do not soon. */
const soonRounds = 20;
/** For one client that introduces the nodes to each other: each writes down the others, then looks again. */
const introductionRounds = 8;

export interface RejoinOptions {
  readonly host: LeaseHost;
  readonly recovery: Recovery;
  readonly clock: HostClock;
  readonly epoch: number;
  /** Rejects when there is no answer in time. @param after Which page; undefined: only what it says of itself. */
  readonly ask: (peer: string, after: string | undefined) => Promise<QuorumTokensAnswer>;
  /** Has the other one write down with whom the cluster begins, where it has nothing yet (V2). */
  readonly propose: (peer: string, founders: readonly number[]) => Promise<void>;
  /** As configured; empty: the first client tells. */
  readonly peers: readonly string[];
  readonly onVoting: () => void;
  readonly onKnown: (others: readonly string[]) => void;
  readonly onError: (peer: string, error: unknown) => void;
}

export class Rejoin {
  readonly #options: RejoinOptions;
  #others: readonly string[] = [];
  #cancelTimer: () => void = () => undefined;
  #stopped = false;
  #asking: Promise<void> | undefined;
  #beginningRounds = 0;
  #haveAllAnswered = false;

  constructor(options: RejoinOptions) {
    this.#options = options;
    if (options.peers.length > 0) this.#know(options.peers);
  }

  /**
   * A client tells who the others are. What was configured stands; what another client told stands when all
   * of those have answered: it may have been mistyped, or be true on its own machine only.
   */
  async introduce(others: readonly string[]): Promise<void> {
    const { host, recovery, clock } = this.#options;
    if (this.#mayBeWrong(others)) this.#know(others);
    for (let rounds = 0; rounds < introductionRounds; rounds++) {
      await this.#ask();
      if (host.voting || this.#stopped || !recovery.isBeginning) return;
      await new Promise<void>((resolve) => void clock.after(askSoonMs, resolve));
    }
  }

  #mayBeWrong(others: readonly string[]): boolean {
    if (this.#others.length === 0) return true;
    if (this.#options.peers.length > 0 || this.#haveAllAnswered) return false;
    return (
      others.length === this.#others.length && others.some((url) => !this.#others.includes(url))
    );
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  #know(others: readonly string[]): void {
    this.#options.onKnown(others);
    this.#others = others;
    this.#options.recovery.setOthers(others.length);
    void this.#ask();
  }

  /** One round at a time: who asks meanwhile gets the same one. */
  #ask(): Promise<void> {
    this.#asking ??= this.#round().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #round(): Promise<void> {
    const { host, recovery, clock, onVoting, onError } = this.#options;
    this.#cancelTimer();
    if (host.voting || this.#stopped) return;
    const others = this.#others;
    const isTime = recovery.beginRound(clock.now());
    await Promise.all(
      others.map((peer) =>
        this.#hear(peer, others, isTime).catch((error: unknown) => onError(peer, error)),
      ),
    );
    if (this.#stopped) return;
    if (others !== this.#others) {
      // They were told anew meanwhile: nothing of this round counts.
      this.#cancelTimer = clock.after(askSoonMs, () => void this.#ask());
      return;
    }
    this.#haveAllAnswered = recovery.areAllHeard;
    try {
      host.lookAtRecovery();
    } catch (error) {
      onError('its own disk', error);
    }
    if (host.voting) onVoting();
    else {
      if (recovery.isBeyond)
        onError(
          'the others',
          new Error(
            'too few of them vote: others have lost their files too. Where a majority has, nobody knows the tokens: start all nodes with new files and a larger --epoch',
          ),
        );
      this.#beginningRounds = recovery.isBeginning ? this.#beginningRounds + 1 : 0;
      const isSoon = this.#beginningRounds > 0 && this.#beginningRounds <= soonRounds;
      const pauseMs = isSoon ? askSoonMs : askEveryMs;
      this.#cancelTimer = clock.after(pauseMs, () => void this.#ask());
    }
  }

  /** @param isTime Whether what it knows is asked for, too (V1). */
  async #hear(peer: string, others: readonly string[], isTime: boolean): Promise<void> {
    const { host, recovery, epoch, ask, propose } = this.#options;
    for (let after: string | undefined | null = isTime ? '' : undefined; after !== null;) {
      const page: QuorumTokensAnswer = await ask(peer, after);
      if (page.epoch !== epoch)
        throw new Error(`it is of configuration ${String(page.epoch)}, not ${String(epoch)}`);
      if (this.#stopped) return;
      await host.adopt(page);
      if (others !== this.#others) return;
      recovery.heard(page, isTime && page.next === null);
      after = page.next;
      if (page.fresh && page.founders.length === 0 && host.founders.length > 0)
        await propose(peer, host.founders);
    }
  }
}
