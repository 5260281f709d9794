/**
 * Payloads for which there was no room (PFILE-9 of the storage).
 *
 * PSHORT-1: they are tried again every `retryMs`, whoever asks for it or not: a node whose memory for payloads is used up applies
 *     nothing, and comes to no checkpoint that would ask for them.
 */
import type { PayloadStore } from '@holdfast/storage';
import type { Clock } from '../clock.ts';

const retryMs = 5000;

/** Returns what ends the retries. @param onShortage Told of each that finds no room. */
export function retryForRoom(
  store: Pick<PayloadStore, 'durable' | 'onShortage'>,
  clock: Pick<Clock, 'after'>,
  onShortage: () => void = () => undefined,
): () => void {
  let cancel: (() => void) | undefined;
  let isOver = false;
  store.onShortage(() => {
    cancel?.();
    onShortage();
    // A failure of the disk is told by the storage.
    if (!isOver) cancel = clock.after(retryMs, () => void store.durable());
  });
  return () => {
    isOver = true;
    cancel?.();
  };
}
