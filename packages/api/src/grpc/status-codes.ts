/** Every error of the service as a status of gRPC. The code itself goes with it, see error-status.ts. */
import { status } from '@grpc/grpc-js';
import { errors } from '@holdfast/contract';
import type { ErrorCode } from '@holdfast/protocol';

/**
 * UNAVAILABLE is told only where the same request can be repeated as it is, since clients may be set up
 * to do so by themselves; ABORTED where another try, later, is a decision of the caller.
 */
export function statusOf(code: ErrorCode): status {
  return status[errors[code]?.grpc ?? 'UNKNOWN'];
}
