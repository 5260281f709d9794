/** One client of the quorum in a process of its own. */
import type { QuorumSet } from '@holdfast/protocol';
import { ClientProcess } from '../clients/client-process.ts';
import type { ClientOptions } from '../clients/client-process.ts';
import type { FromQuorumClient, ToQuorumClient } from './quorum-client-entry.ts';

interface Listener {
  readonly hear: (said: FromQuorumClient) => void;
  readonly fail: (why: string) => void;
}

export class QuorumClient extends ClientProcess {
  readonly #listening = new Set<Listener>();
  #set: QuorumSet;
  #asked = 0;

  /** @param set Which it names, until it is told of another one. */
  constructor(options: ClientOptions, set: QuorumSet) {
    super(options);
    this.#set = set;
  }

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
      this.#hears(type, withinMs, (said) => said.type === type && said.id === id, id);
    const shares = hears('shares');
    shares.catch(() => undefined); // Whoever wants to know asks.
    const served = hears('served');
    this.tell({ type: 'serve', id } satisfies ToQuorumClient);
    await served;
    return () => shares;
  }

  /** The nodes are these from now on, also for a process that is started later. */
  use(set: QuorumSet): void {
    this.#set = set;
    this.tell({ type: 'set', set } satisfies ToQuorumClient);
  }

  /** Resolves when it holds a lock and is paused. @throws Error when it does not in time. */
  async standHolding(withinMs: number): Promise<void> {
    const stands = this.#hears('stands', withinMs, ({ type }) => type === 'stands');
    this.tell({ type: 'stand' } satisfies ToQuorumClient);
    await stands;
  }

  protected override get environment(): Readonly<Record<string, string>> {
    return { ...super.environment, CHAOS_SET: JSON.stringify(this.#set) };
  }

  protected override hear(message: unknown): void {
    for (const { hear } of this.#listening) hear(message as FromQuorumClient);
  }

  protected override ended(): void {
    for (const { fail } of this.#listening) fail('ended');
  }

  /** @param id Of what it was asked: why that is refused is told where it takes too long. */
  #hears(
    what: string,
    withinMs: number,
    isIt: (said: FromQuorumClient) => boolean,
    id?: number,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      let refused = '';
      const end = (): void => {
        clearTimeout(timer);
        this.#listening.delete(listener);
      };
      const fail = (why: string): void => {
        end();
        reject(new Error(`${this.name} ${why} before it said "${what}".${refused}`));
      };
      const hear = (said: FromQuorumClient): void => {
        if (said.type === 'refused' && said.id === id) refused = ` The last refusal: ${said.why}`;
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
