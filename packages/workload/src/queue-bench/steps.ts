/**
 * The three steps of a message apart: so many push as fast as they are answered, then as many take what was pushed, and then as many
 * acknowledge what was taken. Each of them asks for its next one when the last one was answered.
 */
import type { MessageOrigin } from './message-origin.ts';

/** What a message goes through, each step by itself. */
export interface Steps<Taken> {
  push(said: MessageOrigin): Promise<void>;
  /** Undefined: there is nothing to take. */
  take(): Promise<Taken | undefined>;
  acknowledge(taken: Taken): Promise<void>;
  /** Leaves nothing behind. */
  close(): Promise<void>;
}

export interface StepRates {
  readonly pushesPerSecond: number;
  readonly takesPerSecond: number;
  readonly acknowledgementsPerSecond: number;
}

export interface StepsPlan {
  readonly workers: number;
  /** Of each step, at most: takes and acknowledgements end where there is no more. */
  readonly measureMs: number;
}

export async function measureSteps<Taken>(
  { workers, measureMs }: StepsPlan,
  steps: Steps<Taken>,
  nowMs: () => number = () => performance.now(),
): Promise<StepRates> {
  /** @param step Of a worker. False: there was nothing to do any more. @returns How many a second. */
  const rateOf = async (step: (worker: number) => Promise<boolean>): Promise<number> => {
    const startMs = nowMs();
    const endMs = startMs + measureMs;
    let done = 0;
    const work = async (worker: number): Promise<void> => {
      while (nowMs() < endMs && (await step(worker))) done += 1;
    };
    await Promise.all(Array.from({ length: workers }, (_, worker) => work(worker)));
    const passedMs = nowMs() - startMs;
    return passedMs > 0 ? (done * 1000) / passedMs : 0;
  };
  let number = 0;
  const taken: Taken[] = [];
  const pushesPerSecond = await rateOf(async (worker) => {
    await steps.push({ worker, number: (number += 1) });
    return true;
  });
  const takesPerSecond = await rateOf(async () => {
    const one = await steps.take();
    if (one !== undefined) taken.push(one);
    return one !== undefined;
  });
  const acknowledgementsPerSecond = await rateOf(async () => {
    const one = taken.pop();
    if (one !== undefined) await steps.acknowledge(one);
    return one !== undefined;
  });
  return { pushesPerSecond, takesPerSecond, acknowledgementsPerSecond };
}
