/**
 * The recovery of a node without a file: asks the other nodes what they know until recovery.ts
 * says that it may vote. Whom to ask is the set of its file: no client tells it (SET-2).
 */
import type { QuorumTokensAnswer } from '@holdfast/protocol';
import type { LeaseHost } from './host.ts';
import type { HostClock } from './host-options.ts';
import type { Recovery } from './recovery.ts';

const askEveryMs = 250;
/** While all are there and are about to agree. */
const askSoonMs = 20;
/** Nodes that have not agreed after so many rounds do not soon. */
const soonRounds = 20;

export interface RejoinOptions {
  readonly host: LeaseHost;
  readonly recovery: Recovery;
  readonly clock: HostClock;
  /** The id of the set. */
  readonly set: string;
  /** Rejects when there is no answer in time. @param after Which page; undefined: only what it says of itself. */
  readonly ask: (peer: string, after: string | undefined) => Promise<QuorumTokensAnswer>;
  /** Has the other one write down with whom the cluster begins, where it has nothing yet (VOTER-RECOVERY-2). */
  readonly propose: (peer: string, bootstrapSet: readonly number[]) => Promise<void>;
  /** Names of the other members. */
  readonly others: readonly string[];
  readonly onVoting: () => void;
  /** It answered. */
  readonly onHeard?: (peer: string) => void;
  readonly onError: (peer: string, error: unknown) => void;
}

export class Rejoin {
  readonly #options: RejoinOptions;
  #cancelTimer: () => void = () => undefined;
  #stopped = false;
  #asking: Promise<void> | undefined;
  #beginningRounds = 0;

  constructor(options: RejoinOptions) {
    this.#options = options;
    void this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  /** One round at a time: who asks meanwhile gets the same one. */
  #ask(): Promise<void> {
    this.#asking ??= this.#round().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #round(): Promise<void> {
    const { host, recovery, clock, others, onVoting, onHeard, onError } = this.#options;
    this.#cancelTimer();
    if (host.hasRecovered || this.#stopped) return;
    const isTime = recovery.beginRound(clock.now());
    await Promise.all(
      others.map((peer) =>
        this.#hear(peer, isTime).then(
          () => onHeard?.(peer),
          (error: unknown) => onError(peer, error),
        ),
      ),
    );
    if (this.#stopped) return;
    try {
      host.lookAtRecovery();
    } catch (error) {
      onError('its own disk', error);
    }
    if (host.hasRecovered) {
      if (host.voting) onVoting();
    } else {
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

  /** @param isTime Whether what it knows is asked for, too (VOTER-RECOVERY-1). */
  async #hear(peer: string, isTime: boolean): Promise<void> {
    const { host, recovery, set, ask, propose } = this.#options;
    for (let after: string | undefined | null = isTime ? '' : undefined; after !== null;) {
      const page: QuorumTokensAnswer = await ask(peer, after);
      if (page.set !== set)
        throw new Error(
          page.set === ''
            ? 'it is a member of no set yet'
            : `it is of another set (epoch ${String(page.epoch)}, ${page.set}), not of ${set}: correct its --peers, or those of this node`,
        );
      if (this.#stopped) return;
      await host.adopt(page);
      recovery.heard(page, isTime && page.next === null);
      after = page.next;
      if (page.fresh && page.bootstrap_set.length === 0 && host.bootstrapSet.length > 0)
        await propose(peer, host.bootstrapSet);
    }
  }
}
