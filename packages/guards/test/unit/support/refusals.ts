/** What a rejected call must look like, for `assert.throws` and `assert.rejects`. */
import { HoldfastError } from '@holdfast/protocol';

export const isCode =
  (code: string) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError && error.code === code;

/** A refusal that tells both tokens. */
export const isStale =
  (fenceToken: number, largest: number) =>
  (error: unknown): boolean =>
    error instanceof HoldfastError &&
    error.code === 'stale_fence_token' &&
    error.details['fence_token'] === fenceToken &&
    error.details['largest_fence_token'] === largest;
