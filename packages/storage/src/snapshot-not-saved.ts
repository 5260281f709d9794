import { isShortage } from './disk-error.ts';
import type { DiskError } from './disk-error.ts';
import { DiskFailure } from './durable-names.ts';

/** An own snapshot could not be saved, and nothing of it is left. It may be tried again when there is room (SFILE-9). */
export class SnapshotNotSavedError extends Error {
  override readonly name: string = 'SnapshotNotSavedError';
  /** As the operating system calls the cause, e.g. `ENOSPC`. */
  readonly systemCode: string;

  constructor(of: DiskError) {
    super(of.message, { cause: of });
    this.systemCode = of.systemCode;
  }
}

/** What a failure of the disk was, where it was for want of room or of descriptors (DERR-3). */
export function shortageIn(error: unknown): DiskError | undefined {
  if (!(error instanceof DiskFailure)) return undefined;
  const { cause } = error;
  return isShortage(cause) ? cause : undefined;
}
