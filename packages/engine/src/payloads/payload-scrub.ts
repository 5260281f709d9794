/**
 * Reads all payloads of this node now and then, so that what the disk has damaged is fetched again while others have it.
 *
 * PSCRUB-1: it reads at most `mostPageBytes` of them a second, whoever else needs the disk, and none twice in a pass.
 */
import type { StateMachine } from '@holdfast/state';
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from '../clock.ts';
import { mostPageBytes, mostPerPage } from './payload-bounds.ts';
import type { PayloadRepairs } from './payload-repairs.ts';
import { textHere } from './payload-texts.ts';
import { Pauses } from './pauses.ts';

/** PSCRUB-1. */
const pageMs = 1000;
/** After a pass, and before the first one. */
const passMs = 3_600_000;

export interface ScrubParts {
  readonly store: PayloadStore;
  readonly clock: Pick<Clock, 'after' | 'endOfTurn'>;
  readonly state: () => Pick<StateMachine, 'queues'>;
  readonly repairs: Pick<PayloadRepairs, 'note'>;
}

export class PayloadScrub {
  readonly #parts: ScrubParts;
  readonly #pauses: Pauses;
  #stopped = false;

  constructor(parts: ScrubParts) {
    this.#parts = parts;
    this.#pauses = new Pauses(parts.clock);
  }

  begin(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopped = true;
    this.#pauses.end();
  }

  async #run(): Promise<void> {
    for (;;) {
      await this.#pauses.pause(passMs);
      if (this.#stopped) return;
      await this.#pass();
    }
  }

  async #pass(): Promise<void> {
    const { state, store, repairs } = this.#parts;
    let bytes = 0;
    for (const name of state().queues.names())
      for (const part of ['messages', 'dead_letters'] as const) {
        let after: number | undefined = 0;
        while (after !== undefined) {
          const page = state().queues.storedAfter(name, part, after, mostPerPage);
          for (const stored of page.stored) {
            if (this.#stopped) return;
            if ((await textHere(store, stored)) === undefined) repairs.note(name, stored);
            bytes += stored.byteLength;
            if (bytes < mostPageBytes) continue;
            bytes = 0;
            await this.#pauses.pause(pageMs);
          }
          after = page.next;
          await new Promise<void>((resolve) => this.#parts.clock.endOfTurn(resolve));
        }
      }
  }
}
