/** Writes one entry after the other and tells each that is durable, until it is killed. */
import type { MemberId } from '@holdfast/raft';
import { openStorage } from '../src/index.ts';

const { storage } = await openStorage({
  folder: process.argv[2] ?? '',
  log: { id: process.argv[3] ?? '', made: false },
  onFailure: () => process.exit(1),
});
for (let index = 1; index < 100_000; index++) {
  await storage.write({
    id: index,
    hardState: { term: 1, votedFor: 'a' as MemberId, commit: index - 1 },
    entries: [{ index, term: 1, kind: 'command', data: new Uint8Array(100) }],
  });
  process.send?.(index);
}
