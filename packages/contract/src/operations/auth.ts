/** Who may do what: keys, roles, identities, certificates. */
import { byCluster, clusterErrors } from '../errors.ts';
import { longestPage, maxNameLength, wallClockSeconds } from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { Group, UnaryOperation } from '../operation.ts';
import {
  always,
  boolean,
  described,
  example,
  list,
  nullable,
  object,
  optional,
  patterned,
  string,
  text,
  uint32,
  words,
} from '../schema.ts';
import type { Enumeration, Fields, Message, Schema } from '../schema.ts';

/** All of it, whatever is named: who may change one rule may change every one. */
const operate = { verb: 'admin', resource: 'auth', whole: true } as const;

const verbs: Enumeration = {
  name: 'AccessVerb',
  typeName: 'AccessVerb',
  description: 'What a rule permits.',
  unspecified: 'Rejected: a rule has a verb.',
  values: {
    read: [1, 'Status, lists and events.'],
    acquire: [2, 'Take, keep and give back; enter, leave, count down.'],
    manage: [3, 'Create, change and delete.'],
    push: [4, 'Put messages into a queue.'],
    consume: [5, 'Take messages of a queue and acknowledge them.'],
    cache_read: [6, 'Read a cache.'],
    cache_write: [7, 'Fill and invalidate a cache.'],
    admin: [8, 'For operators; every other verb as well.'],
  },
};

const certificateFields: Enumeration = {
  name: 'CertificateField',
  description: 'What of a certificate is looked at.',
  unspecified: 'Rejected: a field must be given.',
  values: {
    dns: [1, 'A DNS name of the subject alternative names.'],
    uri: [2, 'A URI of the subject alternative names.'],
    email: [3, 'An e-mail address of the subject alternative names.'],
    common_name: [4, 'The common name of the subject.'],
  },
};

const namePattern = '^[A-Za-z0-9][A-Za-z0-9._@:-]*$';
const identity = example(patterned(128, namePattern, 'Name of an identity.'), 'reports');
const role = example(patterned(64, namePattern, 'Name of a role.'), 'worker');
const keyId = example(
  patterned(32, '^[a-z0-9]+$', 'Id of a key: the part of it that is no secret.'),
  'k3f9a1c27b5d0e846',
);
const toldKey = example(
  string('The key. It is told this once, and is kept nowhere.'),
  'hf_k3f9a1c27b5d0e846_…',
);
const kind = optional(
  patterned(32, '^[a-z_]+$', 'Kind of resource, as `lock` or `queue`; every kind when absent.'),
);
const seconds = (description: string): Schema => uint32(1, 315_360_000, description);

const ruleFields = (from: number): Fields => ({
  verb: [from, words(verbs, 'What it permits.')],
  kind: [from + 1, kind],
  name: [from + 2, optional(text(1, maxNameLength, 'This resource alone.'))],
  prefix: [
    from + 3,
    optional(text(1, maxNameLength, 'All resources whose names have this prefix.')),
  ],
});

const changed: Message = {
  typeName: 'AuthChangedAnswer',
  protoName: 'AuthChanged',
  description: 'The change is in force on every node that has applied it.',
  fields: { changed: [1, always(true)] },
};

interface Paged {
  readonly after: readonly [1, Schema];
  readonly limit: readonly [2, Schema];
}
const paged: Paged = {
  after: [1, optional(text(1, 256, '`next_after` of the page before.'))],
  limit: [2, optional(uint32(1, longestPage, 'Rows on a page, at most; 100 when absent.'))],
};
const nextAfter = nullable(string('`after` of the next page; null on the last.'));

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
  request: request('EnableAuth', 'EnableAuthBody', {}),
  answer: changed,
  errors: ['no_administrator', ...clusterErrors],
  access: operate,
  http: [
    post(
      '/auth/enable',
      'Turn authentication on. Has to be asked with a key that has the role admin.',
    ),
  ],
  grpc: { method: 'EnableAuth', comment: 'Turns authentication on.' },
});

const disable: UnaryOperation = changing('always', {
  name: 'auth_disable',
  request: request('DisableAuth', 'DisableAuthBody', {}),
  answer: changed,
  errors: clusterErrors,
  access: operate,
  http: [post('/auth/disable', 'Turn authentication off: everybody may do everything.')],
  grpc: { method: 'DisableAuth', comment: 'Turns authentication off.' },
});

const keyMade: Message = {
  typeName: 'KeyMadeAnswer',
  protoName: 'KeyMade',
  description: 'A new key.',
  fields: {
    key_id: [1, string('Id of the key.')],
    key: [2, toldKey],
    identity: [3, string('The identity that it proves.')],
  },
};
const expires = optional(seconds('It ends so many seconds from now; never when absent.'));

