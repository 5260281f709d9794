/** A restore that cannot be: the message says why, and what was written, which is nothing unless it says so. */
export class RestoreError extends Error {
  override readonly name: string = 'RestoreError';
  readonly code = 'restore_refused';
}
