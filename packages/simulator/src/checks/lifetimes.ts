/**
 * When sessions may expire (WITNESS-8 of `witness.ts`), by the log alone: not before its timeout has passed since the last
 * command of its client that was logged, in the time of the cluster. Keepalives are not logged: that a session is kept for
 * them is looked at where clients believe in it (`leaders/leases.ts`, `beliefs.ts`).
 */
import type { Batch } from '@holdfast/engine/parts';
import type { Event } from '@holdfast/state';

type Envelope = Batch['commands'][number];

/** Beside the rates of clocks: times are rounded, and go on from leader to leader. */
const tolerance = 0.95;

export class Lifetimes {
  readonly #report: (message: string) => void;
  readonly #sessions = new Map<string, { readonly timeoutMs: number; lastMs: number }>();
  /** What of a timeout must have passed: leaders stamp entries by clocks that run at different rates. */
  readonly #share: number;

  /** @param clockDrift How much too fast or too slow clocks may run. */
  constructor(report: (message: string) => void, clockDrift: number) {
    this.#report = report;
    this.#share = (1 - clockDrift) / (1 + clockDrift);
  }

  onApplied({ time, commands }: Batch, events: readonly Event[]): void {
    /** What comes behind its end in the same entry was too late. */
    const over = new Set<string>();
    for (const envelope of commands) {
      const { command } = envelope;
      if (command.type === 'expire_session') over.add(command.sessionId);
      if (!('sessionId' in command) || command.sessionId === undefined) continue;
      if (isOfItsNode(envelope) || over.has(command.sessionId)) continue;
      const session = this.#sessions.get(command.sessionId);
      if (session !== undefined) session.lastMs = time;
    }
    for (const event of events) {
      if (event.type === 'session_created')
        this.#sessions.set(event.sessionId, { timeoutMs: event.timeoutMs, lastMs: time });
      else if (event.type === 'session_ended') this.#onEnded(event, time);
    }
  }

  #onEnded(event: Extract<Event, { readonly type: 'session_ended' }>, time: number): void {
    const session = this.#sessions.get(event.sessionId);
    this.#sessions.delete(event.sessionId);
    if (session === undefined || event.reason !== 'expired') return;
    const afterMs = time - session.lastMs;
    if (afterMs < session.timeoutMs * this.#share * tolerance)
      this.#report(
        `${event.sessionId} expired ${String(Math.round(afterMs))} ms after its client did something, with a timeout of ${String(session.timeoutMs)} ms.`,
      );
  }
}

/** A node repeats waits, ends them and lets sessions expire by itself: no sign of life of the client. */
const isOfItsNode = ({ command, repeated }: Envelope): boolean =>
  repeated === true ||
  command.type === 'expire_session' ||
  command.type === 'abandon' ||
  (command.type === 'leave_barrier' && command.withdraw);
