/** The process of one node of a local cluster; configured by its environment alone. */
import { DiskError } from '@holdfast/storage';
import { ConfigurationError, loadConfiguration } from './configuration/load.ts';
import { runNode } from './process.ts';

/** Exit status of a node that could not be started. */
const startFailed = 1;

// Whoever reads its log may leave: the node goes on.
process.stderr.on('error', () => undefined);
try {
  await runNode(loadConfiguration({ environment: process.env }));
} catch (error) {
  // What a person can put right needs no stack.
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `${error instanceof ConfigurationError || error instanceof DiskError ? error.message : text}\n`,
  );
  process.exit(startFailed);
}
