/**
 * The waiters of one program for one name. What many ask at once comes late to everybody, to those who hold and have
 * to renew as well; and of those that wait one can be next at a time.
 *
 * GATE-1: so many of them at most stand in the wait queues of the voters and ask; the others wait here, who came first goes
 *     first, and take the place of one that goes. There they count as waiting since they came.
 * GATE-2: who waits here ends as it would there: by its deadline, by its signal, with what was heard last.
 */
import type { ClientClock } from '@holdfast/client/parts';
import { onAbort } from './abort-listeners.ts';
import type { Silence } from './round.ts';

/** More than one: when one is granted, the next stands there already. */
export const mostInside = 4;
/** What a timer takes. */
const longestTimerMs = 2 ** 31 - 1;

interface Gate {
  inside: number;
  /** First come, first. */
  readonly waiting: Set<() => void>;
  silent: readonly Silence[];
}

export class Gates {
  readonly #gates = new Map<string, Gate>();
  readonly #clock: ClientClock;

  constructor(clock: ClientClock) {
    this.#clock = clock;
  }

  /**
   * Resolves with how it was let in, or that its time is over first. Whoever is let in has to `leave`.
   *
   * @param untilMs By the clock.
   */
  enter(
    name: string,
    untilMs: number,
    signal: AbortSignal | undefined,
  ): Promise<'at_once' | 'later' | 'over'> {
    const gate = this.#gates.get(name) ?? { inside: 0, waiting: new Set(), silent: [] };
    this.#gates.set(name, gate);
    if (gate.inside < mostInside) {
      gate.inside += 1;
      return Promise.resolve('at_once');
    }
    return new Promise((resolve) => {
      let cancel: () => void = () => undefined;
      let ignore: () => void = () => undefined;
      const end = (how: 'later' | 'over'): void => {
        gate.waiting.delete(letIn);
        cancel();
        ignore();
        resolve(how);
      };
      const letIn = (): void => end('later');
      const over = (): void => end('over');
      const look = (): void => {
        const leftMs = untilMs - this.#clock.now();
        if (leftMs <= 0) over();
        else cancel = this.#clock.after(Math.min(leftMs, longestTimerMs), look);
      };
      gate.waiting.add(letIn);
      if (signal?.aborted === true) over();
      else {
        ignore = onAbort(signal, over);
        look();
      }
    });
  }

  leave(name: string): void {
    const gate = this.#gates.get(name);
    if (gate === undefined) return;
    const [next] = gate.waiting;
    if (next !== undefined) {
      next();
      return;
    }
    gate.inside -= 1;
    if (gate.inside === 0) this.#gates.delete(name);
  }

  /** One that is inside was granted nothing. */
  tell(name: string, silent: readonly Silence[]): void {
    const gate = this.#gates.get(name);
    if (gate !== undefined) gate.silent = silent;
  }

  /** Who was silent when one of those inside asked last (GATE-2). */
  silent(name: string): readonly Silence[] {
    return this.#gates.get(name)?.silent ?? [];
  }
}
