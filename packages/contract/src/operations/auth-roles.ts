/** Roles with their rules, and the identities that have them. */
import { maxNameLength } from '../fields.ts';
import { answer, changing, get, post, reading, remove, request } from '../operation.ts';
import type { UnaryOperation } from '../operation.ts';
import { list, object, optional, patterned, string, text, words } from '../schema.ts';
import type { MessageFields, Message } from '../schema.ts';
import { changed, identity, nextAfter, operate, paged, role, verbs } from './auth-fields.ts';

const kind = optional(
  patterned(32, '^[a-z_]+$', 'Kind of resource, as `lock` or `queue`; every kind when absent.'),
);

const ruleFields = (from: number): MessageFields => ({
  verb: [from, words(verbs, 'What it permits.')],
  kind: [from + 1, kind],
  name: [from + 2, optional(text(1, maxNameLength, 'This resource alone.'))],
  prefix: [
    from + 3,
    optional(text(1, maxNameLength, 'All resources whose names have this prefix.')),
  ],
});

const grant: UnaryOperation = changing('never', {
  name: 'auth_grant',
  request: request('Grant', 'GrantBody', { role: [1, role], ...ruleFields(2) }),
  answer: changed,
  errors: [],
  access: operate,
  http: [post('/auth/roles/{role}/grant', 'Add a rule to a role, and make the role.')],
  grpc: { method: 'Grant', comment: 'Adds a rule to a role.' },
});

const revoke: UnaryOperation = changing('always', {
  name: 'auth_revoke',
  request: request('Revoke', 'RevokeBody', { role: [1, role], ...ruleFields(2) }),
  answer: changed,
  errors: ['role_not_found', 'no_administrator'],
  access: operate,
  http: [post('/auth/roles/{role}/revoke', 'Take a rule from a role.')],
  grpc: { method: 'Revoke', comment: 'Takes a rule from a role.' },
});

const deleteRole: UnaryOperation = changing('always', {
  name: 'auth_delete_role',
  request: request('DeleteRole', 'DeleteRoleBody', { role: [1, role] }),
  answer: changed,
  errors: ['role_not_found', 'no_administrator'],
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
  errors: [],
  access: operate,
  http: [get('/auth/roles', 'List roles with their rules.')],
  grpc: { method: 'ListRoles', comment: 'Lists roles, by pages.' },
});

const bindFields: MessageFields = { identity: [1, identity], role: [2, role] };

const bind: UnaryOperation = changing('never', {
  name: 'auth_bind',
  request: request('Bind', 'BindBody', bindFields),
  answer: changed,
  errors: ['role_not_found'],
  access: operate,
  http: [post('/auth/identities/{identity}/bind', 'Give a role to an identity.')],
  grpc: { method: 'Bind', comment: 'Gives a role to an identity.' },
});

const unbind: UnaryOperation = changing('always', {
  name: 'auth_unbind',
  request: request('Unbind', 'UnbindBody', bindFields),
  answer: changed,
  errors: ['no_administrator'],
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
  errors: [],
  access: operate,
  http: [get('/auth/identities', 'List identities that have roles.')],
  grpc: { method: 'ListIdentities', comment: 'Lists identities, by pages.' },
});

export const roleOperations: readonly UnaryOperation[] = [
  grant,
  revoke,
  deleteRole,
  listRoles,
  bind,
  unbind,
  listIdentities,
];
