/**
 * The way back to voting of a node without a file: asks the other nodes what they know until recovery.ts
 * says that it may vote. Whom to ask is told on the command line, or by the first client that comes.
 */
import type { QuorumTokensAnswer } from '@holdfast/protocol';
import type { HostClock, LeaseHost } from './host.ts';
import type { Recovery } from './recovery.ts';

const askEveryMs = 250;

export interface RejoinOptions {
  readonly host: LeaseHost;
  readonly recovery: Recovery;
  readonly clock: HostClock;
  readonly epoch: number;
  /** One page. Rejects when there is no answer in time. */
  readonly ask: (peer: string, after: string) => Promise<QuorumTokensAnswer>;
  /** As configured; empty: the first client tells. */
  readonly peers: readonly string[];
  readonly onVoting: () => void;
  readonly onError: (peer: string, error: unknown) => void;
}

export class Rejoin {
  readonly #options: RejoinOptions;
  #others: readonly string[] = [];
  #cancelTimer: () => void = () => undefined;
  #stopped = false;
  #asking: Promise<void> | undefined;

  constructor(options: RejoinOptions) {
    this.#options = options;
    if (options.peers.length > 0) this.#know(options.peers);
  }

  /** A client tells who the others are. What was configured, or told before, stands. */
  async introduce(others: readonly string[]): Promise<void> {
    if (this.#others.length === 0) this.#know(others);
    await this.#ask();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer();
  }

  #know(others: readonly string[]): void {
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
    const { host, clock, onVoting, onError } = this.#options;
    this.#cancelTimer();
    if (host.voting || this.#stopped) return;
    await Promise.all(
      this.#others.map((peer) =>
        this.#adoptFrom(peer).catch((error: unknown) => onError(peer, error)),
      ),
    );
    try {
      host.lookAtRecovery();
    } catch (error) {
      onError('its own disk', error);
    }
    if (this.#stopped) return;
    if (host.voting) onVoting();
    else this.#cancelTimer = clock.after(askEveryMs, () => void this.#ask());
  }

  async #adoptFrom(peer: string): Promise<void> {
    const { host, recovery, clock, epoch, ask } = this.#options;
    for (let after: string | null = ''; after !== null && !this.#stopped;) {
      const page: QuorumTokensAnswer = await ask(peer, after);
      if (page.epoch !== epoch)
        throw new Error(`it is of configuration ${String(page.epoch)}, not ${String(epoch)}`);
      await host.adopt(peer, page, page.next === null);
      after = page.next;
      // Beyond what recovery.ts can mend, unless that one comes back to voting.
      if (after === null && !page.voting && recovery.waitMs(clock.now()) === 0)
        throw new Error(
          'it has lost its file too. Where a majority has, nobody knows the tokens: start all nodes with new files and a larger --epoch',
        );
    }
  }
}
