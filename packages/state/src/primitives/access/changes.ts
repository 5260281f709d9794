/** Executes what access is changed by. The rules are in access.ts. */
import type { Execute, Handlers } from '../../kernel/primitive.ts';
import { limitExceeded, refuse } from '../../kernel/refusals.ts';
import type { Tables } from '../../kernel/tables.ts';
import type { Refusal } from '../../kernel/outcomes.ts';
import { accessBounds, administratorRole, certificateKey } from './access.ts';
import type { Access, AdministrationState, Key, OthersKnown } from './access.ts';
import type { AccessCommand, AccessResult, AccessRule } from './commands.ts';

type Asked<Type extends AccessCommand['type']> = Extract<AccessCommand, { type: Type }>;

function changed(tables: Tables): AccessResult {
  tables.events.push({ type: 'access_changed' });
  return { ok: true, type: 'auth_changed' };
}

const enable: Execute<'auth_enable'> = (tables, { onlyKey }) => {
  const { access, index } = tables;
  if (access.isEnabled) return { ok: true, type: 'auth_changed' };
  if (access.administration !== 'lasting') return noAdministrator(); // AUTH-3
  const others = onlyKey === undefined ? undefined : access.countBeside(onlyKey);
  if (others !== undefined && Object.values(others).some((count) => count > 0))
    return othersHaveAccess(others); // AUTH-5
  access.isEnabled = true;
  access.enabledAt = index; // AUTH-2
  return changed(tables);
};

const disable: Execute<'auth_disable'> = (tables) => {
  tables.access.isEnabled = false;
  return changed(tables);
};

const createKey: Execute<'auth_create_key'> = (tables, { identity, roles = [], ...key }) => {
  const { access } = tables;
  const known = access.keys.get(key.id);
  if (known !== undefined)
    return known.hash === key.hash ? { ok: true, type: 'auth_changed' } : keyExists(key.id);
  const missing = roles.find((role) => !access.hasRole(role));
  if (missing !== undefined) return roleNotFound(missing);
  const bound = withRoles(tables, identity, roles);
  if ('ok' in bound) return bound;
  const refusal = addKey(tables, { identity, ...key });
  if (refusal !== undefined) return refusal;
  if (roles.length > 0) access.bind(identity, bound, tables.index);
  return changed(tables);
};

/** AUTH-3. */
function endsLast(access: Access, before: AdministrationState): boolean {
  if (!access.isEnabled || before === 'none') return false;
  const { administration } = access;
  return administration === 'none' || (before === 'lasting' && administration === 'ending');
}

function addKey(
  { access }: Tables,
  {
    id,
    identity,
    hash,
    createdAtMs,
    expiresAtMs,
  }: Omit<Key, 'lastUsedMs' | 'expiresAtMs'> & {
    readonly expiresAtMs?: number;
  },
): Refusal | undefined {
  if (access.keys.size >= accessBounds.keys)
    return limitExceeded('max_keys', accessBounds.keys, 'Revoke keys that nobody uses.');
  const lastUsedMs = undefined;
  access.keys.set(id, { id, identity, hash, createdAtMs, expiresAtMs, lastUsedMs });
  return undefined;
}

const revokeKey: Execute<'auth_revoke_key'> = (tables, { id }) => {
  const { access } = tables;
  const key = access.keys.get(id);
  if (key === undefined) return keyNotFound(id);
  const before = access.administration;
  access.keys.delete(id);
  if (endsLast(access, before)) {
    access.keys.set(id, key);
    return noAdministrator(); // AUTH-3
  }
  access.touch(key.identity, tables.index); // AUTH-2
  return changed(tables);
};

