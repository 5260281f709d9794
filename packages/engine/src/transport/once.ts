/** Says the same of the same peer at most once a minute: a peer that is refused comes back every second. */
import type { Clock } from '../clock.ts';

const quietMs = 60_000;
const maxRemembered = 256;

export class OncePerPeer {
  readonly #clock: Clock;
  readonly #saidMs = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param what Tells one thing that may be said from another. */
  say(peer: string, what: string, say: () => void): void {
    const key = `${peer} ${what}`;
    const nowMs = this.#clock.now();
    const saidMs = this.#saidMs.get(key);
    if (saidMs !== undefined && nowMs - saidMs < quietMs) return;
    if (this.#saidMs.size >= maxRemembered) this.#saidMs.clear();
    this.#saidMs.set(key, nowMs);
    say();
  }
}
