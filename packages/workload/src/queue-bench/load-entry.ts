/**
 * Pushes and consumes messages, in a process of its own so that it shares nothing with what it measures. Takes a
 * `MessagePlan` as its argument and sends `MessageStats` to its parent.
 */
import { Latencies } from '../statistics/latencies.ts';
import { carryByBullmq, carryByHoldfast, stepsOfBullmq, stepsOfHoldfast } from './carriers.ts';
import type { Consumer } from './carriers.ts';
import type { MessageOrigin } from './message-origin.ts';
import { isMessagePlan } from './plan.ts';
import type { MessagePlan, MessageStats } from './plan.ts';
import { measureSteps } from './steps.ts';
import type { StepRates, Steps } from './steps.ts';

/** One that pushes its next message when its last one is acknowledged. */
class Pusher {
  number = 0;
  askedMs = 0;
  hasArrived = true;
  #acknowledged: () => void = () => undefined;

  /** Begins the next message. @returns Until it is acknowledged. */
  next(): Promise<void> {
    this.number += 1;
    this.hasArrived = false;
    this.askedMs = performance.now();
    return new Promise((resolve) => (this.#acknowledged = resolve));
  }

  acknowledged(): void {
    this.#acknowledged();
  }
}

/** Of each step by itself, in a queue of its own. */
async function ratesOfSteps(plan: MessagePlan): Promise<StepRates | undefined> {
  if (plan.pauseMs > 0) return undefined;
  const measured = async <Taken>(steps: Steps<Taken>): Promise<StepRates> => {
    const rates = await measureSteps(plan, steps);
    await steps.close();
    return rates;
  };
  return plan.carrier === 'bullmq'
    ? measured(await stepsOfBullmq(plan))
    : measured(await stepsOfHoldfast(plan));
}

async function generate(plan: MessagePlan): Promise<MessageStats> {
  const pushers = Array.from({ length: plan.workers }, () => new Pusher());
  const latencies = new Latencies();
  let startMs = Infinity;
  let endMs = Infinity;
  let acknowledged = 0;
  let outOfOrder = 0;
  const isCounted = (nowMs: number): boolean => nowMs >= startMs && nowMs < endMs;
  const failure = Promise.withResolvers<never>();
  const consumer: Consumer = {
    delivered({ worker, number }: MessageOrigin) {
      const pusher = pushers[worker];
      const nowMs = performance.now();
      if (pusher === undefined || pusher.number !== number || pusher.hasArrived) {
        outOfOrder += 1;
        return;
      }
      pusher.hasArrived = true;
      if (isCounted(nowMs)) latencies.add(nowMs - pusher.askedMs);
    },
    acknowledged({ worker }: MessageOrigin) {
      if (isCounted(performance.now())) acknowledged += 1;
      pushers[worker]?.acknowledged();
    },
    failed: (error) => failure.reject(error),
  };
  const carry = plan.carrier === 'bullmq' ? carryByBullmq : carryByHoldfast;
  const carried = await carry(plan, consumer);
  startMs = performance.now() + plan.warmUpMs;
  endMs = startMs + plan.measureMs;
  const work = async (pusher: Pusher, worker: number): Promise<void> => {
    while (performance.now() < endMs) {
      const done = pusher.next();
      await carried.push({ worker, number: pusher.number });
      await done;
      if (plan.pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, plan.pauseMs));
    }
  };
  await Promise.race([Promise.all(pushers.map(work)), failure.promise]);
  await carried.close();
  return {
    steps: await ratesOfSteps(plan),
    messagesPerSecond: (acknowledged * 1000) / plan.measureMs,
    deliveredMs: {
      p50: latencies.quantile(0.5),
      p95: latencies.quantile(0.95),
      p99: latencies.quantile(0.99),
    },
    outOfOrder,
  };
}

const plan: unknown = JSON.parse(process.argv[2] ?? 'null');
if (!isMessagePlan(plan)) throw new Error(`This is no plan for a load: ${String(process.argv[2])}`);
const stats = await generate(plan);
process.send?.(stats, () => process.disconnect());
