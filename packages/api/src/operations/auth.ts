/**
 * Keys, roles, identities and certificates: who may do what.
 *
 * ADMIN-1: authentication is turned on by whoever shows a key, or a certificate, of an administrator: so nobody turns it
 *     on who could not go on afterwards.
 * ADMIN-2: names of identities that the cluster uses itself are nobody's: nobody makes a key of one, maps a certificate to
 *     it or gives it roles. Those of recovery keys are among them, one for each key.
 */
import type {
  AuthChangedAnswer,
  AuthStatusAnswer,
  BindBody,
  CheckAccessAnswer,
  CheckAccessBody,
  CreateKeyBody,
  DeleteRoleBody,
  EnableAuthBody,
  GrantBody,
  KeyMadeAnswer,
  ListCertificatesAnswer,
  ListCertificatesBody,
  ListIdentitiesAnswer,
  ListKeysAnswer,
  ListRolesAnswer,
  MapCertificateBody,
  RevokeKeyBody,
  RotateKeyBody,
  UnmapCertificateBody,
} from '@holdfast/protocol';
import type { AccessPart, FoundAccess } from '@holdfast/engine';
import { administratorRole, anonymousIdentity, nodeIdentity } from '@holdfast/state';
import type { AccessCommand, AccessRule } from '@holdfast/state';
import { isOfRecovery, newKey } from '../pipeline/api-keys.ts';
import { RequestError, requestErrorOf } from '../request-error.ts';
import { callOptions } from './context.ts';
import type { OperationContext, Outcome } from './context.ts';
import { invalid } from './who.ts';

const rowsOnAPage = 100;

export function authStatus(
  _body: object,
  { service: { engine }, caller }: OperationContext,
): AuthStatusAnswer {
  const { identity, proof } = caller;
  const { access } = engine;
  return {
    enabled: access.isEnabled,
    identity,
    proof,
    roles: access.bindings.get(identity)?.roles ?? [],
  };
}

