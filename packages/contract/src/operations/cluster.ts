/** The cluster: who leads, who belongs to it. On HTTP. */
import { byCluster } from '../errors.ts';
import { insecure, nodeId, position, toldNodeId } from '../fields.ts';
import { get, post, remove } from '../operation.ts';
import type { DocumentOperation, Group, UnaryOperation } from '../operation.ts';
import {
  always,
  boolean,
  example,
  list,
  nullable,
  number,
  object,
  optional,
  patterned,
  string,
  words,
} from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';

export const nothing: Message = {
  typeName: 'NoFields',
  protoName: 'NoFields',
  description: 'No fields: everything is in the path.',
  fields: {},
};

const look = { verb: 'read', resource: 'cluster' } as const;
const operate = { verb: 'admin', resource: 'cluster' } as const;
const local = {
  kind: 'unary',
  repeat: 'always',
  changes: false,
  needsLeader: false,
  onStream: false,
} as const;
const membership = {
  kind: 'unary',
  repeat: 'never',
  changes: true,
  needsLeader: true,
  isUnlogged: true,
  onStream: false,
  access: operate,
} as const;
const changeErrors = ['membership_change_in_progress'];
const peerAddress = example(string('Peer address, `host:port`.'), '10.0.0.2:7000');

const leader: UnaryOperation = {
  ...local,
  name: 'leader',
  request: nothing,
  answer: {
    typeName: 'LeaderAnswer',
    protoName: 'LeaderResponse',
    description: 'The current leader.',
    fields: {
      leader: [1, toldNodeId],
      address: [2, nullable(peerAddress)],
      url: [3, nullable(string('URL for clients; null while unknown.'))],
      term: [4, position('Raft term of its leadership.')],
      is_leader: [5, boolean('The responding node is the leader.')],
    },
  },
  errors: ['not_leader'],
  access: look,
  grpc: { method: 'Leader', comment: 'Returns the leader.' },
  http: [get('/leader', 'The current leader.')],
};

const roles: Enumeration = {
  name: 'MemberRole',
  description: 'Role of a member.',
  unspecified: 'Never sent.',
  values: {
    voter: [1, 'Voting member.'],
    learner: [2, 'Learner: receives the log and has no vote yet.'],
  },
};

const member: Message = {
  typeName: 'MemberAnswer',
  protoName: 'Member',
  isNested: true,
  description: 'A member of the cluster.',
  fields: {
    node_id: [1, toldNodeId],
    address: [2, peerAddress],
    role: [3, words(roles, 'Voter or learner.')],
    url: [4, string('URL for clients; empty while unknown.')],
    is_leader: [5, boolean('It is the leader.')],
    connected: [6, boolean('The responding node is connected to it.')],
    supported_feature_level: [
      8,
      nullable(
        position(
          'Highest feature level that its program supports; null while the responding node is not connected to it.',
        ),
      ),
    ],
    match_index: [
      7,
      nullable(
        position(
          'Last log index known to be stored there (match index); null where the responding node does not know.',
        ),
      ),
    ],
  },
};

const clusterStatus: UnaryOperation = {
  ...local,
  name: 'cluster_status',
  request: nothing,
  answer: {
    typeName: 'ClusterStatusAnswer',
    protoName: 'ClusterStatusResponse',
    description: 'The cluster as seen by the responding node.',
    fields: {
      cluster_id: [1, string('Name of the cluster.')],
      node_id: [2, toldNodeId],
      version: [3, string('Version of Holdfast that this node runs.')],
      role: [4, string('Raft role of this node: leader, follower, candidate or learner.')],
      is_leader: [5, boolean('The responding node is the leader.')],
      is_ready: [6, boolean('The responding node can serve requests.')],
      term: [7, position('Current Raft term.')],
      leader: [8, nullable(string('Node id of the leader; null while no leader is known.'))],
      leader_address: [9, nullable(string('Peer address of the leader.'))],
      leader_url: [10, nullable(string('URL for clients.'))],
      commit_index: [11, position('Commit index: the log is committed up to here.')],
      applied_index: [12, position('Applied index: this node has applied the log up to here.')],
      last_index: [13, position('Index of the last entry of its log.')],
      first_index: [14, position('Index of the first entry of its log.')],
      members: [15, list(object(member), 'All members.')],
      feature_level: [
        16,
        position(
          'Feature level of the cluster, as applied on this node. A program that supports less cannot be a member.',
        ),
      ],
      supported_feature_level: [
        17,
        position('Highest feature level that the program of this node supports.'),
      ],
      insecure: [18, insecure],
      removed: [
        19,
        boolean(
          'This node was removed from the cluster, by its log or as members have told it: it lists the members that it knew then.',
        ),
      ],
    },
  },
  errors: [],
  access: look,
  grpc: { method: 'ClusterStatus', comment: 'Returns the cluster as this node sees it.' },
  http: [get('/cluster/status', 'The cluster as seen by this node.')],
};

