#!/usr/bin/env node
import './no-debugger.ts';

if (process.argv[2] === 'server') {
  const { runWithNodeFlags } = await import('@holdfast/server/node-flags');
  runWithNodeFlags();
}

// Not by a static import: all of those are read before the first of them is run.
const { run } = await import('./program.ts');

// `holdfast lock list | head`: a reader that has seen enough is no failure.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

const status = await run(process.argv.slice(2));
// At once when all is written: a socket to a node that hangs would keep the process for seconds.
process.stdout.write('', () => process.exit(status));
