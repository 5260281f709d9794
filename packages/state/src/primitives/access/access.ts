/**
 * Who may do what: keys, the roles of identities, their rules, and what certificates tell.
 *
 * AUTH-1: every node decides by this table alone, so that all decide alike at the same revision. Only hashes of secrets
 *     stand in it.
 * AUTH-2: whatever changes what an identity may do moves `changedAt` of that identity, and of no other one: a command
 *     that was admitted before is refused then, and is admitted anew by its node (admission.ts).
 * AUTH-3: while authentication is on, somebody can administer it who can prove that, by a certificate or a key that does not end by itself: what
 *     would end the last one is refused. Where only keys that end are left (of a recovery, say), the last of those.
 * AUTH-5: until it is turned on everybody can make keys, roles and mappings: whoever turns it on with a key has seen what
 *     of that is there, or it is refused.
 * AUTH-4: bounded by number: keys, identities, roles, rules and certificates; texts are bounded where they enter.
 */
import { Administrators } from './administrators.ts';
import { OrderedTable } from './ordered-table.ts';
import type { ReadableTable } from './ordered-table.ts';
import type { LogIndex } from '../../kernel/names.ts';
import type { AccessRule, CertificateField } from './commands.ts';
import { Rights } from './rights.ts';
import type { AdministrationState, Binding, CertificateMapping, Key, Role } from './rows.ts';
import type { RoleRule } from './rights.ts';

/** The role that holds everything. It is always there, and always the same. */
export const administratorRole = 'admin';
const administratorRules: readonly AccessRule[] = [{ verb: 'admin' }];

/** AUTH-4. */
export const accessBounds = {
  keys: 10_000,
  identities: 10_000,
  roles: 1000,
  rulesOfRole: 1000,
  rules: 20_000,
  rolesOfIdentity: 16,
  certificates: 1000,
} as const;

export type { AdministrationState, Binding, CertificateMapping, Key, Role } from './rows.ts';

export interface OthersKnown {
  readonly keys: number;
  readonly roles: number;
  /** With roles. */
  readonly identities: number;
  readonly certificates: number;
}

/** What is read of it, on any node. */
export interface AccessView {
  readonly isEnabled: boolean;
  key(id: string): Key | undefined;
  rightsOf(identity: string): Rights;
  /** Of a certificate that says this of its holder. */
  identityOf(field: CertificateField, value: string): string | undefined;
  readonly hasCertificates: boolean;
  /** The revision by which what it may do has changed last. */
  changedAt(identity: string): LogIndex;
}

/** All of it, for listings. */
export interface AccessTables extends AccessView {
  readonly keys: ReadableTable<Key>;
  readonly roles: ReadableTable<Role>;
  readonly bindings: ReadableTable<Binding>;
  readonly certificates: ReadableTable<CertificateMapping>;
}

/** Compiled sets of roles that are kept; they are made again where there are more. */
const mostCompiled = 1000;
interface Compiled {
  readonly roles: readonly string[];
  readonly rights: Rights;
  isCurrent: boolean;
}
const noRights: Rights = new Rights([]);

export const certificateKey = (field: CertificateField, value: string): string =>
  `${field} ${value}`;

export class Access implements AccessTables {
  isEnabled = false;
  /** When it was turned on last (AUTH-2). */
  enabledAt: LogIndex = 0;
  /** When something changed of an identity of which nothing is left to tell it. */
  otherwiseChangedAt: LogIndex = 0;
  ruleCount = 0;
  readonly bindings: OrderedTable<Binding> = new OrderedTable<Binding>((old, now) => {
    this.#administrators.bindingChanged(old, now);
  });
  readonly #administrators = new Administrators(this.bindings, administratorRole);
  readonly keys: OrderedTable<Key> = new OrderedTable<Key>((old, now) => {
    this.#administrators.keyChanged(old, now);
  });
  readonly roles: OrderedTable<Role> = new OrderedTable<Role>((old, now) => {
    this.#administrators.roleChanged(old, now);
  });
  readonly certificates: OrderedTable<CertificateMapping> = new OrderedTable<CertificateMapping>(
    (old, now) => {
      this.#administrators.certificateChanged(old, now);
    },
  );
  /** By the roles, as a text; and of each identity, for those who ask again. */
  readonly #compiled = new Map<string, Compiled>();
  readonly #ofIdentity = new Map<string, Compiled>();

