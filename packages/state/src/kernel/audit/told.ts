/**
 * What of a command is told in the audit: what it is about, never what is secret or somebody's data.
 *
 * AUDIT-TOLD-1: a field of a command is told only where it is named here. Ids of sessions (whoever knows one may use it
 *     while authentication is off), hashes of keys, payloads, values of a cache and metadata are in no record.
 */
import { primitiveDeclarations } from '../../primitives/declared.ts';
import type { Command, Envelope } from '../commands.ts';

/** Fields that are told under a name of the audit, where a command has them. */
export const toldFields: Readonly<Record<string, string>> = {
  mode: 'mode',
  permits: 'permits',
  limit: 'limit',
  waitMs: 'wait_ms',
  fenceToken: 'fence_token',
  timeoutMs: 'timeout_ms',
  lockDelayMs: 'lock_delay_ms',
  reason: 'reason',
  count: 'count',
  parties: 'parties',
  part: 'part',
  order: 'order',
  onDead: 'on_dead',
  maxDeliveries: 'max_deliveries',
  visibilityMs: 'visibility_ms',
  delayMs: 'delay_ms',
  through: 'through',
  identity: 'identity',
  role: 'role',
  roles: 'roles',
  rule: 'rule',
  id: 'key_id',
  oldId: 'old_key_id',
  onlyKey: 'only_key_id',
  expiresAtMs: 'expires_at_ms',
  oldEndsAtMs: 'old_ends_at_ms',
  field: 'field',
  by: 'steps',
  ttlMs: 'ttl_ms',
  withdraw: 'withdraw',
  isOn: 'is_on',
  level: 'level',
  limits: 'limits',
  node: 'node',
  size: 'size',
  head: 'head',
};

/** Told as well, where a command of this type has them: elsewhere the same name is somebody's data. */
export const toldFieldsOf: Readonly<Record<string, readonly string[]>> = {
  auth_map_certificate: ['value'],
  auth_unmap_certificate: ['value'],
};

/** Machinery of the cluster, which changes nothing that anybody asked for. */
const machinery: ReadonlySet<Command['type']> = new Set([
  'advance',
  'checkpoint',
  'begin_leadership',
  'keep_alive',
  'auth_note_uses',
]);

export const isTold = ({ type }: Command): boolean => !machinery.has(type);

/** The kind of resource that a command is about, where it does not say so itself: that of its primitive. */
const kinds: ReadonlyMap<string, string> = new Map(
  primitiveDeclarations.flatMap(({ kind, commands }) =>
    Object.keys(commands).map((type) => [type, kind] as const),
  ),
);

function kindOf(command: Command): string {
  if ('kind' in command && command.kind !== undefined) return command.kind;
  return kinds.get(command.type) ?? (command.type.startsWith('queue_') ? 'queue' : 'lock');
}

/** The resources that it names, each as `kind/name`. */
function resourcesOf(command: Command): readonly string[] {
  if ('wanted' in command) return command.wanted.map(({ kind, name }) => `${kind}/${name}`);
  return 'name' in command ? [`${kindOf(command)}/${command.name}`] : [];
}

/** AUDIT-TOLD-1. Field by field, in a fixed order: every node writes the same text. */
export function toldOf({ command, identity, proof, address }: Envelope): object {
  const told: Record<string, unknown> = { by: identity };
  if (proof !== undefined) told['proof'] = proof;
  if (address !== undefined) told['address'] = address;
  told['operation'] = command.type;
  const resources = resourcesOf(command);
  if (resources.length > 0) told['on'] = resources;
  const own = toldFieldsOf[command.type] ?? [];
  // As the declaration of the command orders them would do as well; those of a log differ between versions.
  for (const field of Object.keys(toldFields)) {
    const value = valueOf(command, field);
    if (value !== undefined) told[toldFields[field] ?? field] = value;
  }
  for (const field of own) {
    const value = valueOf(command, field);
    if (value !== undefined) told[field] = value;
  }
  return told;
}

const valueOf = (record: object, field: string): unknown =>
  field in record ? (record as Readonly<Record<string, unknown>>)[field] : undefined;
