/** Scenarios of those who wait: whoever passes them, and whom they wait for. */
import { slotLimit, slots } from '../clients/slots.ts';
import { unless } from './actor.ts';
import type { Scenarios, Stage } from './stage.ts';

/** There is always somebody who is more urgent. */
async function urgentOnesKeepComing(stage: Stage): Promise<void> {
  await stage.begin();
  const crowded = { isOver: false };
  const contention = Array.from({ length: 8 }, (_, index) => stage.actor(`urgent${String(index)}`));
  for (const actor of contention) {
    const session = await actor.session(20);
    const work = async (): Promise<void> => {
      while (!crowded.isOver) {
        const hold = await session.lock('urgent', { waitMs: 30_000, priority: 2 });
        await hold.release();
      }
    };
    work().catch((error: unknown) => stage.world.timeline.fail(error));
  }
  const patient = stage.actor('patient');
  const hold = await (await patient.session(20)).lock('urgent', { waitMs: 30_000, priority: 0 });
  crowded.isOver = true;
  await hold.release();
}

/** Who wants few permits comes when somebody waits for many. */
async function fewPermitsAfterMany(stage: Stage): Promise<void> {
  await stage.begin();
  const [first, many, few] = ['first', 'many', 'few'].map((name) => stage.actor(name));
  if (first === undefined || many === undefined || few === undefined) return;
  const taken = await (await first.session(20)).permits(slots, { permits: 1, limit: slotLimit });
  const session = await many.session(20);
  const all = session.permits(slots, { permits: slotLimit, limit: slotLimit, waitMs: 30_000 });
  const late = await few.session(20);
  await stage.sleep(200);
  const waitMs = stage.random.pick([0, 20_000]);
  const one = unless(late.permits(slots, { permits: 1, limit: slotLimit, waitMs }));
  await stage.sleep(200);
  await taken.release();
  await (await all).release();
  await (await one)?.release();
}

/** A request that is given at once, before one that waits, closes a cycle of waits. */
async function passingClosesACycle(stage: Stage): Promise<void> {
  await stage.begin();
  const [reader, writer, third] = ['reader', 'writer', 'third'].map((name) => stage.actor(name));
  if (reader === undefined || writer === undefined || third === undefined) return;
  const reads = await reader.session(20);
  await reads.lock('urgent red', { mode: 'shared' });
  const writes = await writer.session(20);
  await writes.lock('blue');
  const wait = unless(writes.lock('urgent red', { waitMs: 10_000, priority: 0 }));
  const session = await third.session(20);
  const blue = unless(session.lock('blue', { waitMs: 10_000 }));
  await stage.sleep(200);
  await unless(session.lock('urgent red', { mode: 'shared', priority: 2, waitMs: 0 }));
  await stage.sleep(200);
  await reads.end();
  await wait;
  await writes.end();
  await blue;
}

export const ofQueues: Scenarios = {
  urgent_ones_keep_coming: { play: urgentOnesKeepComing },
  few_permits_after_many: { play: fewPermitsAfterMany },
  passing_closes_a_cycle: { play: passingClosesACycle },
};
