/** The cluster: who leads, who belongs to it. On HTTP. */
import { byCluster, clusterErrors } from '../errors.ts';
import { nodeId, position, toldNodeId } from '../fields.ts';
import { get, post, remove } from '../operation.ts';
import type { DocumentOperation, Group, UnaryOperation } from '../operation.ts';
import {
  always,
  boolean,
  example,
  list,
  nullable,
  object,
  optional,
  patterned,
  string,
  words,
} from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';

export const nothing: Message = {
  typeName: 'NoFields',
  description: 'No field at all: what is asked for is in the path.',
  fields: {},
};

const look = { verb: 'read', resource: 'cluster' } as const;
const operate = { verb: 'administer', resource: 'cluster' } as const;
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
  onStream: false,
  access: operate,
} as const;
const changeErrors = ['membership_change_in_progress', ...clusterErrors];
const peerAddress = example(string('Peer address, `host:port`.'), '10.0.0.2:7000');

const leader: UnaryOperation = {
  ...local,
  name: 'leader',
  request: nothing,
  answer: {
    typeName: 'LeaderAnswer',
    description: 'Which node leads.',
    fields: {
      leader: [1, toldNodeId],
      address: [2, nullable(peerAddress)],
      url: [3, nullable(string('Where clients reach it; null while unknown.'))],
      term: [4, position('The term of Raft in which it leads.')],
      is_leader: [5, boolean('The node that answers is the leader.')],
    },
  },
  errors: ['not_leader'],
  access: look,
  http: [get('/leader', 'Which node leads.')],
};

const roles: Enumeration = {
  name: 'MemberRole',
  description: 'What a member is.',
  unspecified: 'Never told.',
  values: { voter: [1, 'It votes.'], learner: [2, 'It has no vote yet.'] },
};

const member: Message = {
  typeName: 'MemberAnswer',
  protoName: 'Member',
  isNested: true,
  description: 'A member of the cluster.',
  fields: {
    node_id: [1, toldNodeId],
    address: [2, peerAddress],
    role: [3, words(roles, 'Whether it votes.')],
    url: [4, string('Where clients reach it; empty while unknown.')],
    is_leader: [5, boolean('It leads.')],
    connected: [6, boolean('The node that answers has a connection to it.')],
    match_index: [
      7,
      nullable(
        position(
          'Last log index known to be stored there; null where the answering node does not know.',
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
    description: 'The cluster as seen by the node that answers.',
    fields: {
      cluster_id: [1, string('Name of the cluster.')],
      node_id: [2, toldNodeId],
      version: [3, string('Of the build that this node runs.')],
      role: [4, string('What this node is in Raft: leader, follower, candidate, learner.')],
      is_leader: [5, boolean('The node that answers is the leader.')],
      is_ready: [6, boolean('The node that answers can have requests answered.')],
      term: [7, position('The current term of Raft.')],
      leader: [8, nullable(string('Node id of the leader; null while none is known.'))],
      leader_address: [9, nullable(string('Its peer address.'))],
      leader_url: [10, nullable(string('Where clients reach it.'))],
      commit_index: [11, position('Up to here the log is committed.')],
      applied_index: [12, position('Up to here this node has applied it.')],
      last_index: [13, position('Last entry of its log.')],
      first_index: [14, position('First entry of its log.')],
      members: [15, list(object(member), 'All members.')],
    },
  },
  errors: [],
  access: look,
  http: [get('/cluster/status', 'The cluster as seen by this node.')],
};

const addMember: UnaryOperation = {
  ...membership,
  name: 'add_member',
  request: {
    typeName: 'AddMemberBody',
    description: 'A node that joins the cluster.',
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
    description: 'It has joined.',
    fields: { added: [1, always(true)], node_id: [2, toldNodeId], address: [3, peerAddress] },
  },
  errors: ['member_exists', ...changeErrors],
  http: [post('/cluster/members', 'Add a node to the cluster.')],
};

const removeMember: UnaryOperation = {
  ...membership,
  name: 'remove_member',
  request: {
    typeName: 'RemoveMemberBody',
    description: 'A node that leaves the cluster, for good.',
    fields: { node_id: [1, nodeId] },
  },
  answer: {
    typeName: 'RemoveMemberAnswer',
    description: 'It has left.',
    fields: { removed: [1, always(true)], node_id: [2, toldNodeId] },
  },
  errors: ['member_not_found', ...changeErrors],
  http: [remove('/cluster/members', 'Remove a node from the cluster, for good.')],
};

const transfer: UnaryOperation = {
  ...membership,
  name: 'transfer',
  request: {
    typeName: 'TransferBody',
    description: 'Who shall lead.',
    fields: {
      node_id: [
        1,
        optional(nodeId, 'The member that shall lead; the most up-to-date one when absent.'),
      ],
    },
  },
  answer: {
    typeName: 'TransferAnswer',
    description: 'Another node leads.',
    fields: {
      transferred: [1, always(true)],
      leader: [2, string('Node id of the new leader.')],
    },
  },
  errors: ['member_not_found', ...changeErrors],
  http: [post('/cluster/transfer', 'Hand leadership to another node.')],
};

const snapshot: DocumentOperation = {
  kind: 'document',
  name: 'snapshot',
  request: nothing,
  contentType: 'application/octet-stream',
  headers: {
    'Content-Length': 'Bytes of the file. Fewer mean that the node broke off.',
    'Content-Disposition': 'A file name of the cluster and the index.',
    'Holdfast-Cluster-Id': 'The name of the cluster.',
    'Holdfast-Snapshot-Index': 'Everything up to this index of the log is in it.',
    'Holdfast-Snapshot-Hash':
      'SHA-256 of the file, as `sha256sum` prints it. Snapshots that nodes of a cluster take at the same index are the same.',
  },
  errors: [],
  access: operate,
  http: [
    get(
      '/cluster/snapshot',
      'A backup of the state as this node has applied it: the file of a snapshot.',
    ),
  ],
};

export const clusterGroup: Group = {
  name: 'cluster',
  tag: 'cluster',
  description: 'The cluster: who leads, who belongs to it.',
  operations: [leader, clusterStatus, addMember, removeMember, transfer, snapshot],
  errors: {
    member_exists: byCluster(
      409,
      'ALREADY_EXISTS',
      'A member of this id exists or existed.',
      'never',
    ),
    member_not_found: byCluster(404, 'NOT_FOUND', 'There is no such member.', 'never'),
    membership_change_in_progress: byCluster(
      409,
      'ABORTED',
      'Another membership change is under way.',
      'later',
    ),
  },
};
