/** What becomes of a command whose standard output takes nothing any more: a full disk, a reader that left. */
import { diskError } from '@holdfast/storage/files';
import { exitStatus } from './exit-status.ts';
import { explain, failureText } from './failure.ts';

/** Ends the process. */
export function outputFailed(error: Error): never {
  // `holdfast lock list | head`: a reader that has seen enough is no failure.
  if ('code' in error && error.code === 'EPIPE') process.exit(process.exitCode ?? exitStatus.ok);
  const failure = explain(diskError(error, 'written', 'Standard output'), []);
  process.stderr.write(failureText(failure, process.argv.includes('--json')));
  process.exit(failure.status);
}
