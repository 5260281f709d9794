import type { SnapshotReader } from '@holdfast/storage';

/** ENG-SNAP-12 (snapshots.ts). Undefined: it is wanted no more; what comes of it later is closed. */
export async function whileWanted(
  opening: Promise<SnapshotReader | undefined>,
  signal: AbortSignal | undefined,
): Promise<SnapshotReader | undefined> {
  const gone = Promise.withResolvers<undefined>();
  const end = (): void => {
    gone.resolve(undefined);
    void opening.then(
      (late) => late?.close(),
      () => undefined,
    );
  };
  if (signal?.aborted === true) end();
  signal?.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([gone.promise, opening]);
  } finally {
    signal?.removeEventListener('abort', end);
  }
}