const whereItAnswered = 'Null where it did not answer, or does not know.';
const machine: Message = {
  typeName: 'MachineAnswer',
  protoName: 'Machine',
  isNested: true,
  description: 'A member, and what it stands on.',
  fields: {
    node_id: [1, toldNodeId],
    answered: [2, boolean('It answered in time.')],
    version: [3, nullable(string(`Version of Holdfast that it runs. ${whereItAnswered}`))],
    applied_index: [4, nullable(position(`It has applied the log up to here. ${whereItAnswered}`))],
    disk_free_bytes: [
      5,
      nullable(position(`Free bytes of the file system with its folder. ${whereItAnswered}`)),
    ],
    disk_size_bytes: [6, nullable(position(`Bytes of that file system. ${whereItAnswered}`))],
    stored_bytes: [
      7,
      nullable(position(`Bytes of its log, snapshots and payloads. ${whereItAnswered}`)),
    ],
    memory_bytes: [8, nullable(position(`Resident memory of its process. ${whereItAnswered}`))],
    longest_turn_seconds: [
      9,
      nullable(number(`Longest turn of its event loop in the last minute. ${whereItAnswered}`)),
    ],
  },
};

const clusterMachines: UnaryOperation = {
  ...local,
  name: 'cluster_machines',
  request: nothing,
  answer: {
    typeName: 'ClusterMachinesAnswer',
    protoName: 'ClusterMachinesResponse',
    description:
      'The members and what they stand on, as each of them told the responding node within two seconds.',
    fields: {
      node_id: [1, toldNodeId],
      machines: [2, list(object(machine), 'All members.')],
    },
  },
  errors: [],
  access: look,
  grpc: {
    method: 'ClusterMachines',
    comment: 'Returns what the members stand on: release, disk, memory.',
  },
  http: [get('/cluster/machines', 'What the members stand on: release, disk, memory.')],
};

const addMember: UnaryOperation = {
  ...membership,
  name: 'add_member',
  request: {
    typeName: 'AddMemberBody',
    protoName: 'AddMemberRequest',
    description: 'A node to add to the cluster.',
    fields: {
      node_id: [1, nodeId],
      address: [
        2,
        example(
          patterned(
            310,
            '^(?:[^\\s:/@[\\]]+|\\[[0-9A-Fa-f:.]+(?:%[A-Za-z0-9._~-]+)?\\]):[0-9]{1,5}$',
            'Peer address of the new node: `host:port`, `[::1]:7000` for an IPv6 address.',
          ),
          '10.0.0.4:7000',
        ),
      ],
    },
  },
  answer: {
    typeName: 'AddMemberAnswer',
    protoName: 'AddMemberResponse',
    description: 'The node is a member.',
    fields: { added: [1, always(true)], node_id: [2, toldNodeId], address: [3, peerAddress] },
  },
  errors: ['member_exists', ...changeErrors],
  grpc: { method: 'AddMember', comment: 'Adds a node to the cluster. For administrators.' },
  http: [post('/cluster/members', 'Add a node to the cluster.')],
};

const promoteMember: UnaryOperation = {
  ...membership,
  name: 'promote_member',
  request: {
    typeName: 'PromoteMemberBody',
    protoName: 'PromoteMemberRequest',
    description: 'A learner that is to vote.',
    fields: { node_id: [1, nodeId] },
  },
  answer: {
    typeName: 'PromoteMemberAnswer',
    protoName: 'PromoteMemberResponse',
    description: 'The node is a voting member.',
    fields: { promoted: [1, always(true)], node_id: [2, toldNodeId] },
  },
  errors: ['member_not_found', 'learner_not_ready', ...changeErrors],
  grpc: {
    method: 'PromoteMember',
    comment:
      'Makes a learner that has caught up a voting member; the leader does so by itself, too. For administrators.',
  },
  http: [post('/cluster/members/{node_id}/promote', 'Make a learner a voting member.')],
};

