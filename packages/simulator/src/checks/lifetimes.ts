/**
 * When sessions may expire (WITNESS-8 of `witness.ts`), by the log alone: not before its timeout has passed since the last thing
 * that its client did, in the time of the cluster.
 */
import type { Batch } from '@holdfast/engine/parts';
import type { Event } from '@holdfast/state';

/** Clocks that stamp entries run at different rates, and time goes on from leader to leader. */
const tolerance = 0.9;

export class Lifetimes {
  readonly #report: (message: string) => void;
  readonly #sessions = new Map<string, { readonly timeoutMs: number; lastMs: number }>();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  onApplied({ time, commands }: Batch, events: readonly Event[]): void {
    /** What comes behind its end in the same entry was too late. */
    const over = new Set<string>();
    for (const envelope of commands) {
      const { command } = envelope;
      if (command.type === 'expire_session') over.add(command.sessionId);
      // A wait that is repeated by a node is no sign of life.
      if (command.type !== 'acquire' && command.type !== 'release') continue;
      const session = this.#sessions.get(command.sessionId);
      if (session !== undefined && envelope.repeated !== true && !over.has(command.sessionId))
        session.lastMs = time;
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
    if (afterMs < session.timeoutMs * tolerance)
      this.#report(
        `${event.sessionId} expired ${String(Math.round(afterMs))} ms after its client did something, with a timeout of ${String(session.timeoutMs)} ms.`,
      );
  }
}
