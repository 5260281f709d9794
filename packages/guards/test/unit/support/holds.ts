/** Real holds of a real client, granted by a fake node: tokens 1, 2, 3 and so on. */
import { connect } from '@holdfast/client';
import type { Hold } from '@holdfast/client';
import { FakePeer } from '../../../../client/test/fake-peer.ts';

export interface Holds extends AsyncDisposable {
  /** The next grant of a lock. The one before, if there is one, does not hear of it: as of a holder that is paused. */
  readonly grant: (lock: string) => Promise<Hold>;
}

export async function grantHolds(): Promise<Holds> {
  const peer = await FakePeer.start();
  const client = await connect({ endpoints: [peer.url] });
  return {
    // A session each: within one, a second acquire is of the same holder.
    grant: async (lock) => await (await client.session()).lock(lock),
    async [Symbol.asyncDispose]() {
      await client.close();
      await peer.close();
    },
  };
}
