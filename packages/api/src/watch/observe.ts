/** Who leads an election and every change of it, in order, none left out. */
import type { LeaderChange, ObserveBody, WatchEvent } from '@holdfast/protocol';
import type { OperationContext, Outcome } from '../operations/context.ts';
import { electionLeader } from '../operations/elections.ts';
import { RequestError } from '../request-error.ts';
import { openWatch } from './open.ts';
import type { Watcher } from './watcher.ts';

export interface ObserverEnds {
  /** False: not now, `resume` of the watcher will be called. */
  readonly take: (changes: readonly LeaderChange[]) => boolean;
  readonly compacted: (refused: RequestError) => void;
}

/**
 * Begins with who leads now, unless it goes on after a position: then with what came since.
 *
 * @returns The watcher, or the refusal where what came since is no longer kept.
 */
export async function observe(
  { name, after }: ObserveBody,
  context: OperationContext,
  ends: ObserverEnds,
): Promise<Outcome<Watcher>> {
  let from = after;
  if (from === undefined) {
    const { leader, revision } = await electionLeader({ name }, context);
    from = String(revision);
    const current =
      leader === null
        ? null
        : {
            client_id: leader.client_id,
            fence_token: leader.fence_token,
            value: leader.value,
          };
    ends.take([{ position: from, revision, change: 'current', resource: name, leader: current }]);
  }
  return openWatch({ name, kind: 'election', after: from }, context, {
    take: (events) => {
      const changes = events.flatMap((event) => changeOf(event));
      return changes.length === 0 || ends.take(changes);
    },
    compacted: ends.compacted,
  });
}

function changeOf(event: WatchEvent): readonly LeaderChange[] {
  const { position, revision, resource, client_id = '', fence_token = 0, value = null } = event;
  const about = { position, revision, resource };
  if (event.type === 'granted' || event.type === 'proclaimed') {
    const change = event.type === 'granted' ? 'elected' : 'proclaimed';
    return [{ ...about, change, leader: { client_id, fence_token, value } }];
  }
  if (event.type !== 'released' && event.type !== 'expired') return [];
  return [{ ...about, change: 'ended', leader: null, reason: event.reason ?? 'released' }];
}
