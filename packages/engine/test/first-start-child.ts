/** Starts a node on a new folder, and is paused just before it writes the folder's identity, until it is continued. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const { openSync } = fs;
let isFirst = true;
fs.openSync = (path, ...rest) => {
  if (isFirst && String(path).includes('identity.json')) {
    const isRead = rest[0] === 'r' || rest[0] === undefined;
    if (!isRead) {
      isFirst = false;
      // Not by a message: that may still wait to be sent.
      fs.writeSync(1, 'paused');
      process.kill(process.pid, 'SIGSTOP');
    }
  }
  return openSync(path, ...rest);
};
syncBuiltinESMExports();

const { createRaftEngine } = await import('../src/index.ts');
const { oneNode } = await import('./one-node.ts');
const engine = await createRaftEngine(oneNode(process.argv[2] ?? ''));
process.on('message', () => {
  void engine.close().then(() => process.exit(0));
});
process.send?.('started');
