/** Elections: one leads, and tells all others a value. */
import { byCluster, numberErrors, positionErrors, sessionErrors } from '../errors.ts';
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
  acquiredAt,
  who,
} from '../fields.ts';
import { aliasOf, answer, changing, get, post, reading, request } from '../operation.ts';
import type { Group, HttpBinding, StreamOperation, UnaryOperation } from '../operation.ts';
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
import { listing } from './listing.ts';
import { renewAnswer, renewRequest } from './lock.ts';

/** `/election/…` is the older way to write `/elections/…`; both stand. */
const withAlias = (binding: HttpBinding): readonly HttpBinding[] => [
  binding,
  aliasOf(binding, binding.path.replace('/elections', '/election')),
];

const use = { verb: 'acquire', resource: 'election' } as const;
const look = { verb: 'read', resource: 'election' } as const;
const value = json('Value published by the leader. Any JSON, at most 1024 bytes.');
const leadershipToken = described(
  toldFenceToken,
  'Fence token of this leadership: larger than that of any earlier leadership.',
);

const campaignErrors = [
  'name_too_long',
  ...sessionErrors,
  'session_exists',
  'not_elected',
  'lock_delayed',
  'wait_timeout',
  'wait_cancelled',
  'deadlock',
  ...numberErrors,
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
  cancel_id: [11, terms.cancelId],
});
const campaignAnswer = answer('Campaign', 'CampaignAnswer', {
  elected: [1, always(true)],
  resource: [2, resource],
  fence_token: [3, leadershipToken],
  hold_count: [7, count('How many campaigns of this session returned this leadership.')],
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
  http: withAlias(
    post('/elections/{name}/campaign', 'Campaign in an election: lead, or wait to lead.'),
  ),
  grpc: {
    method: 'Campaign',
    comment:
      'Campaigns in an election: returns when it is won, or after `wait_seconds`. A wait is cancelled as that of Locks.Acquire. The leadership lasts as long as its session; see CampaignStream for one that lasts as long as a call.',
  },
});