const createKey: UnaryOperation = changing('never', {
  name: 'auth_create_key',
  request: request('CreateKey', 'CreateKeyBody', {
    identity: [1, described(identity, 'The identity that it proves.')],
    roles: [2, optional(list(role, 'Roles that the identity is given as well.', 0, 16))],
    expires_in_seconds: [3, expires],
  }),
  answer: keyMade,
  errors: ['role_not_found', ...clusterErrors],
  access: operate,
  http: [post('/auth/keys', 'Make a key of an identity. It is told once.')],
  grpc: { method: 'CreateKey', comment: 'Makes a key of an identity; it is told once.' },
});

const rotateKey: UnaryOperation = changing('never', {
  name: 'auth_rotate_key',
  request: request('RotateKey', 'RotateKeyBody', {
    key_id: [1, keyId],
    grace_seconds: [
      2,
      optional(seconds('The old key is valid for so long; it ends at once when absent.')),
    ],
    expires_in_seconds: [3, expires],
  }),
  answer: keyMade,
  errors: ['key_not_found', ...clusterErrors],
  access: operate,
  http: [
    post('/auth/keys/{key_id}/rotate', 'Make another key of the same identity, and end this one.'),
  ],
  grpc: { method: 'RotateKey', comment: 'Makes another key of the same identity.' },
});

const revokeKey: UnaryOperation = changing('always', {
  name: 'auth_revoke_key',
  request: request('RevokeKey', 'RevokeKeyBody', { key_id: [1, keyId] }),
  answer: changed,
  errors: ['key_not_found', 'no_administrator', ...clusterErrors],
  access: operate,
  http: [remove('/auth/keys/{key_id}', 'Revoke a key: what it has open ends.')],
  grpc: { method: 'RevokeKey', comment: 'Revokes a key.' },
});

const keyRow: Message = {
  typeName: 'KeyRow',
  protoName: 'KeyRow',
  description: 'A key, without its secret.',
  fields: {
    key_id: [1, string('Id of the key.')],
    identity: [2, string('The identity that it proves.')],
    created_at: [3, wallClockSeconds],
    expires_at: [4, nullable(wallClockSeconds, 'When it ends; null: never.')],
    last_used_at: [
      5,
      nullable(
        wallClockSeconds,
        'When it was used last, to some minutes; null: it was not, or that is not known yet.',
      ),
    ],
  },
};

const listKeys: UnaryOperation = reading({
  name: 'auth_list_keys',
  request: request('ListKeys', 'ListKeysBody', { ...paged }),
  answer: answer('ListKeys', 'ListKeysAnswer', {
    keys: [1, list(object(keyRow), 'In the order of their ids.')],
    next_after: [2, nextAfter],
  }),
  errors: clusterErrors,
  access: operate,
  http: [get('/auth/keys', 'List keys.')],
  grpc: { method: 'ListKeys', comment: 'Lists keys, by pages.' },
});

const grant: UnaryOperation = changing('always', {
  name: 'auth_grant',
  request: request('Grant', 'GrantBody', { role: [1, role], ...ruleFields(2) }),
  answer: changed,
  errors: clusterErrors,
  access: operate,
  http: [post('/auth/roles/{role}/grant', 'Add a rule to a role, and make the role.')],
  grpc: { method: 'Grant', comment: 'Adds a rule to a role.' },
});

const withdraw: UnaryOperation = changing('always', {
  name: 'auth_withdraw',
  request: request('Withdraw', 'WithdrawBody', { role: [1, role], ...ruleFields(2) }),
  answer: changed,
  errors: ['role_not_found', 'no_administrator', ...clusterErrors],
  access: operate,
  http: [post('/auth/roles/{role}/withdraw', 'Take a rule from a role.')],
  grpc: { method: 'Withdraw', comment: 'Takes a rule from a role.' },
});

const deleteRole: UnaryOperation = changing('always', {
  name: 'auth_delete_role',
  request: request('DeleteRole', 'DeleteRoleBody', { role: [1, role] }),
  answer: changed,
  errors: ['role_not_found', 'no_administrator', ...clusterErrors],
  access: operate,
  http: [remove('/auth/roles/{role}', 'Delete a role, and take it from all that have it.')],
  grpc: { method: 'DeleteRole', comment: 'Deletes a role.' },
});

const ruleRow: Message = {
  typeName: 'AccessRuleRow',
  protoName: 'AccessRule',
  description: 'A rule. Without name and prefix: all of its kind.',
  fields: {
    verb: [1, words(verbs, 'What it permits.')],
    kind: [2, optional(string('Kind of resource; absent: every kind.'))],
    name: [3, optional(string('This resource alone.'))],
    prefix: [4, optional(string('All whose names have this prefix.'))],
  },
};

