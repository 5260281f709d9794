/**
 * What becomes of sessions while leaders change.
 *
 * LS-1: no session expires while its client believes in it, by its own clock.
 * LS-2: the session of a client that is dead has expired, and with that all it held is free, at the latest after twice
 *     its timeout and a second, in which there was a leader: by true time, and clocks may run as far off as they do.
 * LS-3: where nothing worse happens than that leadership is handed over, no client that lives loses its session.
 */
import type { Session } from '@holdfast/client';
import type { Machine } from '../world/machine.ts';
import type { World } from '../world/world.ts';

const graceMs = 1000;

interface Watched {
  readonly session: Session;
  readonly machine: Machine;
  readonly process: number;
  /** Time with a leader when its client died. */
  diedAtLedMs: number | undefined;
}

export class Leases {
  readonly #world: World;
  readonly #clockDrift: number;
  readonly #isGentle: boolean;
  readonly #watched = new Map<string, Watched>();
  #ledMs = 0;
  /** Sessions of dead clients that have expired, and the longest time that one took. */
  expired = 0;
  longestMs = 0;

  constructor(world: World, clockDrift: number, isGentle: boolean) {
    this.#world = world;
    this.#clockDrift = clockDrift;
    this.#isGentle = isGentle;
  }

  /** How many sessions of dead clients stand. */
  get dead(): number {
    return [...this.#watched.values()].filter(({ diedAtLedMs }) => diedAtLedMs !== undefined)
      .length;
  }

  began(session: Session, machine: Machine): void {
    const { process } = machine;
    this.#watched.set(session.id, { session, machine, process, diedAtLedMs: undefined });
    session.signal.addEventListener('abort', () => {
      // LS-3
      if (this.#isGentle && session.state === 'lost' && machine.process === process)
        this.#world.violation(`${machine.name} lost its session though the leader only moved.`);
    });
  }

  died(machine: Machine): void {
    for (const watched of this.#watched.values())
      if (watched.machine === machine && watched.process === machine.process)
        watched.diedAtLedMs ??= this.#ledMs;
  }

  /** So much time has passed, with a leader. LS-2. */
  led(durationMs: number): void {
    this.#ledMs += durationMs;
    for (const [id, { session, machine, diedAtLedMs }] of this.#watched) {
      if (diedAtLedMs === undefined) continue;
      const boundMs = 2 * session.timeoutMs * (1 + 2 * this.#clockDrift) + graceMs;
      if (this.#ledMs - diedAtLedMs > boundMs)
        this.#world.violation(
          `The session ${id} of ${machine.name}, ${String(session.timeoutMs)} ms, still stands ${String(Math.round(this.#ledMs - diedAtLedMs))} ms after its client died.`,
        );
    }
  }

  /** The cluster has ended it. LS-1. */
  ended(id: string, reason: 'ended' | 'expired'): void {
    const watched = this.#watched.get(id);
    if (watched === undefined) return;
    this.#watched.delete(id);
    const { session, machine, process, diedAtLedMs } = watched;
    if (diedAtLedMs !== undefined) {
      this.expired += 1;
      this.longestMs = Math.max(this.longestMs, this.#ledMs - diedAtLedMs);
    } else if (reason === 'expired' && process === machine.process && session.isValid())
      this.#world.violation(
        `The session ${id} of ${machine.name} has expired while its client believes in it for ${String(Math.round(session.validForMs))} ms more.`,
      );
  }
}
