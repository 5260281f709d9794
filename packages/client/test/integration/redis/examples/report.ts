import { Quorum } from '@holdfast/client';
import { redisVoters } from '@holdfast/client/redis';
import { createClient } from '@redis/client';

/** Writes the day's report, unless somebody else does. */
export async function writeReport(
  urls: readonly string[],
  write: (fenceToken: number) => void,
): Promise<void> {
  const quorum = new Quorum({ voters: redisVoters(urls, { createClient }), ttlMs: 2000 });
  const hold = await quorum.lock('reports/daily').tryAcquire();
  if (hold === null) return;
  try {
    hold.assertHeld();
    write(hold.fenceToken);
  } finally {
    await hold.release();
  }
}
