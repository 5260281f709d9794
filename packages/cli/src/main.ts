#!/usr/bin/env node
import './no-debugger.ts';
import './deaf-stderr.ts';

// Not by a static import: all of those are read before the first of them is run.
const [{ run }, { outputFailed }] = await Promise.all([
  import('./program.ts'),
  import('./output-failed.ts'),
]);

process.stdout.on('error', outputFailed);
const status = await run(process.argv.slice(2));
// At once when all is written: a socket to a node that hangs would keep the process for seconds.
process.stdout.write('', (error) => {
  if (error instanceof Error) outputFailed(error);
  process.exit(status);
});
