/** Standard output for what may not be lost: a key that is shown once. */
import { diskError } from '@holdfast/storage/files';
import { exitStatus } from './exit-status.ts';
import { outputFailed } from './output-failed.ts';

/**
 * Resolves when standard output has taken all of it. Where nobody reads it any more that is a failure here, and not the end of a
 * reader that has seen enough.
 *
 * @throws DiskError
 */
export function writeSurely(
  text: string,
  target: Pick<NodeJS.WriteStream, 'on' | 'off' | 'write'> = process.stdout,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      process.exitCode = exitStatus.failure; // For all that is written afterwards (output-failed.ts).
      reject(diskError(error, 'written', 'Standard output'));
    };
    target.off('error', outputFailed);
    target.on('error', fail);
    target.write(text, (error) => {
      if (error instanceof Error) return fail(error);
      target.off('error', fail);
      target.on('error', outputFailed);
      resolve();
    });
  });
}
