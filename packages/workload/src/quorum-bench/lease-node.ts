/** A lease node in a process of its own; tells its address to its parent, is told the others', and lives as long as that. */
import { startLeaseNode } from '@holdfast/quorum';

const [file = '', name = '', others = ''] = process.argv.slice(2);
const reached = new Map<string, string>();
process.on('message', (urls: Readonly<Record<string, string>>) => {
  for (const [member, url] of Object.entries(urls)) reached.set(member, url);
});
const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (fields: object, message: string) => console.error(message, fields),
};
const node = await startLeaseNode({
  file,
  host: '127.0.0.1',
  port: 0,
  advertise: name,
  peers: others.split(','),
  reach: (member) => reached.get(member),
  log,
});
process.on('disconnect', () => process.exit(0));
process.send?.(node.url);
