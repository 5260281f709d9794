/** The settings of limits: of the state, which the leader has logged, and of this node. */
import { z } from 'zod';
import { configuredLimits, primitiveLimits } from '@holdfast/engine/limits';
import type { ConfiguredLimit } from '@holdfast/engine/limits';
import type { Setting } from './setting.ts';

const count = (max: number): z.ZodType => z.int().min(1).max(max);

/** The name of a limit is that of its setting. */
const settingKeyOf = (name: string): string =>
  `limits.${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`;

/** What the state machine bounds, as it is set. */
export type ConfiguredLimits = Readonly<Record<ConfiguredLimit, number>>;

/** @param number The value of a setting. */
export const readStateLimits = (number: (key: string) => number): ConfiguredLimits =>
  Object.fromEntries(
    configuredLimits.map((name) => [name, number(settingKeyOf(name))]),
  ) as ConfiguredLimits;

/** Of identities and addresses on this node. */
const callerLimits = [
  'maxConnections',
  'maxConnectionsPerAddress',
  'maxStreamsPerAddress',
  'maxGrpcCallsPerAddress',
  'maxRequestsPerSecondPerIdentity',
  'maxRequestsPerSecondPerAddress',
  'maxRequestBytesPerSecondPerIdentity',
  'maxRequestBytesPerSecondPerAddress',
  'maxWrongKeysPerSecondPerAddress',
  'maxRefusedChangesPerSecondPerCaller',
] as const;
export type CallerLimits = Readonly<Record<(typeof callerLimits)[number], number>>;

export const readCallerLimits = (number: (key: string) => number): CallerLimits =>
  Object.fromEntries(
    callerLimits.map((name) => [name, number(settingKeyOf(name))]),
  ) as CallerLimits;