async function change(
  command: AccessCommand,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> {
  const result = await context.service.engine.submit(command, callOptions(context));
  return result.ok ? { changed: true } : requestErrorOf(result);
}

/** ADMIN-1. */
export async function enable(
  { keep_others }: EnableAuthBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> {
  const { caller, service } = context;
  const { access } = service.engine;
  const mayGoOn =
    caller.proof !== 'none' && access.rightsOf(caller.identity).permits('admin', 'auth', undefined);
  if (!mayGoOn)
    return new RequestError(
      'no_administrator',
      'Turn authentication on with the key of an administrator, so that you can go on afterwards: make one with the role "admin" (POST /auth/keys) and send it with this request. "holdfast auth enable" does both.',
    );
  if (keep_others === true) return change({ type: 'auth_enable' }, context);
  return change({ type: 'auth_enable', onlyKey: caller.keyId ?? '' }, context); // AUTH-5
}

export const disable = (
  _body: object,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> => change({ type: 'auth_disable' }, context);

/** ADMIN-2. */
const reserved = (identity: string, alsoAnonymous: boolean): RequestError | undefined =>
  identity === nodeIdentity ||
  isOfRecovery(identity) ||
  (alsoAnonymous && identity === anonymousIdentity)
    ? invalid('identity', `"${identity}" is an identity of the cluster itself. Use another name.`)
    : undefined;

const endOf = (seconds: number | undefined, nowMs: number): { readonly expiresAtMs?: number } =>
  seconds === undefined ? {} : { expiresAtMs: nowMs + seconds * 1000 };

export async function createKey(
  { identity, roles, expires_in_seconds }: CreateKeyBody,
  context: OperationContext,
): Promise<Outcome<KeyMadeAnswer>> {
  const wrong = reserved(identity, true);
  if (wrong !== undefined) return wrong;
  const createdAtMs = context.service.now();
  const { id, text, hash } = newKey();
  const made = await change(
    {
      type: 'auth_create_key',
      id,
      identity,
      hash,
      createdAtMs,
      ...endOf(expires_in_seconds, createdAtMs),
      ...(roles === undefined ? {} : { roles }),
    },
    context,
  );
  return made instanceof RequestError ? made : { key_id: id, key: text, identity };
}

export async function rotateKey(
  { key_id, grace_seconds, expires_in_seconds }: RotateKeyBody,
  context: OperationContext,
): Promise<Outcome<KeyMadeAnswer>> {
  const createdAtMs = context.service.now();
  const { id, text, hash } = newKey();
  const made = await change(
    {
      type: 'auth_rotate_key',
      oldId: key_id,
      id,
      hash,
      createdAtMs,
      ...endOf(expires_in_seconds, createdAtMs),
      ...(grace_seconds === undefined ? {} : { oldEndsAtMs: createdAtMs + grace_seconds * 1000 }),
    },
    context,
  );
  if (made instanceof RequestError) return made;
  const identity = await identityOfKey(id, context);
  return { key_id: id, key: text, identity };
}

async function identityOfKey(id: string, context: OperationContext): Promise<string> {
  const { service } = context;
  const query = { type: 'access', part: 'keys', limit: 10_000 } as const;
  const known = service.engine.access.key(id)?.identity;
  if (known !== undefined) return known;
  // Another node has made it, and this one has not come to it yet. The key is made: by whose right is asked no more.
  const found = await service.engine.query(query, 'linearizable', { identity: nodeIdentity });
  if (!('keys' in found)) return anotherPart();
  return found.keys.rows.find((key) => key.id === id)?.identity ?? '';
}

export const revokeKey = (
  { key_id }: RevokeKeyBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> => change({ type: 'auth_revoke_key', id: key_id }, context);

// ---- roles --------------------------------------------------------------------------------------

function ruleOf({ verb, kind, name, prefix }: GrantBody): Outcome<AccessRule> {
  if (name !== undefined && prefix !== undefined)
    return invalid('prefix', 'Provide a name or a prefix, not both.');
  return {
    verb,
    ...(kind === undefined ? {} : { kind }),
    ...(name === undefined ? {} : { name }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

const isBuiltIn = (role: string): RequestError | undefined =>
  role === administratorRole
    ? invalid(
        'role',
        `The role "${role}" is always there and permits everything. Use another name.`,
      )
    : undefined;

async function changeRule(
  type: 'auth_grant' | 'auth_withdraw',
  body: GrantBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> {
  const { role } = body;
  const rule = isBuiltIn(role) ?? ruleOf(body);
  return rule instanceof RequestError ? rule : change({ type, role, rule }, context);
}

export const grant = (
  body: GrantBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> => changeRule('auth_grant', body, context);

export const revoke = (
  body: GrantBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> => changeRule('auth_withdraw', body, context);

export async function deleteRole(
  { role }: DeleteRoleBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> {
  return isBuiltIn(role) ?? change({ type: 'auth_delete_role', role }, context);
}

export async function bind(
  { identity, role }: BindBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> {
  return reserved(identity, false) ?? change({ type: 'auth_bind', identity, role }, context);
}

export const unbind = (
  { identity, role }: BindBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> => change({ type: 'auth_unbind', identity, role }, context);

export async function mapCertificate(
  { field, value, identity }: MapCertificateBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> {
  const wrong = reserved(identity, true);
  return wrong ?? change({ type: 'auth_map_certificate', field, value, identity }, context);
}

export const unmapCertificate = (
  { field, value }: UnmapCertificateBody,
  context: OperationContext,
): Promise<Outcome<AuthChangedAnswer>> =>
  change({ type: 'auth_unmap_certificate', field, value }, context);

// ---- what there is ------------------------------------------------------------------------------

type Paged = Pick<ListCertificatesBody, 'after' | 'limit'>;

async function found(
  part: AccessPart,
  { after, limit = rowsOnAPage }: Paged,
  context: OperationContext,
): Promise<Extract<FoundAccess, { readonly type: 'access' }>> {
  const query = { type: 'access', part, limit, ...(after === undefined ? {} : { after }) } as const;
  const result = await context.service.engine.query(query, 'linearizable', callOptions(context));
  return result;
}

function anotherPart(): never {
  throw new Error('Another part of access was answered than was asked for.');
}

export async function listKeys(body: Paged, context: OperationContext): Promise<ListKeysAnswer> {
  const page = await found('keys', body, context);
  if (!('keys' in page)) return anotherPart();
  return {
    keys: page.keys.rows.map(({ id, identity, createdAtMs, expiresAtMs, lastUsedMs }) => ({
      key_id: id,
      identity,
      created_at: createdAtMs / 1000,
      expires_at: inSeconds(expiresAtMs),
      last_used_at: inSeconds(lastUsedMs),
    })),
    next_after: page.keys.nextAfter ?? null,
  };
}

/** Null also where another node has answered, in whose answer nothing stands for `undefined`. */
const inSeconds = (ms: number | null | undefined): number | null =>
  ms === undefined || ms === null ? null : ms / 1000;

export async function listRoles(body: Paged, context: OperationContext): Promise<ListRolesAnswer> {
  const page = await found('roles', body, context);
  if (!('roles' in page)) return anotherPart();
  return {
    roles: page.roles.rows.map(({ name, rules }) => ({ role: name, rules })),
    next_after: page.roles.nextAfter ?? null,
  };
}

export async function listIdentities(
  body: Paged,
  context: OperationContext,
): Promise<ListIdentitiesAnswer> {
  const page = await found('identities', body, context);
  if (!('identities' in page)) return anotherPart();
  return {
    identities: page.identities.rows.map(({ identity, roles }) => ({ identity, roles })),
    next_after: page.identities.nextAfter ?? null,
  };
}

export async function listCertificates(
  body: Paged,
  context: OperationContext,
): Promise<ListCertificatesAnswer> {
  const page = await found('certificates', body, context);
  if (!('certificates' in page)) return anotherPart();
  return {
    certificates: page.certificates.rows.map(({ field, value, identity }) => ({
      field,
      value,
      identity,
    })),
    next_after: page.certificates.nextAfter ?? null,
  };
}

export async function check(
  { identity, verb, kind, name }: CheckAccessBody,
  context: OperationContext,
): Promise<CheckAccessAnswer> {
  const query = {
    type: 'access_check',
    identity,
    verb,
    kind,
    ...(name === undefined ? {} : { name }),
  } as const;
  const result = await context.service.engine.query(query, 'linearizable', callOptions(context));
  const { by, isEnabled, roles } = result;
  return {
    allowed: by !== undefined,
    enabled: isEnabled,
    role: by?.role ?? null,
    rule: by?.rule ?? null,
    roles,
  };
}
