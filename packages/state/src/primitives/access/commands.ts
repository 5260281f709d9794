/** What access rules, keys and certificates are changed by, and what is told of them. */
import type { EveryKind, LevelsOf } from '../../kernel/field-levels.ts';

/** What is asked for. `admin` is for operators, and holds everything else of what it names. */
export const verbs = [
  'read',
  'acquire',
  'manage',
  'push',
  'consume',
  'cache_read',
  'cache_write',
  'admin',
] as const;
export type Verb = (typeof verbs)[number];

/** Permits one verb on resources of one kind. Neither name nor prefix: on all of them. */
export interface AccessRule {
  readonly verb: Verb;
  /** Undefined: of every kind. */
  readonly kind?: string;
  readonly name?: string;
  readonly prefix?: string;
}

/** What of a certificate tells an identity. */
export const certificateFields = ['dns', 'uri', 'email', 'common_name'] as const;
export type CertificateField = (typeof certificateFields)[number];

/** How a key was used last, as a node saw it. */
export interface KeyUse {
  readonly id: string;
  /** Wall clock, for people. */
  readonly atMs: number;
}

/** Random bits are drawn and hashed before the command: a log has no secret. */
interface NewKey {
  readonly id: string;
  /** SHA-256 of the secret, in lower-case hexadecimal. */
  readonly hash: string;
  /** Wall clock of the node that made it, for people. */
  readonly createdAtMs: number;
  /** Wall clock, as of a certificate. Absent: it does not expire. */
  readonly expiresAtMs?: number;
}

export type AccessCommand =
  /** From here on what no rule permits is refused. */
  | {
      readonly type: 'auth_enable';
      /** Id of the key that it is turned on with. Refused where anything else is known (AUTH-5); absent: all is kept. */
      readonly onlyKey?: string;
    }
  | { readonly type: 'auth_disable' }
  /** With roles: those are bound to the identity as well. */
  | ({
      readonly type: 'auth_create_key';
      readonly identity: string;
      readonly roles?: readonly string[];
    } & NewKey)
  | { readonly type: 'auth_revoke_key'; readonly id: string }
  /** Another key of the same identity; the old one ends at once, or at a time. */
  | ({
      readonly type: 'auth_rotate_key';
      readonly oldId: string;
      /** Wall clock. */
      readonly oldEndsAtMs?: number;
    } & NewKey)
  /** Adds a rule to a role, and makes the role. */
  | { readonly type: 'auth_grant'; readonly role: string; readonly rule: AccessRule }
  | { readonly type: 'auth_withdraw'; readonly role: string; readonly rule: AccessRule }
  | { readonly type: 'auth_delete_role'; readonly role: string }
  | { readonly type: 'auth_bind'; readonly identity: string; readonly role: string }
  | { readonly type: 'auth_unbind'; readonly identity: string; readonly role: string }
  /** Who shows a certificate that says so has this identity. */
  | {
      readonly type: 'auth_map_certificate';
      readonly field: CertificateField;
      readonly value: string;
      readonly identity: string;
    }
  | {
      readonly type: 'auth_unmap_certificate';
      readonly field: CertificateField;
      readonly value: string;
    }
  | { readonly type: 'auth_note_uses'; readonly uses: readonly KeyUse[] };

export interface AccessResult {
  readonly ok: true;
  readonly type: 'auth_changed';
}

/** Who may do what is another one from here on. */
export interface AccessEvent {
  readonly type: 'access_changed';
}

export interface AccessTypes {
  readonly command: AccessCommand;
  readonly results: { readonly [Type in AccessCommand['type']]: AccessResult };
  readonly event: AccessEvent;
}

/** All that are sent again find what they have done. */
interface Declared {
  readonly repeatable: 'always';
  readonly answers: readonly ['auth_changed'];
}
const declared: Declared = { repeatable: 'always', answers: ['auth_changed'] };
export const accessCommands: { readonly [Type in AccessCommand['type']]: Declared } = {
  auth_enable: declared,
  auth_disable: declared,
  auth_create_key: declared,
  auth_revoke_key: declared,
  auth_rotate_key: declared,
  auth_grant: declared,
  auth_withdraw: declared,
  auth_delete_role: declared,
  auth_bind: declared,
  auth_unbind: declared,
  auth_map_certificate: declared,
  auth_unmap_certificate: declared,
  auth_note_uses: declared,
};

export const accessRefusals = [
  'key_not_found',
  'role_not_found',
  'no_administrator',
  'others_have_access',
] as const;

const field: EveryKind<CertificateField> = {
  level: 2,
  kinds: { dns: 2, uri: 2, email: 2, common_name: 2 },
};
const rule = {
  level: 2,
  fields: {
    verb: {
      level: 2,
      kinds: {
        read: 2,
        acquire: 2,
        manage: 2,
        push: 2,
        consume: 2,
        cache_read: 2,
        cache_write: 2,
        admin: 2,
      } satisfies Record<Verb, number>,
    },
    kind: 2,
    name: 2,
    prefix: 2,
  },
} as const;
const newKey = { id: 2, hash: 2, createdAtMs: 2, expiresAtMs: 2 } as const;

/** FEATURE-1. */
export const accessLevels: LevelsOf<AccessCommand> = {
  auth_enable: { level: 2, fields: { onlyKey: 2 } },
  auth_disable: { level: 2, fields: {} },
  auth_create_key: { level: 2, fields: { ...newKey, identity: 2, roles: 2 } },
  auth_revoke_key: { level: 2, fields: { id: 2 } },
  auth_rotate_key: { level: 2, fields: { ...newKey, oldId: 2, oldEndsAtMs: 2 } },
  auth_grant: { level: 2, fields: { role: 2, rule } },
  auth_withdraw: { level: 2, fields: { role: 2, rule } },
  auth_delete_role: { level: 2, fields: { role: 2 } },
  auth_bind: { level: 2, fields: { identity: 2, role: 2 } },
  auth_unbind: { level: 2, fields: { identity: 2, role: 2 } },
  auth_map_certificate: { level: 2, fields: { field, value: 2, identity: 2 } },
  auth_unmap_certificate: { level: 2, fields: { field, value: 2 } },
  auth_note_uses: {
    level: 2,
    fields: { uses: { level: 2, fields: { id: 2, atMs: 2 } } },
  },
};
