/**
 * What a queue is asked for in parts, one request after the other, until nothing is left.
 *
 * PARTS-1: what the parts before have done is told, also where the next one fails: nobody can find it out afterwards.
 */
import type { Client } from '@holdfast/client';

type Asked = Pick<Client, 'call'>;
type Tell = (record: object) => void;

/** Ends what is there when it begins; with `deletes` also the queue. */
export async function purgeInParts(
  client: Asked,
  queue: string,
  { deadLetters = false, deletes = false }: { deadLetters?: boolean; deletes?: boolean },
  tell: Tell,
): Promise<void> {
  const about = { queue, ...(deadLetters ? { dead_letters: true } : {}) };
  let purged = 0;
  let more = true;
  let rest: { readonly through?: number } = {};
  try {
    while (more) {
      const answer = await client.call('queue_purge', { ...about, ...rest });
      purged += answer.purged;
      ({ more } = answer);
      rest = { through: answer.through };
    }
    if (deletes) await client.call('queue_delete', { queue });
  } catch (error) {
    if (purged > 0) tell({ queue, purged, ...(more ? { more } : {}) }); // PARTS-1
    throw error;
  }
  tell({ queue, purged });
}

/** Each dead letter once: what dies again meanwhile is left. */
export async function redriveInParts(client: Asked, queue: string, tell: Tell): Promise<void> {
  let redriven = 0;
  let rest: { readonly after?: number; readonly through?: number } = {};
  for (;;) {
    const answer = await client
      .call('queue_redrive', { queue, ...rest })
      .catch((error: unknown) => {
        if (redriven > 0) tell({ queue, redriven, more: true }); // PARTS-1
        throw error;
      });
    redriven += answer.redriven;
    const { next_after: after, through, more } = answer;
    if (typeof after !== 'number') {
      // A node of an earlier version tells none: then there may be more.
      tell({ queue, redriven, ...(more ? { more } : {}) });
      return;
    }
    rest = { after, through };
  }
}
