import { Quorum } from '@holdfast/quorum-client';
import { redisVoters } from '@holdfast/redis-voters';
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
