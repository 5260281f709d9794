/**
 * How a caller cancels what is done for it: by the AbortSignal of its call, from the interface that it asked through to the
 * engine that executes the call. An interface aborts the signal with the reason; nothing else tells that a
 * caller is gone.
 *
 * CANCEL-1: an acquire whose signal is aborted is cancelled in the cluster, by a command that is tried until it is answered
 *     (cancellations.ts): its place in the wait queue, or the hold that it was granted meanwhile. Also once it is answered,
 *     for the answer may still be on its way: whoever has delivered it aborts no more.
 * CANCEL-2: the caller is told that its acquire was cancelled, and so holds nothing, only when the cluster has answered that.
 * CANCEL-3: who has only hung up, and gave a number by which it can come back, keeps its place: a repetition may have
 *     been told of the hold before it would be cancelled here.
 */
import type { Command, CommandResult } from '@holdfast/state';
import { waitCancelled } from './failures.ts';
import { cancelCommandOf, isAcquire, nameOf } from './waits.ts';
import type { CancelCommand } from './waits.ts';

/** Reasons of the abort of a caller's signal. Any other counts as `hungUp`. */
export const cancelReasons = {
  /** The caller says that it wants no answer any more. */
  cancelled: 'The caller cancelled its request.',
  /** The caller has gone, and told nothing. */
  hungUp: 'The caller has hung up.',
} as const;

/** Whether what the caller of this request asked for is to be cancelled (CANCEL-3). */
export const isCancelled = (signal: AbortSignal, canReturn: boolean): boolean =>
  signal.aborted && (!canReturn || signal.reason === cancelReasons.cancelled);

export interface Cancellable {
  readonly command: Command;
  readonly signal: AbortSignal | undefined;
  readonly submit: () => Promise<CommandResult>;
  /** Asks the cluster to cancel it. Where it rejects, that goes on being tried. */
  readonly cancel: (cancelCommand: CancelCommand) => Promise<void>;
}

/** Submits a command whose caller may cancel it. */
export function submitCancellable({
  command,
  signal,
  submit,
  cancel,
}: Cancellable): Promise<CommandResult> {
  if (signal === undefined || !isAcquire(command)) return submit();
  return new Promise((resolve, reject) => {
    let isOver = false;
    const onAbort = (): void => {
      const cancelCommand = cancelCommandOf(command);
      if (
        cancelCommand === undefined ||
        !isCancelled(signal, typeof command.requestId === 'number')
      )
        return;
      isOver = true;
      cancel(cancelCommand).then(() => resolve(waitCancelled(nameOf(command))), reject); // CANCEL-2
    };
    signal.addEventListener('abort', onAbort, { once: true }); // CANCEL-1
    submit().then(
      (result) => {
        if (isOver) return;
        if (!result.ok) signal.removeEventListener('abort', onAbort); // Nothing is held.
        resolve(result);
      },
      (error: unknown) => {
        if (!isOver) reject(error);
      },
    );
    if (signal.aborted) onAbort();
  });
}
