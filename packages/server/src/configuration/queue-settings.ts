/** Where queues are kept. */
import { readRedisAddress } from '@holdfast/protocol/redis-address';
import type { RedisServerAddress } from '@holdfast/protocol/redis-address';
import { z } from 'zod';
import type { Setting } from './setting.ts';

const redisUrl = z.string().superRefine((text, context) => {
  const read = readRedisAddress(text);
  if (!read.ok) context.addIssue({ code: 'custom', message: read.problem });
});

export const queueSettings: readonly Setting[] = [
  {
    key: 'queues.store',
    schema: z.enum(['replicated', 'redis']),
    default: 'replicated',
    description:
      'Where messages are kept: "replicated" in the log and state of the cluster, "redis" in a Redis of yours. The ' +
      'same on all nodes; what is in one is not in the other.',
  },
  {
    key: 'queues.redis_urls',
    schema: z.array(redisUrl).max(32),
    default: [],
    description:
      'The Redis that keeps the queues: one address, or some of a Redis Cluster. redis://host:6379/3 means its database 3; ' +
      'a Redis Cluster has none but 0. The user and password of the first address are those of all.',
  },
  {
    key: 'queues.redis_cluster',
    schema: z.boolean(),
    default: false,
    description: 'Whether that is a Redis Cluster: true or false.',
  },
  {
    key: 'queues.redis_prefix',
    schema: z.string().regex(/^[^{}]{1,64}$/, 'must be 1 to 64 characters without braces'),
    default: 'holdfast:',
    description: 'In front of every key in Redis: one for each cluster that uses it.',
  },
];

/** Null: in the replicated state. */
export type QueueRedis = {
  readonly urls: readonly string[];
  readonly isCluster: boolean;
  readonly prefix: string;
} | null;

export function readQueueRedis(value: (key: string) => unknown): QueueRedis {
  if (value('queues.store') !== 'redis') return null;
  // Each was checked by its schema; the casts only name its type.
  return {
    urls: value('queues.redis_urls') as readonly string[],
    isCluster: value('queues.redis_cluster') === true,
    prefix: value('queues.redis_prefix') as string,
  };
}

export function queueContradictions(redis: QueueRedis): readonly string[] {
  if (redis === null) return [];
  if (redis.urls.length === 0)
    return ['queues.store is "redis", so queues.redis_urls must say where that is'];
  if (!redis.isCluster && redis.urls.length > 1)
    return [
      'queues.redis_urls names several servers: set queues.redis_cluster, or name the one that keeps the queues',
    ];
  return redis.isCluster ? clusterContradictions(redis.urls) : [];
}

/** What would be passed over: a Redis Cluster has one database, and one scheme, user and password for all its servers. */
function clusterContradictions(urls: readonly string[]): readonly string[] {
  const read = urls.map(readRedisAddress).flatMap((one) => (one.ok ? [one.address] : []));
  const problems: string[] = [];
  if (read.some(({ database }) => database !== undefined && database !== 0))
    problems.push(
      'queues.redis_urls names a database, and a Redis Cluster has none but 0: leave it out, and tell the clusters that share it apart by queues.redis_prefix',
    );
  const [first] = read;
  const isOther = ({ isTls, username, password }: RedisServerAddress): boolean =>
    isTls !== first?.isTls ||
    (username + password !== '' && (username !== first.username || password !== first.password));
  if (read.some(isOther))
    problems.push(
      'queues.redis_urls of a Redis Cluster must all have the scheme of the first one, and its user and password or none',
    );
  return problems;
}
