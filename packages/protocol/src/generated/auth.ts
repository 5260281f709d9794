// Made from packages/contract by "make documents". Change the declaration, not this file.

/** Request of AuthStatus. */
export type AuthStatusBody = Readonly<Record<string, never>>;

/** What AuthStatus answers. */
export interface AuthStatusAnswer {
  /** What no rule permits is refused. */
  readonly enabled: boolean;
  /** Identity of the caller; `anonymous` where it has proven none. */
  readonly identity: string;
  /** How it was proven: `none`, `key` or `certificate`. */
  readonly proof: string;
  /** Roles of the caller. */
  readonly roles: readonly string[];
}

/** Request of EnableAuth. */
export interface EnableAuthBody {
  /**
   * Keep keys, roles, identities and certificates that are known already; refused when absent, where there are any
   * beside the key that is shown.
   */
  readonly keep_others?: boolean;
}

/** The change is in force on every node that has applied it. */
export interface AuthChangedAnswer {
  /** Always true: a failure is an error response. */
  readonly changed: true;
}

/** Request of DisableAuth. */
export type DisableAuthBody = Readonly<Record<string, never>>;

/** Request of CreateKey. */
export interface CreateKeyBody {
  /** The identity that it proves. At most 128 characters. */
  readonly identity: string;
  /** Roles that the identity is given as well. 0 to 16 of them. */
  readonly roles?: readonly string[];
  /** It ends so many seconds from now; never when absent. 1 to 315,360,000. */
  readonly expires_in_seconds?: number;
}

/** A new key. */
export interface KeyMadeAnswer {
  /** Id of the key. */
  readonly key_id: string;
  /** The key. It is told this once, and is kept nowhere. */
  readonly key: string;
  /** The identity that it proves. */
  readonly identity: string;
}

/** Request of RotateKey. */
export interface RotateKeyBody {
  /** Id of a key: the part of it that is no secret. At most 32 characters. */
  readonly key_id: string;
  /** The old key is valid for so long; it ends at once when absent. 1 to 315,360,000. */
  readonly grace_seconds?: number;
  /** It ends so many seconds from now; never when absent. 1 to 315,360,000. */
  readonly expires_in_seconds?: number;
}

/** Request of RevokeKey. */
export interface RevokeKeyBody {
  /** Id of a key: the part of it that is no secret. At most 32 characters. */
  readonly key_id: string;
}

/** Request of ListKeys. */
export interface ListKeysBody {
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Rows on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
}

/** A key, without its secret. */
export interface KeyRow {
  /** Id of the key. */
  readonly key_id: string;
  /** The identity that it proves. */
  readonly identity: string;
  /** Wall-clock time, seconds since 1970, for people. */
  readonly created_at: number;
  /** When it ends; null: never. */
  readonly expires_at: number | null;
  /** When it was used last, to some minutes; null: it was not, or that is not known yet. */
  readonly last_used_at: number | null;
}

/** What ListKeys answers. */
export interface ListKeysAnswer {
  /** In the order of their ids. */
  readonly keys: readonly KeyRow[];
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
}

/**
 * What a rule permits. `read`: Status, lists and events. `acquire`: Take, keep and give back; enter, leave,
 * count down. `manage`: Create, change and delete. `push`: Put messages into a queue. `consume`: Take messages
 * of a queue and acknowledge them. `cache_read`: Read a cache. `cache_write`: Fill and invalidate a cache.
 * `admin`: For operators; every other verb as well.
 */
export type AccessVerb =
  'read' | 'acquire' | 'manage' | 'push' | 'consume' | 'cache_read' | 'cache_write' | 'admin';

/** Request of Grant. */
export interface GrantBody {
  /** Name of a role. At most 64 characters. */
  readonly role: string;
  /** What it permits. */
  readonly verb: AccessVerb;
  /** Kind of resource, as `lock` or `queue`; every kind when absent. At most 32 characters. */
  readonly kind?: string;
  /** This resource alone. 1 to 256 characters. */
  readonly name?: string;
  /** All resources whose names have this prefix. 1 to 256 characters. */
  readonly prefix?: string;
}

/** Request of Revoke. */
export interface RevokeBody {
  /** Name of a role. At most 64 characters. */
  readonly role: string;
  /** What it permits. */
  readonly verb: AccessVerb;
  /** Kind of resource, as `lock` or `queue`; every kind when absent. At most 32 characters. */
  readonly kind?: string;
  /** This resource alone. 1 to 256 characters. */
  readonly name?: string;
  /** All resources whose names have this prefix. 1 to 256 characters. */
  readonly prefix?: string;
}