const rotateKey: Execute<'auth_rotate_key'> = (tables, command) => {
  const { access, index } = tables;
  const { oldId, oldEndsAtMs, id, hash, createdAtMs, expiresAtMs } = command;
  if (access.keys.get(id)?.hash === hash) return { ok: true, type: 'auth_changed' };
  const old = access.keys.get(oldId);
  if (old === undefined) return keyNotFound(oldId);
  const { identity } = old;
  const before = access.administration;
  const refusal = addKey(tables, {
    id,
    identity,
    hash,
    createdAtMs,
    ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
  });
  if (refusal !== undefined) return refusal;
  if (oldEndsAtMs === undefined) access.keys.delete(oldId);
  else {
    const expires = Math.min(oldEndsAtMs, old.expiresAtMs ?? oldEndsAtMs);
    access.keys.set(oldId, { ...old, expiresAtMs: expires });
  }
  if (endsLast(access, before)) {
    access.keys.delete(id);
    access.keys.set(oldId, old);
    return noAdministrator(); // AUTH-3
  }
  access.touch(identity, index); // AUTH-2
  return changed(tables);
};

const grant: Execute<'auth_grant'> = (tables, { role, rule }) => {
  const { access, index } = tables;
  if (role === administratorRole) return { ok: true, type: 'auth_changed' };
  const rules = access.roles.get(role)?.rules;
  if (rules?.some((known) => isSame(known, rule)) === true)
    return { ok: true, type: 'auth_changed' };
  const { roles: mostRoles, rulesOfRole, rules: mostRules } = accessBounds;
  if (rules === undefined && access.roles.size >= mostRoles)
    return limitExceeded('max_roles', mostRoles, 'Delete roles that nobody has.');
  if ((rules?.length ?? 0) >= rulesOfRole)
    return limitExceeded('max_rules_per_role', rulesOfRole, 'Use prefixes, or another role.');
  if (access.ruleCount >= mostRules)
    return limitExceeded('max_rules', mostRules, 'Use prefixes, or fewer roles.');
  access.define(role, [...(rules ?? []), rule], index);
  return changed(tables);
};

const withdraw: Execute<'auth_withdraw'> = (tables, { role, rule }) => {
  const { access, index } = tables;
  const old = access.roles.get(role);
  if (old === undefined) return roleNotFound(role);
  const before = access.administration;
  access.define(
    role,
    old.rules.filter((known) => !isSame(known, rule)),
    index,
  );
  if (endsLast(access, before)) {
    access.define(role, old.rules, old.changedAt);
    return noAdministrator(); // AUTH-3
  }
  return changed(tables);
};

/** Whoever has it loses it: an identity of a role that is made again later has not got that. */
const deleteRole: Execute<'auth_delete_role'> = (tables, { role }) => {
  const { access, index } = tables;
  const old = access.roles.get(role);
  if (old === undefined) return roleNotFound(role);
  const bound = [...access.bindings.values()].filter(({ roles }) => roles.includes(role));
  const before = access.administration;
  access.define(role, undefined, index);
  if (endsLast(access, before)) {
    access.define(role, old.rules, old.changedAt);
    return noAdministrator(); // AUTH-3
  }
  for (const { identity, roles } of bound)
    access.bind(
      identity,
      roles.filter((one) => one !== role),
      index,
    );
  return changed(tables);
};

/** The roles of an identity with these. */
function withRoles(
  { access }: Tables,
  identity: string,
  added: readonly string[],
): readonly string[] | Refusal {
  const roles = access.bindings.get(identity)?.roles;
  const all = [...new Set([...(roles ?? []), ...added])].toSorted();
  const { identities, rolesOfIdentity } = accessBounds;
  if (roles === undefined && added.length > 0 && access.bindings.size >= identities)
    return limitExceeded('max_identities', identities, 'Take roles from identities that are gone.');
  if (all.length > rolesOfIdentity)
    return limitExceeded('max_roles_per_identity', rolesOfIdentity, 'Join roles to one.');
  return all;
}

const bind: Execute<'auth_bind'> = (tables, { identity, role }) => {
  const { access, index } = tables;
  if (!access.hasRole(role)) return roleNotFound(role);
  if (access.bindings.get(identity)?.roles.includes(role) === true)
    return { ok: true, type: 'auth_changed' };
  const roles = withRoles(tables, identity, [role]);
  if ('ok' in roles) return roles;
  access.bind(identity, roles, index);
  return changed(tables);
};

