/** Pops that wait on a node, until they are told of a message. */
import { untilSo } from '../../../../checker/src/waits.ts';

/** Less than half of the time after which a node looks again by itself (QWAIT-1 of the api's queue waiters). */
export const wokenWithinMs = 2000;

/** A pop waits on the node, and what it looked for when it began has been answered: only a message that is told wakes it. */
export async function lookedForMessages(url: string): Promise<void> {
  const text = async (path: string): Promise<string> => (await fetch(`${url}${path}`)).text();
  await untilSo(async () => /^holdfast_queue_waiting_pops 1$/m.test(await text('/metrics')), {
    what: `a pop waits on ${url}`,
    pauseMs: 20,
  });
  // It asks what is ready as soon as it waits, and what is asked later is answered later.
  await text('/queue/stats?consistency=linearizable');
}