/** Request of DeleteRole. */
export interface DeleteRoleBody {
  /** Name of a role. At most 64 characters. */
  readonly role: string;
}

/** Request of ListRoles. */
export interface ListRolesBody {
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Rows on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
}

/** A rule. Without name and prefix: all of its kind. */
export interface AccessRuleRow {
  /** What it permits. */
  readonly verb: AccessVerb;
  /** Kind of resource; absent: every kind. */
  readonly kind?: string;
  /** This resource alone. */
  readonly name?: string;
  /** All whose names have this prefix. */
  readonly prefix?: string;
}

/** A role with its rules. */
export interface RoleRow {
  /** Name of the role. */
  readonly role: string;
  /** In the order in which they were granted. */
  readonly rules: readonly AccessRuleRow[];
}

/** What ListRoles answers. */
export interface ListRolesAnswer {
  /** In the order of their names, beside `admin`, which permits everything. */
  readonly roles: readonly RoleRow[];
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
}

/** Request of Bind. */
export interface BindBody {
  /** Name of an identity. At most 128 characters. */
  readonly identity: string;
  /** Name of a role. At most 64 characters. */
  readonly role: string;
}

/** Request of Unbind. */
export interface UnbindBody {
  /** Name of an identity. At most 128 characters. */
  readonly identity: string;
  /** Name of a role. At most 64 characters. */
  readonly role: string;
}

/** Request of ListIdentities. */
export interface ListIdentitiesBody {
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Rows on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
}

/** An identity with its roles. */
export interface IdentityRow {
  /** Name of the identity. */
  readonly identity: string;
  /** Its roles. */
  readonly roles: readonly string[];
}

/** What ListIdentities answers. */
export interface ListIdentitiesAnswer {
  /** Those that have a role, in the order of their names. */
  readonly identities: readonly IdentityRow[];
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
}

/** Request of MapCertificate. */
export interface MapCertificateBody {
  /** What of the certificate is looked at. */
  readonly field: 'dns' | 'uri' | 'email' | 'common_name';
  /** What it says, letter for letter. 1 to 512 characters. */
  readonly value: string;
  /** Name of an identity. At most 128 characters. */
  readonly identity: string;
}

/** Request of UnmapCertificate. */
export interface UnmapCertificateBody {
  /** What of the certificate is looked at. */
  readonly field: 'dns' | 'uri' | 'email' | 'common_name';
  /** What it says, letter for letter. 1 to 512 characters. */
  readonly value: string;
}

/** Request of ListCertificates. */
export interface ListCertificatesBody {
  /** `next_after` of the page before. 1 to 256 characters. */
  readonly after?: string;
  /** Rows on a page, at most; 100 when absent. 1 to 1,000. */
  readonly limit?: number;
}

/** What a certificate says of its holder, and whose identity that proves. */
export interface CertificateRow {
  /** What of the certificate is looked at. */
  readonly field: 'dns' | 'uri' | 'email' | 'common_name';
  /** What it says. */
  readonly value: string;
  /** The identity. */
  readonly identity: string;
}

/** What ListCertificates answers. */
export interface ListCertificatesAnswer {
  /** In the order of their fields and values. */
  readonly certificates: readonly CertificateRow[];
  /** `after` of the next page; null on the last. */
  readonly next_after: string | null;
}

/** Request of CheckAccess. */
export interface CheckAccessBody {
  /** Name of an identity. At most 128 characters. */
  readonly identity: string;
  /** What is asked for. */
  readonly verb: AccessVerb;
  /** Kind of resource. At most 32 characters. */
  readonly kind: string;
  /** Name of the resource; all of the kind when absent. 1 to 256 characters. */
  readonly name?: string;
}

/** What CheckAccess answers. */
export interface CheckAccessAnswer {
  /** A rule permits it. */
  readonly allowed: boolean;
  /** Authentication is on; while it is off, everything is permitted. */
  readonly enabled: boolean;
  /** Role with the rule that decides; null: no rule permits it. */
  readonly role: string | null;
  /** The rule, as `verb kind name`; null: no rule permits it. */
  readonly rule: string | null;
  /** Roles of the identity. */
  readonly roles: readonly string[];
}