  /** AUTH-1. */
  key(id: string): Key | undefined {
    return this.keys.get(id);
  }

  get hasCertificates(): boolean {
    return this.certificates.size > 0;
  }

  identityOf(field: CertificateField, value: string): string | undefined {
    return this.certificates.get(certificateKey(field, value))?.identity;
  }

  hasRole(name: string): boolean {
    return name === administratorRole || this.roles.has(name);
  }

  /** AUTH-2. */
  changedAt(identity: string): LogIndex {
    const binding = this.bindings.get(identity);
    let latest = Math.max(this.enabledAt, binding?.changedAt ?? this.otherwiseChangedAt);
    for (const role of binding?.roles ?? [])
      latest = Math.max(latest, this.roles.get(role)?.changedAt ?? 0);
    return latest;
  }

  rightsOf(identity: string): Rights {
    const known = this.#ofIdentity.get(identity);
    if (known?.isCurrent === true) return known.rights;
    const roles = this.bindings.get(identity)?.roles;
    if (roles === undefined || roles.length === 0) return noRights;
    const key = roles.join('\n');
    if (this.#compiled.size >= mostCompiled) this.#forgetCompiled();
    const made = this.#compiled.get(key) ?? {
      roles,
      rights: new Rights(roles.flatMap((role) => this.#rulesOf(role))),
      isCurrent: true,
    };
    this.#compiled.set(key, made);
    this.#ofIdentity.set(identity, made); // No more than there are bindings.
    return made.rights;
  }

  #forgetCompiled(): void {
    this.#compiled.clear();
    this.#ofIdentity.clear();
  }

  /** Those of other roles stay. */
  #forgetCompiledOf(role: string): void {
    for (const [key, compiled] of this.#compiled)
      if (compiled.roles.includes(role)) {
        compiled.isCurrent = false;
        this.#compiled.delete(key);
      }
  }

  #rulesOf(role: string): readonly RoleRule[] {
    const rules =
      role === administratorRole ? administratorRules : (this.roles.get(role)?.rules ?? []);
    return rules.map((rule) => ({ role, rule }));
  }

  /** Puts or removes what an identity has. */
  bind(identity: string, roles: readonly string[], changedAt: LogIndex): void {
    this.#ofIdentity.delete(identity);
    if (roles.length > 0) this.bindings.set(identity, { identity, roles, changedAt });
    else {
      this.bindings.delete(identity);
      this.otherwiseChangedAt = changedAt;
    }
  }

  /** Something else of an identity has changed: a key of it has ended (AUTH-2). */
  touch(identity: string, changedAt: LogIndex): void {
    this.bind(identity, this.bindings.get(identity)?.roles ?? [], changedAt);
  }

  /** Puts or removes a role. */
  define(name: string, rules: readonly AccessRule[] | undefined, changedAt: LogIndex): void {
    this.ruleCount += (rules?.length ?? 0) - (this.roles.get(name)?.rules.length ?? 0);
    if (rules === undefined) this.roles.delete(name);
    else this.roles.set(name, { name, rules, changedAt });
    this.#forgetCompiledOf(name);
  }

  /** AUTH-5: how much there is beside this key and the roles of its identity. */
  countBeside(keyId: string): OthersKnown {
    const own = this.keys.get(keyId);
    return {
      keys: this.keys.size - (own === undefined ? 0 : 1),
      roles: this.roles.size,
      identities:
        this.bindings.size - (own !== undefined && this.bindings.has(own.identity) ? 1 : 0),
      certificates: this.certificates.size,
    };
  }

  /** AUTH-3, AUTH-6. */
  get administration(): AdministrationState {
    return this.#administrators.administration;
  }
}
