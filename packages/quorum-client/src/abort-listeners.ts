/**
 * Very many that wait may share one signal, that a program ends by. A listener of its own for each makes each of them
 * take longer the more there are: the platform looks through all of them to add or remove one.
 */
const listeners = new WeakMap<AbortSignal, Set<() => void>>();

/**
 * Calls back once when it is aborted; not at all where it is already.
 *
 * @param callback One for each call: it is known by itself.
 * @returns the cancel.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined || signal.aborted) return () => undefined;
  const known = listeners.get(signal);
  const all = known ?? new Set();
  all.add(callback);
  if (known === undefined) {
    listeners.set(signal, all);
    const tellAll = (): void => {
      listeners.delete(signal);
      for (const tell of all) {
        all.delete(tell);
        tell();
      }
    };
    signal.addEventListener('abort', tellAll, { once: true });
  }
  return () => void all.delete(callback);
}
