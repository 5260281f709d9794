/** What a snapshot tells of access, as lines of JSON, and back. A cluster without any of it has no line. */
import { SnapshotFormatError } from '../../kernel/snapshot/fields.ts';
import type { Fields } from '../../kernel/snapshot/fields.ts';
import type { Decode } from '../../kernel/primitive.ts';
import { certificateKey } from './access.ts';
import type { Access, Binding, CertificateMapping, Key, Role } from './access.ts';
import { certificateFields, verbs } from './commands.ts';
import type { AccessRule } from './commands.ts';

/** References to the records as they are now: those are never changed (SNAP-1). */
export function captureAccess(access: Access): Iterable<string> {
  const { isEnabled, enabledAt, otherwiseChangedAt } = access;
  const head = [isEnabled ? 1 : 0, enabledAt, otherwiseChangedAt];
  if (head.every((one) => one === 0) && access.keys.size + access.roles.size === 0) {
    if (access.bindings.size + access.certificates.size === 0) return [];
  }
  return linesOf(
    head,
    [...access.keys.values()],
    [...access.roles.values()],
    [...access.bindings.values()],
    [...access.certificates.values()],
  );
}

function* linesOf(
  head: readonly number[],
  keys: readonly Key[],
  roles: readonly Role[],
  bindings: readonly Binding[],
  certificates: readonly CertificateMapping[],
): Generator<string, void, undefined> {
  yield JSON.stringify(['access', ...head]);
  for (const { id, identity, hash, createdAtMs, expiresAtMs, lastUsedMs } of keys)
    yield JSON.stringify([
      'access_key',
      id,
      identity,
      hash,
      createdAtMs,
      expiresAtMs ?? null,
      lastUsedMs ?? null,
    ]);
  for (const { name, rules, changedAt } of roles)
    yield JSON.stringify(['access_role', name, changedAt, rules.map(encodeRule)]);
  for (const { identity, roles: names, changedAt } of bindings)
    yield JSON.stringify(['access_binding', identity, changedAt, names]);
  for (const { field, value, identity } of certificates)
    yield JSON.stringify(['access_certificate', certificateFields.indexOf(field), value, identity]);
}

const encodeRule = ({
  verb,
  kind,
  name,
  prefix,
}: AccessRule): readonly (number | string | null)[] => [
  verbs.indexOf(verb),
  kind ?? null,
  name ?? null,
  prefix ?? null,
];

function decodeRule(fields: Fields): AccessRule {
  const verb = verbs[fields.number()];
  if (verb === undefined) throw new SnapshotFormatError('a rule has an unknown verb');
  const kind = fields.optional(() => fields.text());
  const name = fields.optional(() => fields.text());
  const prefix = fields.optional(() => fields.text());
  return {
    verb,
    ...(kind === undefined ? {} : { kind }),
    ...(name === undefined ? {} : { name }),
    ...(prefix === undefined ? {} : { prefix }),
  };
}

export const accessLines: Readonly<Record<string, Decode>> = {
  access: ({ tables: { access } }, fields) => {
    access.isEnabled = fields.number() === 1;
    access.enabledAt = fields.number();
    access.otherwiseChangedAt = fields.number();
    return undefined;
  },
  access_key: ({ tables: { access } }, fields) => {
    const key: Key = {
      id: fields.text(),
      identity: fields.text(),
      hash: fields.text(),
      createdAtMs: fields.number(),
      expiresAtMs: fields.optional(() => fields.number()),
      lastUsedMs: fields.optional(() => fields.number()),
    };
    access.keys.set(key.id, key);
    return undefined;
  },
  access_role: ({ tables: { access } }, fields) => {
    const name = fields.text();
    const changedAt = fields.number();
    const rules = fields.list().all((rule) => decodeRule(rule.list()));
    access.define(name, rules, changedAt);
    return undefined;
  },
  access_binding: ({ tables: { access } }, fields) => {
    const identity = fields.text();
    const changedAt = fields.number();
    const roles = fields.list().all((role) => role.text());
    access.bindings.set(identity, { identity, roles, changedAt });
    return undefined;
  },
  access_certificate: ({ tables: { access } }, fields) => {
    const field = certificateFields[fields.number()];
    if (field === undefined)
      throw new SnapshotFormatError('a certificate is told by an unknown field');
    const value = fields.text();
    access.certificates.set(certificateKey(field, value), {
      field,
      value,
      identity: fields.text(),
    });
    return undefined;
  },
};
