/** Asks a node for a word from time to time while it is only listened to (REACH-3): else nobody would notice its silence. */
import type { ClientClock } from './clock.ts';

export const listeningPingEveryMs = 5000;

export class Listening {
  readonly #clock: ClientClock;
  readonly #isOn: () => boolean;
  readonly #ping: () => void;
  #cancel: (() => void) | undefined;

  /** @param isOn Whether there is something to listen to. */
  constructor(clock: ClientClock, isOn: () => boolean, ping: () => void) {
    this.#clock = clock;
    this.#isOn = isOn;
    this.#ping = ping;
  }

  /** Goes on as long as there is something to listen to. */
  begin(): void {
    this.#cancel ??= this.#clock.after(listeningPingEveryMs, () => {
      this.#cancel = undefined;
      if (!this.#isOn()) return;
      this.#ping();
      this.begin();
    });
  }

  end(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
