#!/usr/bin/env node
import { run } from './program.ts';

// `holdfast lock list | head`: a reader that has seen enough is no failure.
process.stdout.on('error', (error) => {
  if ('code' in error && error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await run(process.argv.slice(2));
