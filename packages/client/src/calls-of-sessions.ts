/** Unanswered calls by the session that they are asked for, so that they can end with it. */
export class CallsOfSessions<Call> {
  readonly #calls = new Map<string, Set<Call>>();

  /**
   * @param body What is asked: it names the session where there is one.
   * @returns what takes the call out again.
   */
  add(body: unknown, call: Call): () => void {
    const sessionId = (body as { readonly session_id?: unknown } | null)?.session_id;
    if (typeof sessionId !== 'string') return () => undefined;
    const calls = this.#calls.get(sessionId) ?? new Set();
    this.#calls.set(sessionId, calls.add(call));
    return () => {
      calls.delete(call);
      if (calls.size === 0 && this.#calls.get(sessionId) === calls) this.#calls.delete(sessionId);
    };
  }

  of(sessionId: string): readonly Call[] {
    return [...(this.#calls.get(sessionId) ?? [])];
  }
}
