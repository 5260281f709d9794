/** A lease node in a process of its own; tells its address to its parent and lives as long as that. */
import { startLeaseNode } from '@holdfast/quorum';

const [file = '', epoch = '1'] = process.argv.slice(2);
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (fields: object, message: string) => console.error(message, fields),
};
const node = await startLeaseNode({
  file,
  epoch: Number(epoch),
  host: '127.0.0.1',
  port: 0,
  peers: [],
  log,
});
process.on('disconnect', () => process.exit(0));
process.send?.(node.url);
