/** Takes the lock of the shared set, whoever keeps it. */
import { connect } from '@holdfast/client';
import { Quorum } from '@holdfast/quorum-client';
import type { Held } from '@holdfast/client';
import { shownByEnvironment } from '../cluster/shown.ts';

/** Sessions with a cluster, or leases of a quorum. */
export type LockService = 'cluster' | 'quorum';

export interface TakenLock {
  readonly hold: Held;
  readonly giveBack: () => Promise<void>;
}

const name = 'shared-set';
const waitMs = 20_000;
/** Of a lease or a session: zombies are stopped for longer. */
const ttlMs = 1000;

export async function takerFor(
  service: string,
  urls: readonly string[],
): Promise<() => Promise<TakenLock>> {
  if (service === 'quorum') {
    const terms = { nodes: urls, ttlMs, driftBufferMs: ttlMs / 10 };
    const lock = new Quorum({ ...terms, ...shownByEnvironment() }).lock(name);
    return async () => {
      const hold = await lock.acquire({ waitMs });
      return { hold, giveBack: () => hold.release() };
    };
  }
  const client = await connect({ endpoints: urls, ...shownByEnvironment() });
  return async () => {
    const session = await client.session({ timeoutSeconds: ttlMs / 1000 });
    return { hold: await session.lock(name, { waitMs }), giveBack: () => session.end() };
  };
}
