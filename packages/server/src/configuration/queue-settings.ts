/** Where queues are kept. */
import { readRedisAddress } from '@holdfast/protocol/redis-address';
import type { RedisServerAddress } from '@holdfast/protocol/redis-address';
import { z } from 'zod';
import type { CertificateFiles } from '@holdfast/tls';
import type { Setting } from './setting.ts';

const redisUrl = z.string().superRefine((text, context) => {
  const read = readRedisAddress(text);
  if (!read.ok) context.addIssue({ code: 'custom', message: read.problem });
});

const path = z.string().max(4096);

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
  {
    key: 'queues.redis_authority',
    schema: path,
    default: '',
    description:
      'PEM file with the authorities whose certificates are accepted of a Redis with rediss:// addresses. Empty: those of the platform. ' +
      'Read again before each connection is tried again, and on SIGHUP, as all of these files.',
  },
  {
    key: 'queues.redis_certificate',
    schema: path,
    default: '',
    description: 'PEM file with the certificate that is shown to that Redis. Empty: none.',
  },
  {
    key: 'queues.redis_key',
    schema: path,
    default: '',
    description: 'PEM file with the key of queues.redis_certificate.',
  },
  {
    key: 'queues.redis_revocations',
    schema: z.array(z.string().min(1).max(4096)).max(16),
    default: [],
    description:
      'PEM files with revocation lists, a valid one of every authority in queues.redis_authority. With them, a Redis whose certificate is revoked is not asked.',
  },
];

/** Null: in the replicated state. */
export type QueueRedis = {
  readonly urls: readonly string[];
  readonly isCluster: boolean;
  readonly prefix: string;
  /** Null: as the platform has it. */
  readonly files: CertificateFiles | null;
} | null;

export function readQueueRedis(value: (key: string) => unknown): QueueRedis {
  if (value('queues.store') !== 'redis') return null;
  // Each was checked by its schema; the casts only name its type.
  return {
    urls: value('queues.redis_urls') as readonly string[],
    isCluster: value('queues.redis_cluster') === true,
    prefix: value('queues.redis_prefix') as string,
    files: readFiles(value),
  };
}

function readFiles(value: (key: string) => unknown): CertificateFiles | null {
  const files = {
    certificate: value('queues.redis_certificate') as string,
    key: value('queues.redis_key') as string,
    authority: value('queues.redis_authority') as string,
    revocations: value('queues.redis_revocations') as readonly string[],
  };
  const isSet = Object.values(files).some((one) => one.length > 0);
  return isSet ? files : null;
}

export function queueContradictions(redis: QueueRedis): readonly string[] {
  if (redis === null) return [];
  if (redis.urls.length === 0)
    return ['queues.store is "redis", so queues.redis_urls must say where that is'];
  if (!redis.isCluster && redis.urls.length > 1)
    return [
      'queues.redis_urls names several servers: set queues.redis_cluster, or name the one that keeps the queues',
    ];
  const ofCluster = redis.isCluster ? clusterContradictions(redis.urls) : [];
  return [...ofCluster, ...fileContradictions(redis)];
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

/** Certificates that would say nothing. */
function fileContradictions({ urls, files }: NonNullable<QueueRedis>): readonly string[] {
  if (files === null) return [];
  const problems: string[] = [];
  const isSecured = (url: string): boolean => {
    const read = readRedisAddress(url);
    return read.ok && read.address.isTls;
  };
  if (!urls.every(isSecured))
    problems.push(
      'certificates for Redis are set (queues.redis_authority and its like), so queues.redis_urls must be rediss://',
    );
  if ((files.certificate === '') !== (files.key === ''))
    problems.push('queues.redis_certificate and queues.redis_key are set together or not at all');
  if (files.revocations.length > 0 && files.authority === '')
    problems.push(
      'queues.redis_revocations is set, so queues.redis_authority must be: every authority needs a list',
    );
  return problems;
}