const unbind: Execute<'auth_unbind'> = (tables, { identity, role }) => {
  const { access, index } = tables;
  const old = access.bindings.get(identity);
  if (old?.roles.includes(role) !== true) return { ok: true, type: 'auth_changed' };
  const before = access.administration;
  access.bind(
    identity,
    old.roles.filter((one) => one !== role),
    index,
  );
  if (endsLast(access, before)) {
    access.bind(identity, old.roles, old.changedAt);
    return noAdministrator(); // AUTH-3
  }
  return changed(tables);
};

const mapCertificate: Execute<'auth_map_certificate'> = (tables, { field, value, identity }) => {
  const { access, index } = tables;
  const key = certificateKey(field, value);
  const old = access.certificates.get(key);
  const { certificates: most } = accessBounds;
  if (old === undefined && access.certificates.size >= most)
    return limitExceeded('max_certificates', most, 'Remove those that nobody shows.');
  access.certificates.set(key, { field, value, identity });
  if (old !== undefined && old.identity !== identity) access.touch(old.identity, index); // AUTH-2
  return changed(tables);
};

const unmapCertificate: Execute<'auth_unmap_certificate'> = (tables, { field, value }) => {
  const { access, index } = tables;
  const key = certificateKey(field, value);
  const old = access.certificates.get(key);
  if (old === undefined) return { ok: true, type: 'auth_changed' };
  const before = access.administration;
  access.certificates.delete(key);
  if (endsLast(access, before)) {
    access.certificates.set(key, old);
    return noAdministrator(); // AUTH-3
  }
  access.touch(old.identity, index); // AUTH-2
  return changed(tables);
};

/** Nobody's rights change by that. */
function noteUses({ access }: Tables, { uses }: Asked<'auth_note_uses'>): AccessResult {
  for (const { id, atMs } of uses) {
    const key = access.keys.get(id);
    if (key !== undefined && (key.lastUsedMs ?? 0) < atMs)
      access.keys.set(id, { ...key, lastUsedMs: atMs });
  }
  return { ok: true, type: 'auth_changed' };
}

const isSame = (a: AccessRule, b: AccessRule): boolean =>
  a.verb === b.verb && a.kind === b.kind && a.name === b.name && a.prefix === b.prefix;

const keyNotFound = (id: string): Refusal =>
  refuse('key_not_found', `There is no key "${id}". It may have been revoked.`, { key_id: id });

const keyExists = (id: string): Refusal =>
  refuse('request_reused', `There is another key "${id}". Make one with an id of its own.`, {
    key_id: id,
  });

const roleNotFound = (role: string): Refusal =>
  refuse('role_not_found', `There is no role "${role}". Grant it a rule first.`, { role });

const noAdministrator = (): Refusal =>
  refuse(
    'no_administrator',
    'Nobody could administer the cluster then. Nothing was changed. Give the role "admin" to an identity that has a certificate, or a key that does not expire, first.',
    {},
  );

const othersHaveAccess = ({ keys, roles, identities, certificates }: OthersKnown): Refusal =>
  refuse(
    'others_have_access',
    `Anybody could make keys and roles so far, and there are ${String(keys)} keys beside yours, ${String(roles)} roles, ${String(identities)} other identities with roles and ${String(certificates)} mapped certificates. Nothing was changed. Remove those that you do not know (holdfast auth key list, role list, role identities, certificate list), then keep the rest with "keep_others" (holdfast auth enable --keep-others).`,
    { keys, roles, identities, certificates },
  );

export const accessHandlers: Handlers<AccessCommand['type']> = {
  auth_enable: enable,
  auth_disable: disable,
  auth_create_key: createKey,
  auth_revoke_key: revokeKey,
  auth_rotate_key: rotateKey,
  auth_grant: grant,
  auth_withdraw: withdraw,
  auth_delete_role: deleteRole,
  auth_bind: bind,
  auth_unbind: unbind,
  auth_map_certificate: mapCertificate,
  auth_unmap_certificate: unmapCertificate,
  auth_note_uses: noteUses,
};
