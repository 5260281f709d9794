/** Unanswered calls by the session that they are asked for, so that they can end with it. */
import { Links } from './links.ts';
import type { Linked } from './links.ts';

/** A call, which is in the list of its session until it has ended. */
export interface CallOfSession<Call extends Linked<Call>> extends Linked<Call> {
  session: Links<Call> | undefined;
}

export class CallsOfSessions<Call extends CallOfSession<Call>> {
  /** The list of a session stays until the session is over: its calls come and go all the time. */
  readonly #calls = new Map<string, Links<Call>>();

  /** From now on the calls of this session are known. */
  begin(sessionId: string): void {
    if (!this.#calls.has(sessionId)) this.#calls.set(sessionId, new Links());
  }

  /** @param body What is asked: it names the session where there is one. */
  add(body: unknown, call: Call): void {
    const sessionId = (body as { readonly session_id?: unknown } | null)?.session_id;
    if (typeof sessionId !== 'string') return;
    const calls = this.#calls.get(sessionId);
    calls?.add(call);
    call.session = calls;
  }

  /** Repeating it does nothing. */
  remove(call: Call): void {
    call.session?.remove(call);
    call.session = undefined;
  }

  /** The session is over. Each of its calls is to be removed, by `end` too. */
  end(sessionId: string, end: (call: Call) => void): void {
    const calls = this.#calls.get(sessionId);
    this.#calls.delete(sessionId);
    for (let call = calls?.first; call !== undefined; call = calls?.first) {
      this.remove(call);
      end(call);
    }
  }
}
