/** The audit: whether it is on, where its chains have come to, and what of that an outsider can keep. */
import { position, wallClockSeconds } from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { boolean, list, nested, object, optional, string, uint32, words } from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';

const operate = { verb: 'admin', resource: 'cluster', whole: true } as const;
const ofThisNode = { needsLeader: false } as const;

const chain: Message = {
  typeName: 'AuditChainRow',
  protoName: 'AuditChainRow',
  description: 'Where a chain has come to in the files of this node.',
  fields: {
    chain: [
      1,
      string(
        '`changes`, the same on every node, or of this one `node` (what it did beside the log) or `requests` (what it refused, or was read).',
      ),
    ],
    size: [2, position('Number of its last record.')],
    head: [3, string('Hash of its last record.')],
    dropped: [4, position('Records that this node has dropped since it started.')],
    buffered_bytes: [5, position('Bytes of it that wait for the disk.')],
  },
};

const auditStatus: UnaryOperation = {
  ...reading({
    name: 'audit_status',
    request: request('AuditStatus', 'AuditStatusBody', {}),
    answer: answer('AuditStatus', 'AuditStatusAnswer', {
      enabled: [1, boolean('Changes are chained, and recorded on every node.')],
      size: [2, position('Changes in the chain, as of what this node has applied.')],
      head: [3, string('Hash of the last one.')],
      revision: [4, position('Of what this node has applied.')],
      failing: [5, boolean('The last write of the audit on this node failed.')],
      refuses_changes: [6, boolean('This node refuses changes, since it cannot record them.')],
      chains: [7, list(object(chain), 'The files of this node; none where it writes none.')],
    }),
    errors: [],
    access: operate,
    http: [get('/audit', 'Whether the audit is on, and where its chains have come to.')],
    grpc: { method: 'AuditStatus', comment: 'Returns where the audit has come to.' },
  }),
  ...ofThisNode,
};

const chains: Enumeration = {
  name: 'AuditChain',
  description: 'Chain of records.',
  unspecified: 'Rejected: the chain must be given.',
  values: {
    changes: [1, 'Changes of the cluster, the same on every node.'],
    node: [2, 'What this node alone did.'],
    requests: [3, 'What this node refused, and reads where they are recorded.'],
  },
};

const records: UnaryOperation = {
  ...reading({
    name: 'audit_records',
    request: request('AuditRecords', 'AuditRecordsBody', {
      chain: [1, optional(words(chains, 'Chain of the records; `changes` when absent.'))],
      limit: [2, optional(uint32(1, 200, 'Records, at most; 50 when absent.'))],
    }),
    answer: answer('AuditRecords', 'AuditRecordsAnswer', {
      records: [
        1,
        list(
          nested('Record', 'A record. What it has none of is empty.', {
            seq: [1, position('Its number in the chain.')],
            hash: [2, string('Its hash.')],
            at: [3, wallClockSeconds],
            by: [4, string('Identity.')],
            proof: [5, string('How the identity was proven.')],
            address: [6, string('From where.')],
            client: [7, string('Client id of the session.')],
            operation: [8, string('Command, or operation of the interface.')],
            on: [9, list(string('As `kind/name`.'), 'What it was about.')],
            outcome: [10, string('What came of it, or the code of the error.')],
          }),
          'Newest first.',
        ),
      ],
      whole: [2, boolean('Each of them follows by its hash on the one before.')],
    }),
    errors: [],
    access: operate,
    http: [
      get(
        '/audit/records',
        'The latest records of a chain, as they stand on the disk of this node.',
      ),
    ],
    grpc: { method: 'AuditRecords', comment: 'Returns the latest records of a chain.' },
  }),
  ...ofThisNode,
};

const switched: Message = {
  typeName: 'AuditSwitchedAnswer',
  protoName: 'AuditSwitched',
  description: 'In force on every node from this change on.',
  fields: { enabled: [1, boolean('Changes are chained.')] },
};

const enable: UnaryOperation = changing('always', {
  name: 'audit_enable',
  request: request('EnableAudit', 'EnableAuditBody', {}),
  answer: switched,
  errors: [],
  access: operate,
  http: [post('/audit/enable', 'Record every change and refusal, on every node.')],
  grpc: { method: 'EnableAudit', comment: 'Turns the audit on.' },
});

const disable: UnaryOperation = changing('never', {
  name: 'audit_disable',
  request: request('DisableAudit', 'DisableAuditBody', {}),
  answer: switched,
  errors: [],
  access: operate,
  http: [post('/audit/disable', 'Record nothing more. That is the last record.')],
  grpc: { method: 'DisableAudit', comment: 'Turns the audit off.' },
});

const checkpoint: UnaryOperation = {
  ...reading({
    name: 'audit_checkpoint',
    request: request('AuditCheckpoint', 'AuditCheckpointBody', {}),
    answer: answer('AuditCheckpoint', 'AuditCheckpointAnswer', {
      notes: [
        1,
        list(string('A signed note.'), 'One for each chain; none where this node writes none.'),
      ],
      verifier_key: [2, string('What the signatures of this node are checked by.')],
    }),
    errors: [],
    access: operate,
    http: [get('/audit/checkpoint', 'Signed checkpoints: origin, size and hash of each chain.')],
    grpc: { method: 'AuditCheckpoint', comment: 'Returns signed checkpoints of the chains.' },
  }),
  ...ofThisNode,
};

export const auditGroup: Group = {
  name: 'audit',
  service: 'Audit',
  tag: 'admin',
  description: 'Records of every change and refusal, chained by their hashes.',
  operations: [auditStatus, enable, disable, checkpoint, records],
  errors: {},
};
