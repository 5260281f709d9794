/** What becomes of a message once the command that worked on it has ended. */
import type { QueueDelivery } from '@holdfast/client';
import { errorDefinitions, HoldfastError } from '@holdfast/protocol';
import { exitStatus } from './exit-status.ts';
import { warn } from './printable.ts';

/**
 * Acknowledges it, or gives it back. That others have it by now, or that it comes again because no node answered in time, is
 * told on stderr, and is no reason to end.
 *
 * @param status Of the command.
 * @returns The exit status for both: 0 only where the message was acknowledged.
 */
export async function settle(
  message: Pick<QueueDelivery, 'ack' | 'nack'>,
  status: number,
): Promise<number> {
  try {
    if (status === 0) await message.ack();
    else await message.nack({ reason: `the command ended with ${String(status)}` });
    return status;
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const isStale = error.code === 'stale_receipt';
    if (!isStale && errorDefinitions[error.code].retry === 'never') throw error;
    warn(error.message);
    if (status !== 0) return status;
    return isStale ? exitStatus.leaseLost : exitStatus.unreachable;
  }
}
