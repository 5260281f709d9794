/** Both ways are shown: what is lost without the fence token, and that nothing is with it. */
import { runLockSet } from './run.ts';
import type { LockService } from './taking.ts';

/** @returns whether it came out as it should. */
export async function showLockSet(
  urls: readonly string[],
  folder: string,
  service: LockService,
  shown: Readonly<Record<string, string>> = {},
): Promise<boolean> {
  const trusting = await runLockSet(urls, folder, false, 3, service, shown);
  console.log(
    `  store that trusts the lock    ${String(trusting.added)} added, ${String(trusting.lost.length)} LOST (a lock alone cannot prevent it)`,
  );
  const fenced = await runLockSet(urls, folder, true, 3, service, shown);
  console.log(
    `  store that checks the token   ${String(fenced.added)} added, ${String(fenced.lost.length)} lost, ${String(fenced.refused)} writes of zombies refused`,
  );
  return (
    trusting.lost.length > 0 &&
    fenced.lost.length === 0 &&
    fenced.refused > 0 &&
    trusting.believers + fenced.believers === 0
  );
}