const campaignStream: StreamOperation = {
  kind: 'stream',
  name: 'campaign_stream',
  needsLeader: true,
  performs: 'campaign',
  direction: 'down',
  request: campaignRequest,
  tells: {
    protoName: 'CampaignStreamResponse',
    description: 'Message of CampaignStream.',
    oneOf: { name: 'what', description: 'Type of this message.' },
    fields: {
      queued: [
        1,
        nested('Queued', 'The candidate waits. Sent again when its position changes.', {
          position: [1, queuePosition],
        }),
      ],
      elected: [2, object(campaignAnswer, 'It is the leader.')],
      ended: [
        3,
        nested('Ended', 'The leadership has ended: the last message of the call.', {
          reason: [
            1,
            string(
              'Reason: released, expired, forced or max_hold; unknown when the node did not see it.',
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
      'Campaigns in an election and leads for as long as the call is open. Sends the position in the wait queue while it waits, at most `wait_seconds`; then that it is elected; then how the leadership ended, and the call ends. A call that is cancelled, or whose connection is lost, cancels its wait or resigns. The session must be kept alive as usual; with `client_id`, renew the hold. A node that shuts down ends the call with UNAVAILABLE and the leadership continues: call another node with the same `request_id`.',
  },
};

const changes: Enumeration = {
  name: 'Change',
  nestedIn: 'LeaderChange',
  description: 'The kind of change.',
  unspecified: 'Never sent.',
  values: {
    current: [1, 'No change: the state when the observation begins.'],
    elected: [2, 'Another candidate was elected.'],
    proclaimed: [3, 'The leader published another value.'],
    ended: [4, 'The leadership ended; there is no leader.'],
  },
};

const observe: StreamOperation = {
  kind: 'stream',
  name: 'observe',
  needsLeader: false,
  direction: 'down',
  request: request('Observe', 'ObserveBody', {
    name: [1, name],
    after: [
      2,
      optional(
        token(
          32,
          'Continues after this position or revision; begins with the current leader when absent.',
        ),
      ),
    ],
  }),
  tells: {
    typeName: 'LeaderChange',
    protoName: 'LeaderChange',
    description: 'One change of the leader or of its published value.',
    fields: {
      position: [
        1,
        string('Position among all events: pass it as `after` to continue, on any node.'),
      ],
      revision: [2, position('Log index of the change.')],
      change: [3, words(changes, 'The kind of change.')],
      resource: [4, resource],
      leader: [
        5,
        nullable(
          nested('Leader', 'The leader.', {
            client_id: [1, toldClientId],
            fence_token: [2, leadershipToken],
            value: [3, json('Value published by the leader, any JSON; null when there is none.')],
          }),
          'The leader; null when there is none.',
        ),
      ],
      reason: [6, optional(string('Reason of an end: released, expired, forced or max_hold.'))],
    },
  },
  errors: ['name_too_long', ...positionErrors],
  access: look,
  http: withAlias(
    get(
      '/elections/{name}/observe',
      'The leader and every change of it, as server-sent events, resumable.',
    ),
  ),
  grpc: {
    method: 'Observe',
    comment: 'Sends the current leader and every change of it, in order, without gaps.',
  },
};

const resign: UnaryOperation = changing('numbered', {
  name: 'resign',
  forHolders: 'gives_back',
  returns: 'election',
  request: request('Resign', 'ResignBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [
      4,
      optional(
        fenceToken,
        'Fence token returned by the campaign. Required with `client_id`; optional with a session.',
      ),
    ],
    request_id: [5, optional(requestNumber)],
  }),
  answer: answer('Resign', 'ResignAnswer', {
    resigned: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
  }),
  errors: ['name_too_long', ...sessionErrors, 'not_holder', 'stale_fence_token', ...numberErrors],
  access: use,
  http: withAlias(post('/elections/{name}/resign', 'Resign a leadership.')),
  grpc: { method: 'Resign', comment: 'Resigns a leadership.' },
});

const proclaim: UnaryOperation = changing('numbered', {
  name: 'proclaim',
  request: request('Proclaim', 'ProclaimBody', {
    name: [1, name],
    session_id: [2, who.session],
    client_id: [3, who.client],
    fence_token: [4, described(fenceToken, 'Fence token returned by the campaign.')],
    value: [5, value],
    request_id: [6, optional(requestNumber)],
  }),
  answer: answer('Proclaim', 'ProclaimAnswer', {
    proclaimed: [1, always(true)],
    resource: [2, resource],
    fence_token: [3, toldFenceToken],
    revision: [4, position('Log index of the change.')],
  }),
  errors: ['name_too_long', ...sessionErrors, 'not_holder', 'stale_fence_token', ...numberErrors],
  access: use,
  http: withAlias(post('/elections/{name}/proclaim', 'Publish another value as the leader.')),
  grpc: { method: 'Proclaim', comment: 'Changes the value published by the leader.' },
});

const renewLeadership: UnaryOperation = reading({
  name: 'renew_leadership',
  forHolders: 'keeps',
  request: renewRequest,
  answer: renewAnswer,
  errors: ['name_too_long', ...sessionErrors, 'not_holder', 'stale_fence_token'],
  access: use,
  http: withAlias(post('/elections/{name}/renew', 'Renew a leadership: extend its session.')),
  grpc: {
    method: 'RenewLeadership',
    comment: 'Renews a leadership with an implicit session for another ttl.',
  },
});

const leader: Message = {
  typeName: 'Leader',
  protoName: 'Leader',
  isNested: true,
  description: 'The leader.',
  fields: {
    session_id: [1, toldSessionId],
    client_id: [2, toldClientId],
    fence_token: [3, leadershipToken],
    value: [4, json('Value published by the leader, any JSON.')],
    elected_at: [5, acquiredAt],
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
    leader: [2, nullable(object(leader), 'The leader; null when there is none.')],
    waiter_count: [8, count('Number of waiting candidates, as `candidate_count`.')],
    candidate_count: [7, count('Number of waiters; the next of them are listed.')],
    candidates: [
      3,
      list(
        nested('Candidate', 'One waiting candidate.', {
          session_id: [1, toldSessionId],
          client_id: [2, toldClientId],
          position: [3, queuePosition],
          priority: [4, toldPriority],
        }),
        'Waiting candidates, the next one first.',
      ),
    ],
    delayed_until: [4, delayedUntil],
    revision: [5, position('Log index of this state.')],
    consistency: [6, consistency],
  }),
  errors: ['name_too_long'],
  access: look,
  http: [
    ...withAlias(
      get('/elections/{name}/leader', 'The leader, its value and the waiting candidates.'),
    ),
    ...withAlias(get('/elections/{name}', 'The leader, its value and the waiting candidates.')),
  ],
  grpc: { method: 'ElectionLeader', comment: 'Returns the leader and the waiting candidates.' },
});

const listElections: UnaryOperation = listing({
  plural: 'elections',
  row: electionLeader.answer,
  access: look,
  summary: 'List elections that have a leader or candidates.',
  ofClient: 'Only elections in which this client leads or waits.',
  waitedFor: 'Only elections with candidates.',
});

export const elections: Group = {
  name: 'elections',
  service: 'Elections',
  tag: 'elections',
  description: 'Elections: one candidate leads and publishes a value to all others.',
  operations: [
    campaign,
    campaignStream,
    observe,
    resign,
    proclaim,
    renewLeadership,
    electionLeader,
    { ...listElections, http: listElections.http.flatMap(withAlias) },
  ],
  errors: {
    not_elected: byCluster(409, 'ABORTED', 'Another candidate leads.', 'later'),
  },
};
