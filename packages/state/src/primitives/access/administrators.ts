/**
 * Who may administer access, and can prove who they are: counted as keys, roles, bindings and certificates change.
 *
 * AUTH-6: a change of access looks at what it changes: no list of all keys is gone through, and no rights are compiled, in what every node
 *     applies. A role that begins or ceases to hold `admin` of all access costs a look at each binding.
 */
import { anonymousIdentity } from '../../kernel/commands.ts';
import type { AccessRule } from './commands.ts';
import type { AdministrationState, Binding, CertificateMapping, Key, Role } from './rows.ts';

interface Proofs {
  /** Keys that do not end, and certificates. */
  lasting: number;
  /** Keys that do. */
  ending: number;
}

export class Administrators {
  readonly #bindings: ReadonlyMap<string, Binding>;
  readonly #roles: Set<string>;
  readonly #identities = new Set<string>();
  /** Of every identity that has any: as many as keys and certificates at most. */
  readonly #proofs = new Map<string, Proofs>();
  /** How many proofs these identities have. */
  readonly #all: Proofs = { lasting: 0, ending: 0 };

  /** @param role The one that always holds everything. */
  constructor(bindings: ReadonlyMap<string, Binding>, role: string) {
    this.#bindings = bindings;
    this.#roles = new Set([role]);
  }

  /** AUTH-3: whether somebody shows a key, or a certificate, and may do everything, and whether for good. */
  get administration(): AdministrationState {
    if (this.#all.lasting > 0) return 'lasting';
    return this.#all.ending > 0 ? 'ending' : 'none';
  }

  keyChanged(old: Key | undefined, now: Key | undefined): void {
    if (old !== undefined) this.#count(old.identity, endOf(old), -1);
    if (now !== undefined) this.#count(now.identity, endOf(now), 1);
  }

  certificateChanged(
    old: CertificateMapping | undefined,
    now: CertificateMapping | undefined,
  ): void {
    if (old !== undefined) this.#count(old.identity, 'lasting', -1);
    if (now !== undefined) this.#count(now.identity, 'lasting', 1);
  }

  bindingChanged(old: Binding | undefined, now: Binding | undefined): void {
    const identity = now?.identity ?? old?.identity;
    if (identity !== undefined) this.#judge(identity, now?.roles ?? []);
  }

  /** AUTH-6. */
  roleChanged(old: Role | undefined, now: Role | undefined): void {
    const name = now?.name ?? old?.name;
    if (name === undefined) return;
    const holds = now?.rules.some(isOfAllAccess) === true;
    if (this.#roles.has(name) === holds) return;
    if (holds) this.#roles.add(name);
    else this.#roles.delete(name);
    for (const { identity, roles } of this.#bindings.values())
      if (roles.includes(name)) this.#judge(identity, roles);
  }

  #judge(identity: string, roles: readonly string[]): void {
    const isOne = identity !== anonymousIdentity && roles.some((role) => this.#roles.has(role));
    if (this.#identities.has(identity) === isOne) return;
    const { lasting, ending } = this.#proofs.get(identity) ?? { lasting: 0, ending: 0 };
    const sign = isOne ? 1 : -1;
    this.#all.lasting += sign * lasting;
    this.#all.ending += sign * ending;
    if (isOne) this.#identities.add(identity);
    else this.#identities.delete(identity);
  }

  #count(identity: string, proof: keyof Proofs, change: 1 | -1): void {
    const proofs = this.#proofs.get(identity) ?? { lasting: 0, ending: 0 };
    proofs[proof] += change;
    if (proofs.lasting + proofs.ending === 0) this.#proofs.delete(identity);
    else this.#proofs.set(identity, proofs);
    if (this.#identities.has(identity)) this.#all[proof] += change;
  }
}

const endOf = ({ expiresAtMs }: Key): keyof Proofs =>
  expiresAtMs === undefined ? 'lasting' : 'ending';

/** As a role is asked for `admin` of `auth` without a name (RIGHTS-2). */
const isOfAllAccess = ({ verb, kind = 'auth', name, prefix = '' }: AccessRule): boolean =>
  verb === 'admin' && (kind === 'auth' || kind === '*') && name === undefined && prefix === '';
