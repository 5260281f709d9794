/** A request that follows at once on a change of keys or roles. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HoldfastError } from '@holdfast/protocol';

const mostTries = 20;
const betweenTriesMs = 250;

/**
 * The key was made a moment ago: a node that heard of it later authorizes by older rules, and the leader then refuses with
 * `access_changed`, which has no effect.
 */
export async function onceKnown<T>(ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await ask();
    } catch (error) {
      const isPassing = error instanceof HoldfastError && error.code === 'access_changed';
      if (!isPassing || tries >= mostTries) throw error;
      await sleep(betweenTriesMs);
    }
  }
}