export const limitSettings: readonly Setting[] = [
  {
    key: 'limits.max_sessions',
    schema: count(10_000_000),
    default: 100_000,
    description: 'Most sessions. That of the leader is in force.',
  },
  {
    key: 'limits.max_sessions_per_caller',
    schema: count(10_000_000),
    default: 50_000,
    description:
      'Most sessions of one caller, holds by client_id among them. A caller is an address until there is authentication ' +
      '(of IPv6 its first 64 bits): raise it where all come through one proxy. That of the leader is in force.',
  },
  {
    key: 'limits.max_holds_per_session',
    schema: count(1_000_000),
    default: 100_000,
    description: 'Most holds, waits and barriers of one session. That of the leader is in force.',
  },
  {
    key: 'limits.max_waits_per_session',
    schema: count(1_000_000),
    default: 10_000,
    description: 'Most places in queues of one session. That of the leader is in force.',
  },
  {
    key: 'limits.max_metadata_bytes_per_session',
    schema: z
      .int()
      .min(1024)
      .max(2 ** 32),
    default: 16 * 1024 * 1024,
    description:
      'Most metadata, and values of leaders, of all that one session holds and waits for, in bytes of JSON. That of ' +
      'the leader is in force.',
  },
  {
    key: 'limits.max_holds_per_caller',
    schema: count(10_000_000),
    default: 500_000,
    description:
      'Most holds, waits and barriers of all sessions of one caller. That of the leader is in force.',
  },
  {
    key: 'limits.max_waits_per_caller',
    schema: count(10_000_000),
    default: 100_000,
    description:
      'Most places in queues of all sessions of one caller. That of the leader is in force.',
  },
  {
    key: 'limits.max_metadata_bytes_per_caller',
    schema: z
      .int()
      .min(1024)
      .max(2 ** 36),
    default: 128 * 1024 * 1024,
    description:
      'Most metadata, and values of leaders, of all that the sessions of one caller hold and wait for, in bytes of JSON. ' +
      'That of the leader is in force.',
  },
  {
    key: 'limits.max_waiters_per_resource',
    schema: count(1_000_000),
    default: 10_000,
    description: 'Most waiters in the queue of one resource. That of the leader is in force.',
  },
  {
    key: 'limits.max_holds_per_resource',
    schema: count(100_000),
    default: 10_000,
    description:
      'Most holds of one resource at once: acquires of permits, shared holds. That of the leader is in force.',
  },
  ...primitiveLimits.map(({ name, initial, highest, what }): Setting => ({
    key: settingKeyOf(name),
    schema: count(highest),
    default: initial,
    description: `${what} That of the leader is in force.`,
  })),
  {
    key: 'limits.max_queues',
    schema: count(100_000),
    default: 1000,
    description: 'Most queues. That of the leader is in force.',
  },
  {
    key: 'limits.max_messages',
    schema: count(100_000_000),
    default: 2_000_000,
    description: 'Most messages and dead letters of all queues. That of the leader is in force.',
  },
  {
    key: 'limits.max_messages_per_queue',
    schema: count(100_000_000),
    default: 1_000_000,
    description: 'Most messages and dead letters of one queue. That of the leader is in force.',
  },
  {
    key: 'limits.max_message_bytes',
    schema: z
      .int()
      .min(1024 * 1024)
      .max(2 ** 36),
    default: 16 * 1024 ** 3,
    description:
      'What the messages and dead letters of all queues take, in bytes: keys and payloads, and 256 for each. Every ' +
      'node has payloads of more than 256 bytes on its disk. That of the leader is in force.',
  },
  {
    key: 'limits.max_message_bytes_per_queue',
    schema: z
      .int()
      .min(1024 * 1024)
      .max(2 ** 36),
    default: 16 * 1024 ** 3,
    description:
      'What the messages and dead letters of one queue take, in bytes. That of the leader is in force.',
  },
  {
    key: 'limits.max_dedup_ids',
    schema: count(10_000_000),
    default: 500_000,
    description:
      'Dedup ids of pushed messages that are remembered, each for five minutes, of all queues. Beyond it pushes with new ' +
      'ones are refused. That of the leader is in force.',
  },
  {
    key: 'limits.max_cache_bytes',
    schema: z
      .int()
      .min(1024 * 1024)
      .max(2 ** 36),
    default: 256 * 1024 * 1024,
    description:
      'What the keys and values of the cache take, in bytes, and 256 for each key. Every node has them in memory. ' +
      'Beyond it writes that need more are refused. That of the leader is in force.',
  },
  {
    key: 'limits.max_results_per_session',
    schema: z.int().min(1024).max(1_000_000),
    default: 1024,
    description:
      'Answers remembered per session, so that a repeated request is not executed again. That of the leader is in force.',
  },
  {
    key: 'limits.max_result_bytes_per_session',
    schema: z
      .int()
      .min(64 * 1024)
      .max(2 ** 32),
    default: 1024 * 1024,
    description:
      'What the answers take that are remembered for one session, in bytes: those to requests with numbers, and the ' +
      'others. Older ones are forgotten first, and a repetition is refused with request_forgotten; of a caller that tells ' +
      'answered_below none from there on is forgotten, and new requests are refused. That of the leader is in force.',
  },
  {
    key: 'limits.max_result_bytes_per_caller',
    schema: z
      .int()
      .min(64 * 1024)
      .max(2 ** 36),
    default: 256 * 1024 * 1024,
    description:
      'What the answers take that are remembered for all sessions of one caller, in bytes. Beyond it a session keeps its ' +
      'latest answer; of a caller that tells answered_below none is forgotten, and new requests are refused. That of the ' +
      'leader is in force.',
  },
  {
    key: 'limits.max_remembered_sessions',
    schema: z.int().min(10_000).max(10_000_000),
    default: 500_000,
    description:
      'Ended sessions that are remembered, beside those that live, so that a late copy of a request does not make ' +
      'them again; those of holds by client_id apart from the others. Each is remembered for half a minute and its ' +
      'wait, one that its caller numbered for its ttl too. Where no more fit, new ones are ' +
      'refused with limit_exceeded. That of the leader is in force.',
  },
  {
    key: 'limits.max_remembered_bytes',
    schema: z
      .int()
      .min(1024 * 1024)
      .max(2 ** 36),
    default: 256 * 1024 * 1024,
    description:
      'What these ended sessions may take in memory, in bytes; some 0.3 KiB each. That of the leader is in force.',
  },
  {
    key: 'limits.max_remembered_sessions_per_caller',
    schema: z.int().min(1000).max(10_000_000),
    default: 250_000,
    description:
      'Those of one caller among them: beyond it new sessions of this caller are refused with limit_exceeded. That of ' +
      'the leader is in force.',
  },
  {
    key: 'limits.max_remembered_bytes_per_caller',
    schema: z
      .int()
      .min(256 * 1024)
      .max(2 ** 36),
    default: 128 * 1024 * 1024,
    description:
      'What those of one caller may take in memory, in bytes. That of the leader is in force.',
  },
  {
    key: 'limits.max_events_kept',
    schema: z.int().min(1000).max(10_000_000),
    default: 100_000,
    description: 'Events that this node keeps for watchers that resume.',
  },
  {
    key: 'limits.max_body_bytes',
    schema: z
      .int()
      .min(1024)
      .max(16 * 1024 * 1024),
    default: 64 * 1024,
    description: 'Largest HTTP body, and largest message of gRPC, in bytes.',
  },
  {
    key: 'limits.max_connections',
    schema: count(100_000),
    default: 10_000,
    description:
      'Most connections of HTTP on this node, client streams among them, and as many of gRPC. Where one more comes, the ' +
      'one that has been idle for longest is closed.',
  },
  {
    key: 'limits.max_connections_per_address',
    schema: z.int().min(0).max(100_000),
    default: 5000,
    description:
      'Most of one address among them (of IPv6 its first 64 bits): raise it where all come through one proxy. 0: not limited.',
  },
  {
    key: 'limits.max_streams',
    schema: count(100_000),
    default: 5000,
    description: 'Most client streams on this node.',
  },
  {
    key: 'limits.max_streams_per_caller',
    schema: count(100_000),
    default: 2500,
    description:
      'Most client streams and watches of one caller (an address, see limits.max_sessions_per_caller) on this node.',
  },
  {
    key: 'limits.max_grpc_calls',
    schema: count(1_000_000),
    default: 10_000,
    description: 'Most calls of gRPC in progress on this node, streams among them.',
  },
  {
    key: 'limits.max_grpc_calls_per_caller',
    schema: count(1_000_000),
    default: 5000,
    description: 'Most calls of gRPC in progress of one caller on this node, streams among them.',
  },
  {
    key: 'limits.max_streams_per_address',
    schema: z.int().min(0).max(100_000),
    default: 0,
    description:
      'Most client streams and watches of all identities of one address together on this node. 0: not limited.',
  },
  {
    key: 'limits.max_grpc_calls_per_address',
    schema: z.int().min(0).max(1_000_000),
    default: 0,
    description:
      'Most calls of gRPC in progress of all identities of one address together on this node. 0: not limited.',
  },
  {
    key: 'limits.max_requests_per_second_per_identity',
    schema: z.int().min(0).max(1_000_000),
    default: 0,
    description:
      'Most requests of one identity to this node in a second; what keeps or gives back is not refused. 0: not limited.',
  },
  {
    key: 'limits.max_requests_per_second_per_address',
    schema: z.int().min(0).max(1_000_000),
    default: 0,
    description:
      'Most requests of one address to this node in a second; what keeps or gives back is not refused. 0: not limited.',
  },
  {
    key: 'limits.max_request_bytes_per_second_per_identity',
    schema: z
      .int()
      .min(0)
      .max(2 ** 40),
    default: 0,
    description: 'Most bytes of requests of one identity to this node in a second. 0: not limited.',
  },
  {
    key: 'limits.max_request_bytes_per_second_per_address',
    schema: z
      .int()
      .min(0)
      .max(2 ** 40),
    default: 0,
    description: 'Most bytes of requests of one address to this node in a second. 0: not limited.',
  },
  {
    key: 'limits.max_wrong_keys_per_second_per_address',
    schema: z.int().min(0).max(1_000_000),
    default: 20,
    description:
      'Most wrong API keys under one id that one address may show this node in a second, and five times as many under all ids; more are refused as too many, a key that holds never is. 0: not limited.',
  },
  {
    key: 'limits.max_refused_changes_per_second_per_caller',
    schema: z.int().min(0).max(1_000_000),
    default: 1000,
    description:
      'Most changes of one caller that the cluster refuses in a second, such as acquires of what is held, while there is an audit: ' +
      'each is a record on all nodes. More are refused by this node, which counts them. 0: not limited.',
  },
  {
    key: 'limits.max_backups',
    schema: count(1000),
    default: 4,
    description: 'Most backups that this node sends at a time.',
  },
  {
    key: 'limits.max_backups_per_caller',
    schema: count(1000),
    default: 2,
    description: 'Most backups that this node sends to one caller at a time.',
  },
  {
    key: 'limits.min_backup_bytes_per_second',
    schema: z
      .int()
      .min(1024)
      .max(2 ** 40),
    default: 131_072,
    description:
      'A backup is cut off 60 s after the time that its bytes take at this rate: until its end the node keeps an old snapshot, and payloads of messages that have ended.',
  },
];
