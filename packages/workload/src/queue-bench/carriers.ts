/** Messages through what is compared, each as its own documents advise. */
import { connect } from '@holdfast/client';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import type { MessagePlan } from './plan.ts';

/** What a message says: who pushed it, and its how manieth of theirs it is. */
export interface MessageOrigin {
  readonly worker: number;
  readonly number: number;
}

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
