/**
 * Every setting, once: its key in the file, its schema, its default and what it means. Flags,
 * environment variables, help texts and docs/configuration.md are made from this table.
 */
import { z } from 'zod';
import {
  clientUrl,
  host,
  listenAddress,
  nodeId,
  peer,
  peerAddress,
  webOrigin,
} from './addresses.ts';
import { auditSettings } from './audit-settings.ts';
import { limitSettings } from './limit-settings.ts';
import { queueSettings } from './queue-settings.ts';
import type { Setting } from './setting.ts';
import { tlsSettings } from './tls-settings.ts';

export type { Setting } from './setting.ts';

const port = z.int().min(0).max(65_535);

const definitions: readonly Setting[] = [
  {
    key: 'cluster.cluster_id',
    schema: nodeId,
    default: 'holdfast',
    description: 'Name of the cluster; nodes of another one are refused. Fixed at the first start.',
  },
  {
    key: 'cluster.node_id',
    schema: nodeId,
    default: 'node-1',
    description:
      'Name of this node, unique in the cluster, never used again. Fixed at the first start.',
  },
  {
    key: 'cluster.listen',
    schema: listenAddress,
    default: '',
    description:
      'host:port on which peers reach this node, [::1]:7000 for an IPv6 address. Empty: a single node that no ' +
      'other can join. Without TLS members do not prove who they are: let nobody else reach this port then.',
  },
  {
    key: 'cluster.advertise',
    schema: peerAddress,
    default: '',
    description:
      'host:port that peers use, where it differs from cluster.listen: always where that is 0.0.0.0 or [::].',
  },
  {
    key: 'cluster.peers',
    schema: z.array(peer).max(6),
    default: [],
    description:
      'The other nodes: "host:port" (the host is the node id) or "id=host:port"; "id=[::1]:7000" for an IPv6 address.',
  },
  {
    key: 'cluster.join',
    schema: z.boolean(),
    default: false,
    description:
      'This node is added to a running cluster (see POST /cluster/members): it starts without a vote.',
  },
  {
    key: 'http.host',
    schema: host,
    default: '127.0.0.1',
    description: 'Address on which clients are served; 0.0.0.0 for all of IPv4, :: for all.',
  },
  {
    key: 'http.port',
    schema: port,
    default: 8080,
    description: 'Port on which clients are served; 0 takes a free one.',
  },
  {
    key: 'http.advertise',
    schema: clientUrl,
    default: '',
    description:
      'URL (or host:port) under which clients reach this node, where it differs from http.host and http.port. ' +
      'A node of a cluster that listens on all addresses needs it; a single one then tells none.',
  },
  {
    key: 'http.allowed_origins',
    schema: z.array(webOrigin).max(100),
    default: [],
    description: 'Web origins whose pages may use this node from a browser, as https://host:port.',
  },
  {
    key: 'grpc.enabled',
    schema: z.boolean(),
    default: true,
    description: 'Whether clients are served over gRPC as well: true or false.',
  },
  {
    key: 'grpc.host',
    schema: host,
    default: '127.0.0.1',
    description: 'Address on which gRPC is served; 0.0.0.0 for all of IPv4, :: for all.',
  },
  {
    key: 'grpc.port',
    schema: port,
    default: 8081,
    description:
      'Port on which gRPC is served; 0 takes a free one. Nodes on one machine need one each.',
  },
  {
    key: 'grpc.health',
    schema: z.boolean(),
    default: true,
    description: 'Whether whoever reaches gRPC is told its health, without a key: true or false.',
  },
  {
    key: 'grpc.reflection',
    schema: z.boolean(),
    default: true,
    description:
      'Whether whoever reaches gRPC is told its services and messages, without a key: true or false.',
  },
  {
    key: 'metrics.listen',
    schema: listenAddress,
    default: '',
    description:
      'host:port on which /metrics is served as well, and nothing else: over TLS where there is TLS, to who may ' +
      'read them. Empty: only on the port of clients.',
  },
  {
    key: 'storage.folder',
    schema: z.string().min(1),
    default: './data/node',
    description: 'Folder of this node: its log, its vote, its identity.',
  },
  {
    key: 'storage.snapshot_log_bytes',
    schema: z
      .int()
      .min(4096)
      .max(2 ** 32),
    default: 64 * 1024 * 1024,
    description: 'Bytes of log after which a snapshot is taken.',
  },
  {
    key: 'consensus.algorithm',
    schema: z.literal('raft'),
    default: 'raft',
    description: 'How nodes agree.',
  },
  {
    key: 'consensus.heartbeat_interval_ms',
    schema: z.int().min(20).max(10_000),
    default: 100,
    description: 'Ms between heartbeats of the leader.',
  },
  {
    key: 'consensus.election_timeout_ms',
    schema: z.int().min(60).max(60_000),
    default: 300,
    description: 'Shortest time in ms without a leader before an election.',
  },
  {
    key: 'consensus.election_timeout_max_ms',
    schema: z.int().min(0).max(120_000),
    default: 0,
    description: 'Longest such time in ms; 0: twice the shortest.',
  },
  {
    key: 'locks.default_ttl_seconds',
    schema: z.number().min(1).max(86_400),
    default: 30,
    description: 'Session timeout in seconds where the caller gives none.',
  },
  {
    key: 'locks.max_ttl_seconds',
    schema: z.number().min(1).max(86_400),
    default: 86_400,
    description: 'Longest session timeout in seconds.',
  },
  {
    key: 'locks.max_wait_time_seconds',
    schema: z.number().min(0).max(86_400),
    default: 60,
    description: 'Longest wait in a queue, in seconds.',
  },
  {
    key: 'locks.cleanup_interval_seconds',
    schema: z.number().min(0).max(86_400),
    default: 10,
    description: 'Accepted for files of older services; sessions are ended when they expire.',
  },
  ...auditSettings,
  ...queueSettings,
  ...limitSettings,
  ...tlsSettings,
  {
    key: 'log.level',
    schema: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
    default: 'info',
    description: 'Least severe messages that are logged.',
  },
  {
    key: 'log.format',
    schema: z.enum(['auto', 'json', 'text']),
    default: 'auto',
    description: 'auto: text on a terminal, else JSON lines.',
  },
];

/** The range is told by the schema that upholds it, so that the two cannot differ. */
function withRange(setting: Setting): Setting {
  const {
    minimum,
    maximum,
    enum: choices,
  } = z.toJSONSchema(setting.schema, {
    io: 'input',
  });
  let range = '';
  if (minimum !== undefined && maximum !== undefined)
    range = ` ${String(minimum)} to ${String(maximum)}.`;
  if (choices !== undefined) range = ` One of ${choices.join(', ')}.`;
  return { ...setting, description: setting.description + range };
}

export const settings: readonly Setting[] = definitions.map(withRange);

/** `http.port` → `--http-port`. */
export const flagOf = (setting: Setting): string =>
  setting.flag ?? setting.key.replaceAll(/[._]/g, '-');
/** `http.port` → `HOLDFAST_HTTP_PORT`. */
export const variableOf = (setting: Setting): string =>
  `HOLDFAST_${setting.key.replaceAll('.', '_').toUpperCase()}`;