const removeMember: UnaryOperation = {
  ...membership,
  name: 'remove_member',
  request: {
    typeName: 'RemoveMemberBody',
    protoName: 'RemoveMemberRequest',
    description: 'A node to remove from the cluster permanently.',
    fields: { node_id: [1, nodeId] },
  },
  answer: {
    typeName: 'RemoveMemberAnswer',
    protoName: 'RemoveMemberResponse',
    description: 'The node is no longer a member.',
    fields: { removed: [1, always(true)], node_id: [2, toldNodeId] },
  },
  errors: ['member_not_found', ...changeErrors],
  grpc: {
    method: 'RemoveMember',
    comment: 'Removes a node from the cluster permanently. For administrators.',
  },
  http: [
    remove('/cluster/members/{node_id}', 'Remove a node from the cluster permanently.'),
    remove('/cluster/members', 'Remove a node from the cluster permanently.'),
  ],
};

const transfer: UnaryOperation = {
  ...membership,
  name: 'transfer',
  request: {
    typeName: 'TransferBody',
    protoName: 'TransferRequest',
    description: 'Target of a leadership transfer.',
    fields: {
      node_id: [
        1,
        optional(
          nodeId,
          'The member to transfer leadership to; the most up-to-date one when absent.',
        ),
      ],
    },
  },
  answer: {
    typeName: 'TransferAnswer',
    protoName: 'TransferResponse',
    description: 'Leadership was transferred.',
    fields: {
      transferred: [1, always(true)],
      leader: [2, string('Node id of the new leader.')],
    },
  },
  errors: ['member_not_found', 'leadership_not_transferred', ...changeErrors],
  grpc: {
    method: 'Transfer',
    comment: 'Transfers leadership to another member. For administrators.',
  },
  http: [post('/cluster/transfer', 'Transfer leadership to another member.')],
};

const snapshot: DocumentOperation = {
  kind: 'document',
  name: 'snapshot',
  isUnlogged: true,
  needsLeader: false,
  request: nothing,
  contentType: 'application/octet-stream',
  headers: {
    'Content-Length':
      'Size of the file in bytes. Fewer bytes mean that the transfer was interrupted.',
    'Content-Disposition': 'File name made of the cluster id and the log index.',
    'Holdfast-Cluster-Id': 'The name of the cluster.',
    'Holdfast-Snapshot-Index': 'Log index: the backup contains everything up to it.',
    'Holdfast-Snapshot-Hash':
      'SHA-256 of the file, as `sha256sum` prints it. Snapshots that nodes of a cluster take at the same index are the same.',
    'Holdfast-Snapshot-Longest-Seconds':
      'Time that the reader has for all of it. Then the transfer is interrupted (`limits.min_backup_bytes_per_second`).',
  },
  errors: [],
  access: operate,
  http: [
    get('/cluster/snapshot', 'A backup of the state as applied by this node: a snapshot file.'),
  ],
};

export const clusterGroup: Group = {
  name: 'cluster',
  service: 'Cluster',
  tag: 'cluster',
  description: 'The cluster: its leader and its members.',
  operations: [
    leader,
    clusterStatus,
    clusterMachines,
    addMember,
    promoteMember,
    removeMember,
    transfer,
    snapshot,
  ],
  errors: {
    member_exists: byCluster(
      409,
      'ALREADY_EXISTS',
      'A member with this id exists or existed.',
      'never',
    ),
    member_not_found: byCluster(404, 'NOT_FOUND', 'There is no such member.', 'never'),
    learner_not_ready: byCluster(
      409,
      'FAILED_PRECONDITION',
      'The learner has not caught up with the log.',
      'later',
    ),
    membership_change_in_progress: byCluster(
      409,
      'ABORTED',
      'Another membership change is under way.',
      'later',
    ),
    leadership_not_transferred: byCluster(
      409,
      'ABORTED',
      'No other member took leadership over in time.',
      'later',
      {
        effect: 'perhaps',
        note: 'The leader leads as before; a member that was asked to lead may still take over a moment later.',
      },
    ),
  },
};
