/** Messages through what is compared, each as its own documents advise. */
import { connect } from '@holdfast/client';
import { Queue, Worker } from 'bullmq';
import type { Job } from 'bullmq';
import { Redis } from 'ioredis';
import type { MessageOrigin } from './message-origin.ts';
import type { MessagePlan } from './plan.ts';
import type { Steps } from './steps.ts';

export interface Carried {
  push(said: MessageOrigin): Promise<void>;
  close(): Promise<void>;
}

export interface Consumer {
  /** A consumer has it. */
  delivered(said: MessageOrigin): void;
  /** Its acknowledgement was answered. */
  acknowledged(said: MessageOrigin): void;
  failed(error: unknown): void;
}

const visibilityMs = 30_000;
/** Where each step is measured by itself: what is taken is acknowledged later. */
const longVisibilityMs = 600_000;

function readSaid(value: unknown): MessageOrigin {
  if (typeof value === 'object' && value !== null && 'worker' in value && 'number' in value) {
    const { worker, number } = value;
    if (typeof worker === 'number' && typeof number === 'number') return { worker, number };
  }
  throw new Error(`A message that nobody pushed: ${JSON.stringify(value)}`);
}

export async function carryByHoldfast(plan: MessagePlan, consumer: Consumer): Promise<Carried> {
  const client = await connect({ endpoints: plan.urls });
  if (plan.keys === 'none')
    await client.call('queue_configure', { queue: plan.queue, order: 'none' });
  const queue = client.queue(plan.queue);
  const stop = new AbortController();
  const { signal } = stop;
  const consume = async (): Promise<void> => {
    for await (const message of queue.consume({
      concurrency: plan.workers,
      visibilityMs,
      signal,
    })) {
      const said = readSaid(message.payload);
      consumer.delivered(said);
      message.ack().then(
        () => consumer.acknowledged(said),
        (error: unknown) => consumer.failed(error),
      );
    }
  };
  const consuming = consume().catch((error: unknown) => consumer.failed(error));
  return {
    async push({ worker, number }) {
      await queue.push(plan.keys === 'own' ? `worker-${String(worker)}` : undefined, {
        worker,
        number,
      });
    },
    async close() {
      stop.abort();
      await consuming;
      await client.close();
    },
  };
}

export async function carryByBullmq(plan: MessagePlan, consumer: Consumer): Promise<Carried> {
  const [url = ''] = plan.urls;
  // What BullMQ asks for of a connection that waits for jobs.
  const connections = [0, 1].map(() => new Redis(url, { maxRetriesPerRequest: null }));
  const [pushing, taking] = connections;
  if (pushing === undefined || taking === undefined) throw new Error('There is no connection.');
  const queue = new Queue<MessageOrigin>(plan.queue, {
    connection: pushing,
    defaultJobOptions: { removeOnComplete: true },
  });
  const worker = new Worker<MessageOrigin>(
    plan.queue,
    (job) => {
      consumer.delivered(readSaid(job.data));
      return Promise.resolve();
    },
    { connection: taking, concurrency: plan.workers, lockDuration: visibilityMs },
  );
  worker.on('completed', (job) => consumer.acknowledged(readSaid(job.data)));
  worker.on('failed', (_job, error) => consumer.failed(error));
  worker.on('error', (error) => consumer.failed(error));
  await worker.waitUntilReady();
  return {
    async push(said) {
      await queue.add('message', said);
    },
    async close() {
      await worker.close();
      await queue.close();
      for (const connection of connections) connection.disconnect();
    },
  };
}

/** Each message has a key of its own where there are keys: one that waits for its acknowledgement keeps no other waiting. */
export async function stepsOfHoldfast(plan: MessagePlan): Promise<Steps<string>> {
  const client = await connect({ endpoints: plan.urls });
  const queue = `${plan.queue}-steps`;
  const order = plan.keys === 'none' ? 'none' : 'key';
  await client.call('queue_configure', { queue, order });
  const pushing = client.queue(queue);
  return {
    async push({ worker, number }) {
      const key = plan.keys === 'own' ? `message-${String(number)}` : undefined;
      await pushing.push(key, { worker, number });
    },
    async take() {
      const body = { queue, count: 1, visibility_seconds: longVisibilityMs / 1000 };
      const { messages } = await client.call('queue_pop', body);
      return messages[0]?.receipt ?? undefined;
    },
    async acknowledge(receipt) {
      await client.call('queue_ack', { queue, receipt });
    },
    async close() {
      await client.call('queue_purge', { queue });
      await client.close();
    },
  };
}

export async function stepsOfBullmq(plan: MessagePlan): Promise<Steps<Job>> {
  const [url = ''] = plan.urls;
  const [pushing, taking] = [0, 1].map(() => new Redis(url, { maxRetriesPerRequest: null }));
  if (pushing === undefined || taking === undefined) throw new Error('There is no connection.');
  const name = `${plan.queue}-steps`;
  const queue = new Queue<MessageOrigin>(name, {
    connection: pushing,
    defaultJobOptions: { removeOnComplete: true },
  });
  // Without a processor it takes what it is asked for.
  const worker = new Worker(name, null, {
    connection: taking,
    autorun: false,
    lockDuration: longVisibilityMs,
  });
  worker.on('error', () => undefined); // What is asked for fails.
  await worker.waitUntilReady();
  const token = 'bench';
  return {
    async push(said) {
      await queue.add('message', said);
    },
    take: () => worker.getNextJob(token, { block: false }),
    async acknowledge(job) {
      await job.moveToCompleted('done', token, false);
    },
    async close() {
      await worker.close();
      await queue.obliterate({ force: true });
      await queue.close();
      for (const connection of [pushing, taking]) connection.disconnect();
    },
  };
}
