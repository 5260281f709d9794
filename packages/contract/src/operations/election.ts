/** Elections: one leads, and tells all others a value. */
import { byCluster, clusterErrors, numberErrors, sessionErrors } from '../errors.ts';
import {
  askedConsistency,
  consistency,
  count,
  delayedUntil,
  endsInSeconds,
  fenceToken,
  name,
  position,
  queuePosition,
  requestNumber,
  resource,
  show,
  terms,
  toldClientId,
  toldFenceToken,
  toldPriority,
  toldSessionId,
  toldTtlSeconds,
  wallClockSeconds,
  who,
} from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { Group, StreamOperation, UnaryOperation } from '../operation.ts';
import {
  always,
  described,
  json,
  list,
  nested,
  nullable,
  object,
  optional,
  string,
  token,
  words,
} from '../schema.ts';
import type { Enumeration, Message } from '../schema.ts';
import { renewAnswer, renewRequest } from './lock.ts';

const use = { verb: 'use', resource: 'election' } as const;
const look = { verb: 'read', resource: 'election' } as const;
const value = json('What the leader tells. Any JSON, at most 1024 bytes.');
const epoch = described(
  toldFenceToken,
  'The epoch of this leadership: larger than that of any before.',
);

const campaignErrors = [
  'name_too_long',
  ...sessionErrors,
  'session_exists',
  'not_elected',
  'lock_delayed',
  'wait_timeout',
  'wait_abandoned',
  'deadlock',
  ...numberErrors,
  ...clusterErrors,
];

const campaignRequest = request('Campaign', 'CampaignBody', {
  name: [1, name],
  session_id: [2, who.session],
  client_id: [3, who.client],
  ttl_seconds: [4, terms.ttl],
  priority: [5, terms.priority],
  max_hold_seconds: [6, terms.maxHold],
  independent: [7, terms.independent],
  value: [8, optional(value)],
  wait_seconds: [9, terms.wait],
  request_id: [10, terms.requestId],
});
const campaignAnswer = answer('Campaign', 'CampaignAnswer', {
  elected: [1, always(true)],
  resource: [2, resource],
  fence_token: [3, epoch],
  hold_count: [7, count('How many campaigns of this session were told of this leadership.')],
  session_id: [4, toldSessionId],
  revision: [5, position('Log index of the election.')],
  ttl_seconds: [6, toldTtlSeconds],
});

const campaign: UnaryOperation = changing('numbered', {
  name: 'campaign',
  request: campaignRequest,
  answer: campaignAnswer,
  errors: campaignErrors,
  waits: true,
  waitKind: 'election',
  access: use,
  http: [post('/election/{name}/campaign', 'Stand in an election: lead, or wait for it.')],
  grpc: {
    method: 'Campaign',
    comment:
      'Stands for election: answers when it is won, or after `wait_seconds`. A wait is given up as that of Locks.Acquire. The leadership then stands as long as its session; see CampaignStream for one that stands as long as a call.',
  },
});

const campaignStream: StreamOperation = {
  kind: 'stream',
  name: 'campaign_stream',
  performs: 'campaign',
  direction: 'down',
  request: campaignRequest,
  tells: {
    protoName: 'CampaignStreamResponse',
    description: 'What CampaignStream tells.',
    oneOf: { name: 'what', description: 'Which of these is told.' },
    fields: {
      queued: [
        1,
        nested('Queued', 'It waits. Told again when the place changes.', {
          position: [1, queuePosition],
        }),
      ],
      elected: [2, object(campaignAnswer, 'It leads.')],
      ended: [
        3,
        nested('Ended', 'It leads no more: the last that is told.', {
          reason: [
            1,
            string(
              'How: released, expired, forced or max_hold; unknown where the node has not seen it.',
            ),
          ],
        }),
      ],
    },
  },
  errors: campaignErrors,
  access: use,
  http: [],
  grpc: {
    method: 'CampaignStream',
    comment:
      'Stands for election and leads for as long as the call stands. Tells the place in the queue while it waits, at most `wait_seconds`; then that it is elected; then how the leadership ended, with which the call ends. A call that is cancelled, or whose connection is lost, gives up its place or resigns. Keep the session alive as ever, or give `client_id` and renew. A node that stops ends the call with UNAVAILABLE and the leadership stands: ask another node, with the same `request_id`.',
  },
};

const changes: Enumeration = {
  name: 'Change',
  nestedIn: 'LeaderChange',
  description: 'What changed.',
  unspecified: 'Never told.',
  values: {
    current: [1, 'Nothing: how it is when the observing begins.'],
    elected: [2, 'Another one leads.'],
    proclaimed: [3, 'The leader tells another value.'],
    ended: [4, 'Nobody leads.'],
  },
};

