/** Runs each of these, one after the other, whichever fail: what is closed behind one that cannot be is closed all the same. Rejects as the first that failed. */
export async function closeAll(closings: readonly (() => Promise<unknown>)[]): Promise<void> {
  let failed: { readonly error: unknown } | undefined;
  for (const close of closings)
    try {
      await close();
    } catch (error) {
      failed ??= { error };
    }
  if (failed !== undefined) throw failed.error;
}
