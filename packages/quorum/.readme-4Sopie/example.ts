import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLeaseNode } from '@holdfast/quorum';

const folder = mkdtempSync(join(tmpdir(), 'lease-'));
const silent = (): void => undefined;
const node = await startLeaseNode({
  file: join(folder, 'votes.sqlite'),
  host: '127.0.0.1',
  port: 0,
  advertise: 'http://127.0.0.1:5001', // As the other nodes and clients name it.
  peers: ['http://127.0.0.1:5002', 'http://127.0.0.1:5003'],
  log: { info: silent, warn: silent, error: silent },
});
// It votes when the others are there too: before that nobody knows what it may have promised.
const answer = await fetch(`${node.url}/readyz`);
console.log(answer.status); // 503
await node.close();
rmSync(folder, { recursive: true });