const observe: StreamOperation = {
  kind: 'stream',
  name: 'observe',
  direction: 'down',
  request: request('Observe', 'ObserveBody', {
    name: [1, name],
    after: [
      2,
      optional(
        token(
          32,
          'Goes on after this position or revision; begins with who leads now when absent.',
        ),
      ),
    ],
  }),
  tells: {
    typeName: 'LeaderChange',
    protoName: 'LeaderChange',
    description: 'One change of who leads, or of what it tells.',
    fields: {
      position: [
        1,
        string('Where it stands among all events: pass as `after` to go on, at any node.'),
      ],
      revision: [2, position('Log index of the change.')],
      change: [3, words(changes, 'What changed.')],
      resource: [4, resource],
      leader: [
        5,
        nullable(
          nested('Leader', 'Who leads.', {
            client_id: [1, toldClientId],
            fence_token: [2, epoch],
            value: [3, json('What it tells, any JSON; null when nothing.')],
          }),
          'Who leads; null when nobody does.',
        ),
      ],
      reason: [6, optional(string('Of an end: released, expired, forced or max_hold.'))],
    },
  },
  errors: ['name_too_long', 'compacted', 'not_leader', 'no_quorum'],
  access: look,
  http: [
    get(
      '/election/{name}/observe',
      'Who leads and every change of it, as server-sent events, resumable.',
    ),
  ],
  grpc: {
    method: 'Observe',
    comment: 'Who leads now, and every change of it, in order, none left out.',
  },
};

const resign: UnaryOperation = changing('numbered', {
  name: 'resign',
  request: request('Resign', 'ResignBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [
      4,
      optional(
        fenceToken,
        'As told by the campaign. Needed with `client_id`; with a session it may be left out.',
      ),
    ],
    request_id: [5, optional(requestNumber)],
  }),
  answer: answer('Resign', 'ResignAnswer', {
    resigned: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'not_holder',
    'stale_fence_token',
    ...numberErrors,
    ...clusterErrors,
  ],
  access: use,
  http: [post('/election/{name}/resign', 'Lead no more.')],
  grpc: { method: 'Resign', comment: 'Gives up leadership.' },
});

const proclaim: UnaryOperation = changing('numbered', {
  name: 'proclaim',
  request: request('Proclaim', 'ProclaimBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [4, described(fenceToken, 'As told by the campaign.')],
    value: [5, value],
    request_id: [6, optional(requestNumber)],
  }),
  answer: answer('Proclaim', 'ProclaimAnswer', {
    proclaimed: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
    revision: [4, position('Log index of the change.')],
  }),
  errors: [
    'name_too_long',
    ...sessionErrors,
    'not_holder',
    'stale_fence_token',
    ...numberErrors,
    ...clusterErrors,
  ],
  access: use,
  http: [post('/election/{name}/proclaim', 'Tell another value as the leader.')],
  grpc: { method: 'Proclaim', comment: 'Changes what the leader tells.' },
});

const renewLeadership: UnaryOperation = reading({
  name: 'renew_leadership',
  request: renewRequest,
  answer: renewAnswer,
  errors: ['name_too_long', ...sessionErrors, 'not_holder', 'stale_fence_token', ...clusterErrors],
  access: use,
  http: [post('/election/{name}/renew', 'Extend the session that leads.')],
  grpc: {
    method: 'RenewLeadership',
    comment: 'Keeps a leadership with a session of its own for another ttl.',
  },
});

const leader: Message = {
  typeName: 'Leader',
  protoName: 'Leader',
  isNested: true,
  description: 'Who leads.',
  fields: {
    session_id: [1, toldSessionId],
    client_id: [2, toldClientId],
    fence_token: [3, epoch],
    value: [4, json('What the leader tells, any JSON.')],
    elected_at: [5, wallClockSeconds],
    ends_in_seconds: [6, endsInSeconds],
  },
};

const electionLeader: UnaryOperation = reading({
  name: 'election_leader',
  request: request('ElectionLeader', 'ElectionRef', {
    name: [1, name],
    show: [3, show],
    consistency: [2, askedConsistency],
  }),
  answer: answer('ElectionLeader', 'ElectionAnswer', {
    resource: [1, resource],
    leader: [2, nullable(object(leader), 'Who leads; null when nobody does.')],
    candidate_count: [7, count('All that wait: the next of them are shown.')],
    candidates: [
      3,
      list(
        nested('Candidate', 'One that waits to lead.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
          position: [3, queuePosition],
          priority: [4, toldPriority],
        }),
        'Who stands for it, the next of them first.',
      ),
    ],
    delayed_until: [4, delayedUntil],
    revision: [5, position('Log index as of which this is so.')],
    consistency: [6, consistency],
  }),
  errors: ['name_too_long', ...clusterErrors],
  access: look,
  http: [get('/election/{name}/leader', 'Who leads, what it tells, and who waits.')],
  grpc: { method: 'ElectionLeader', comment: 'Who leads, and who waits to.' },
});

export const elections: Group = {
  name: 'elections',
  service: 'Elections',
  tag: 'elections',
  description: 'Elections: one leads, and tells all others a value.',
  operations: [
    campaign,
    campaignStream,
    observe,
    resign,
    proclaim,
    renewLeadership,
    electionLeader,
  ],
  errors: {
    not_elected: byCluster(409, 'ABORTED', 'Somebody else leads.', 'later'),
  },
};