const listRoles: UnaryOperation = reading({
  name: 'auth_list_roles',
  request: request('ListRoles', 'ListRolesBody', { ...paged }),
  answer: answer('ListRoles', 'ListRolesAnswer', {
    roles: [
      1,
      list(
        object({
          typeName: 'RoleRow',
          protoName: 'RoleRow',
          description: 'A role with its rules.',
          fields: {
            role: [1, string('Name of the role.')],
            rules: [2, list(object(ruleRow), 'In the order in which they were granted.')],
          },
        }),
        'In the order of their names, beside `admin`, which permits everything.',
      ),
    ],
    next_after: [2, nextAfter],
  }),
  errors: clusterErrors,
  access: operate,
  http: [get('/auth/roles', 'List roles with their rules.')],
  grpc: { method: 'ListRoles', comment: 'Lists roles, by pages.' },
});

const bindFields: Fields = { identity: [1, identity], role: [2, role] };

const bind: UnaryOperation = changing('always', {
  name: 'auth_bind',
  request: request('Bind', 'BindBody', bindFields),
  answer: changed,
  errors: ['role_not_found', ...clusterErrors],
  access: operate,
  http: [post('/auth/identities/{identity}/bind', 'Give a role to an identity.')],
  grpc: { method: 'Bind', comment: 'Gives a role to an identity.' },
});

const unbind: UnaryOperation = changing('always', {
  name: 'auth_unbind',
  request: request('Unbind', 'UnbindBody', bindFields),
  answer: changed,
  errors: ['no_administrator', ...clusterErrors],
  access: operate,
  http: [post('/auth/identities/{identity}/unbind', 'Take a role from an identity.')],
  grpc: { method: 'Unbind', comment: 'Takes a role from an identity.' },
});

const listIdentities: UnaryOperation = reading({
  name: 'auth_list_identities',
  request: request('ListIdentities', 'ListIdentitiesBody', { ...paged }),
  answer: answer('ListIdentities', 'ListIdentitiesAnswer', {
    identities: [
      1,
      list(
        object({
          typeName: 'IdentityRow',
          protoName: 'IdentityRow',
          description: 'An identity with its roles.',
          fields: {
            identity: [1, string('Name of the identity.')],
            roles: [2, list(string('Name of a role.'), 'Its roles.')],
          },
        }),
        'Those that have a role, in the order of their names.',
      ),
    ],
    next_after: [2, nextAfter],
  }),
  errors: clusterErrors,
  access: operate,
  http: [get('/auth/identities', 'List identities that have roles.')],
  grpc: { method: 'ListIdentities', comment: 'Lists identities, by pages.' },
});

const certificateKey: Fields = {
  field: [1, words(certificateFields, 'What of the certificate is looked at.')],
  value: [2, text(1, 512, 'What it says, letter for letter.')],
};

const mapCertificate: UnaryOperation = changing('always', {
  name: 'auth_map_certificate',
  request: request('MapCertificate', 'MapCertificateBody', {
    ...certificateKey,
    identity: [3, identity],
  }),
  answer: changed,
  errors: clusterErrors,
  access: operate,
  http: [post('/auth/certificates', 'Say whose identity a certificate proves.')],
  grpc: { method: 'MapCertificate', comment: 'Says whose identity a certificate proves.' },
});

const unmapCertificate: UnaryOperation = changing('always', {
  name: 'auth_unmap_certificate',
  request: request('UnmapCertificate', 'UnmapCertificateBody', certificateKey),
  answer: changed,
  errors: ['no_administrator', ...clusterErrors],
  access: operate,
  http: [post('/auth/certificates/unmap', 'A certificate proves no identity any more.')],
  grpc: { method: 'UnmapCertificate', comment: 'Ends what MapCertificate has said.' },
});

const listCertificates: UnaryOperation = reading({
  name: 'auth_list_certificates',
  request: request('ListCertificates', 'ListCertificatesBody', { ...paged }),
  answer: answer('ListCertificates', 'ListCertificatesAnswer', {
    certificates: [
      1,
      list(
        object({
          typeName: 'CertificateRow',
          protoName: 'CertificateRow',
          description: 'What a certificate says of its holder, and whose identity that proves.',
          fields: {
            field: [1, words(certificateFields, 'What of the certificate is looked at.')],
            value: [2, string('What it says.')],
            identity: [3, string('The identity.')],
          },
        }),
        'In the order of their fields and values.',
      ),
    ],
    next_after: [2, nextAfter],
  }),
  errors: clusterErrors,
  access: operate,
  http: [get('/auth/certificates', 'List what certificates prove.')],
  grpc: { method: 'ListCertificates', comment: 'Lists what certificates prove, by pages.' },
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
  errors: clusterErrors,
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
    createKey,
    rotateKey,
    revokeKey,
    listKeys,
    grant,
    withdraw,
    deleteRole,
    listRoles,
    bind,
    unbind,
    listIdentities,
    mapCertificate,
    unmapCertificate,
    listCertificates,
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
  },
};
