import type { ClientClock } from './clock.ts';

/** Resolves after so many ms, or with the signal. */
export function pause(
  clock: ClientClock,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      cancel();
      signal?.removeEventListener('abort', goOn);
      resolve();
    };
    const cancel = clock.after(ms, goOn);
    signal?.addEventListener('abort', goOn, { once: true });
    if (signal?.aborted === true) goOn();
  });
}
