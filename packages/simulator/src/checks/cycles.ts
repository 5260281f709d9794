/**
 * A naive search for cycles of waits (WITNESS-7 of `witness.ts`), by what events tell of holders and waiters: nobody waits for
 * somebody who waits for him. Only what certainly excludes counts.
 */
import type { Batch } from '@holdfast/engine/parts';
import type { Event, Mode } from '@holdfast/state';

interface Wait {
  readonly key: string;
  readonly mode: Mode;
}

export class Cycles {
  readonly #report: (message: string) => void;
  /** By resource: the mode of each session's hold. */
  readonly #holds = new Map<string, Map<string, Mode>>();
  /** By session, by request and resource. */
  readonly #waits = new Map<string, Map<string, Wait>>();
  /** By session and request. */
  readonly #modes = new Map<string, Mode>();
  readonly #ended = new Set<string>();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  onApplied({ commands }: Batch, events: readonly Event[]): void {
    for (const { command } of commands) {
      if (command.type === 'acquire')
        this.#modes.set(`${command.sessionId} ${String(command.requestId)}`, command.mode);
    }
    let changed = false;
    for (const event of events) changed = this.#onEvent(event) || changed;
    if (!changed) return;
    for (const session of this.#waits.keys()) {
      const cycle = this.#cycleFrom(session, [session]);
      if (cycle === undefined) continue;
      this.#report(`${cycle.join(' waits for ')}, which nobody was refused for.`);
      return;
    }
  }

  /** Whether a cycle may have been closed. */
  #onEvent(event: Event): boolean {
    if (event.type === 'waiting') {
      const request = `${event.sessionId} ${String(event.requestId)}`;
      const waits = this.#waits.get(event.sessionId) ?? new Map<string, Wait>();
      this.#waits.set(event.sessionId, waits);
      const key = keyOf(event);
      waits.set(`${request} ${key}`, { key, mode: this.#modes.get(request) ?? 'shared' });
      return true;
    }
    if (event.type === 'granted') {
      this.#endWait(event, keyOf(event));
      const holds = this.#holds.get(keyOf(event)) ?? new Map<string, Mode>();
      this.#holds.set(keyOf(event), holds);
      holds.set(event.sessionId, event.mode);
      return true;
    }
    if (event.type === 'hold_ended') this.#holds.get(keyOf(event))?.delete(event.sessionId);
    else if (event.type === 'hold_downgraded')
      this.#holds.get(event.name)?.set(event.sessionId, 'shared');
    else if (event.type === 'wait_ended') this.#endWait(event, keyOf(event));
    else if (event.type === 'session_ended') {
      this.#ended.add(event.sessionId);
      this.#waits.delete(event.sessionId);
    }
    return false;
  }

  #endWait(
    event: { readonly sessionId: string; readonly requestId: string | number },
    key: string,
  ): void {
    const waits = this.#waits.get(event.sessionId);
    waits?.delete(`${event.sessionId} ${String(event.requestId)} ${key}`);
    if (waits?.size === 0) this.#waits.delete(event.sessionId);
  }

  #cycleFrom(session: string, path: readonly string[]): readonly string[] | undefined {
    for (const { key, mode } of this.#waits.get(session)?.values() ?? []) {
      for (const [holder, held] of this.#holds.get(key) ?? []) {
        if (holder === session || this.#ended.has(holder)) continue;
        if (mode === 'shared' && held === 'shared') continue;
        if (holder === path[0]) return [...path, holder];
        if (path.includes(holder)) continue;
        const cycle = this.#cycleFrom(holder, [...path, holder]);
        if (cycle !== undefined) return cycle;
      }
    }
    return undefined;
  }
}

/** Each kind is a name space of its own. */
const keyOf = ({ kind, name }: { readonly kind?: string; readonly name: string }): string =>
  kind === undefined || kind === 'lock' ? name : `${kind} ${name}`;
