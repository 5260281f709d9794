/** One client of the quorum in a process of its own. */
import type { QuorumSet } from '@holdfast/protocol';
import { ClientProcess } from '../clients/client-process.ts';
import type { FromQuorumClient, ToQuorumClient } from './quorum-client-entry.ts';

interface Listener {
  readonly hear: (said: FromQuorumClient) => void;
  readonly fail: (why: string) => void;
}

export class QuorumClient extends ClientProcess {
  readonly #listening = new Set<Listener>();
  #asked = 0;

  /**
   * Resolves when it has been given a lock of its own that it began to ask for after this call, with what
   * resolves when it has been given one that all want as well.
   *
   * @throws Error when it is not in time.
   */
  async served(withinMs: number): Promise<() => Promise<void>> {
    if (!this.runs) throw new Error(`${this.name} has ended.`);
    const id = ++this.#asked;
    const hears = (type: 'served' | 'shares'): Promise<void> =>
      this.#hears(type, withinMs, (said) => said.type === type && said.id === id);
    const shares = hears('shares');
    shares.catch(() => undefined); // Whoever wants to know asks.
    const served = hears('served');
    this.tell({ type: 'serve', id } satisfies ToQuorumClient);
    await served;
    return () => shares;
  }

  /** The nodes are these from now on. */
  use(set: QuorumSet): void {
    this.tell({ type: 'set', set } satisfies ToQuorumClient);
  }

  /** Resolves when it holds a lock and is paused. @throws Error when it does not in time. */
  async standHolding(withinMs: number): Promise<void> {
    const stands = this.#hears('stands', withinMs, ({ type }) => type === 'stands');
    this.tell({ type: 'stand' } satisfies ToQuorumClient);
    await stands;
  }

  protected override hear(message: unknown): void {
    for (const { hear } of this.#listening) hear(message as FromQuorumClient);
  }

  protected override ended(): void {
    for (const { fail } of this.#listening) fail('ended');
  }

  #hears(what: string, withinMs: number, isIt: (said: FromQuorumClient) => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#listening.delete(listener);
      };
      const fail = (why: string): void => {
        end();
        reject(new Error(`${this.name} ${why} before it said "${what}".`));
      };
      const hear = (said: FromQuorumClient): void => {
        if (!isIt(said)) return;
        end();
        resolve();
      };
      const timer = setTimeout(() => fail(`took ${String(withinMs)} ms`), withinMs);
      const listener: Listener = { hear, fail };
      this.#listening.add(listener);
    });
  }
}
