/** Who may do what: keys, roles, identities, certificates. */
import { byCluster } from '../errors.ts';
import { maxNameLength } from '../fields.ts';
import { answer, changing, get, post, reading, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import { boolean, list, nullable, optional, patterned, string, text, words } from '../schema.ts';
import { certificateOperations } from './auth-certificates.ts';
import { changed, identity, operate, verbs } from './auth-fields.ts';
import { keyOperations } from './auth-keys.ts';
import { roleOperations } from './auth-roles.ts';

const authStatus: UnaryOperation = {
  ...reading({
    name: 'auth_status',
    request: request('AuthStatus', 'AuthStatusBody', {}),
    answer: answer('AuthStatus', 'AuthStatusAnswer', {
      enabled: [1, boolean('What no rule permits is refused.')],
      identity: [2, string('Identity of the caller; `anonymous` where it has proven none.')],
      proof: [3, string('How it was proven: `none`, `key` or `certificate`.')],
      roles: [4, list(string('Name of a role.'), 'Roles of the caller.')],
    }),
    errors: [],
    access: { verb: 'read', resource: 'auth', open: true },
    http: [get('/auth', 'Whether authentication is on, and who the caller is.')],
    grpc: { method: 'AuthStatus', comment: 'Returns whether authentication is on, and who asks.' },
  }),
  needsLeader: false,
};

const enable: UnaryOperation = changing('always', {
  name: 'auth_enable',
  request: request('EnableAuth', 'EnableAuthBody', {
    keep_others: [
      1,
      optional(
        boolean(
          'Keep keys, roles, identities and certificates that are known already; refused when absent, where there are any beside the key that is shown.',
        ),
      ),
    ],
  }),
  answer: changed,
  errors: ['no_administrator', 'others_have_access'],
  access: operate,
  http: [
    post(
      '/auth/enable',
      'Turn authentication on. Has to be asked with a key that has the role admin.',
    ),
  ],
  grpc: { method: 'EnableAuth', comment: 'Turns authentication on.' },
});

const disable: UnaryOperation = changing('never', {
  name: 'auth_disable',
  request: request('DisableAuth', 'DisableAuthBody', {}),
  answer: changed,
  errors: [],
  access: operate,
  http: [post('/auth/disable', 'Turn authentication off: everybody may do everything.')],
  grpc: { method: 'DisableAuth', comment: 'Turns authentication off.' },
});

const check: UnaryOperation = reading({
  name: 'auth_check',
  request: request('CheckAccess', 'CheckAccessBody', {
    identity: [1, identity],
    verb: [2, words(verbs, 'What is asked for.')],
    kind: [3, patterned(32, '^[a-z_]+$', 'Kind of resource.')],
    name: [
      4,
      optional(text(1, maxNameLength, 'Name of the resource; all of the kind when absent.')),
    ],
  }),
  answer: answer('CheckAccess', 'CheckAccessAnswer', {
    allowed: [1, boolean('A rule permits it.')],
    enabled: [2, boolean('Authentication is on; while it is off, everything is permitted.')],
    role: [3, nullable(string('Role with the rule that decides; null: no rule permits it.'))],
    rule: [4, nullable(string('The rule, as `verb kind name`; null: no rule permits it.'))],
    roles: [5, list(string('Name of a role.'), 'Roles of the identity.')],
  }),
  errors: [],
  access: operate,
  http: [post('/auth/check', 'Which rule decides whether an identity may do something.')],
  grpc: { method: 'CheckAccess', comment: 'Explains which rule decides.' },
});

export const authGroup: Group = {
  name: 'auth',
  service: 'Auth',
  tag: 'admin',
  description: 'Who may do what: keys, roles, identities and certificates.',
  operations: [
    authStatus,
    enable,
    disable,
    ...keyOperations,
    ...roleOperations,
    ...certificateOperations,
    check,
  ],
  errors: {
    key_not_found: byCluster(404, 'NOT_FOUND', 'There is no such key.', 'never'),
    role_not_found: byCluster(404, 'NOT_FOUND', 'There is no such role.', 'never'),
    no_administrator: byCluster(
      409,
      'FAILED_PRECONDITION',
      'Nobody could administer the cluster then.',
      'never',
    ),
    others_have_access: byCluster(
      409,
      'FAILED_PRECONDITION',
      'Others have keys, roles or certificates already.',
      'never',
    ),
  },
};
