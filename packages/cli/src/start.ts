import { outputFailed } from './output-failed.ts';
import { run } from './program.ts';

/** Runs one command line as the process, and ends it. */
export async function start(words: readonly string[]): Promise<void> {
  process.stdout.on('error', outputFailed);
  const status = await run(words);
  // At once when all is written: a socket to a node that hangs would keep the process for seconds.
  process.stdout.write('', (error) => {
    if (error instanceof Error) outputFailed(error);
    process.exit(status);
  });
}
