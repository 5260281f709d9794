/** Whoever may ask an api whose cluster has authentication, and what the documents say that each may do. */
import assert from 'node:assert/strict';
import type { Operation } from '@holdfast/contract';
import type { AccessCommand } from '@holdfast/state';
import { newKey } from '../src/pipeline/api-keys.ts';
import type { MemoryEngine } from './memory-engine.ts';

export type Rule = Extract<AccessCommand, { type: 'auth_grant' }>['rule'];
export const kinds = [
  'none',
  'wrong',
  'revoked',
  'expired',
  'no rule',
  'other rule',
  'the rule',
] as const;
export type Kind = (typeof kinds)[number];

export class Principals {
  readonly #engine: MemoryEngine;
  readonly #keys = new Map<Kind, string>();
  #rules: readonly { readonly role: string; readonly rule: Rule }[] = [];
  #rulesOf = '';

  private constructor(engine: MemoryEngine) {
    this.#engine = engine;
  }

  async change(command: AccessCommand): Promise<void> {
    const result = await this.#engine.submit(command, { identity: 'holdfast' });
    assert.ok(result.ok, JSON.stringify(result));
  }

  async #key(kind: Kind, more: { readonly expiresAtMs?: number } = {}): Promise<string> {
    const { id, text, hash } = newKey();
    const identity = kind.replace(' ', '-');
    await this.change({ type: 'auth_create_key', id, identity, hash, createdAtMs: 1, ...more });
    this.#keys.set(kind, text);
    return id;
  }

  static async of(engine: MemoryEngine): Promise<Principals> {
    const all = new Principals(engine);
    const { id, hash } = newKey();
    const admin = { identity: 'root', roles: ['admin'], createdAtMs: 1 };
    await all.change({ type: 'auth_create_key', id, hash, ...admin });
    for (const kind of ['no rule', 'other rule', 'the rule'] as const) await all.#key(kind);
    await all.#key('expired', { expiresAtMs: 2 });
    await all.change({ type: 'auth_revoke_key', id: await all.#key('revoked') });
    all.#keys.set('wrong', newKey().text);
    await all.change({ type: 'auth_enable' });
    return all;
  }

  key(kind: Kind): string | undefined {
    return this.#keys.get(kind);
  }

  headers(kind: Kind): Readonly<Record<string, string>> {
    return bearer(this.key(kind));
  }

  /** These are all that there are from now on. */
  async grant(rules: readonly { readonly role: string; readonly rule: Rule }[]): Promise<void> {
    for (const { role, rule } of this.#rules)
      await this.change({ type: 'auth_withdraw', role, rule });
    this.#rules = rules;
    for (const { role, rule } of rules) {
      await this.change({ type: 'auth_grant', role, rule });
      await this.change({ type: 'auth_bind', identity: role, role });
    }
  }

  /** The rules that make the difference for this operation. */
  async standBefore(declared: Operation): Promise<void> {
    if (this.#rulesOf === accessOf(declared)) return;
    this.#rulesOf = accessOf(declared);
    const { verb, resource } = declared.access;
    const kind = resource === 'event' ? {} : { kind: resource };
    const another = { role: 'other-rule', rule: { verb, kind: 'another' } };
    await this.grant([
      { role: 'the-rule', rule: { verb, ...kind } },
      // Of the same verb on another kind, and of another verb. What is seen of events are those of every kind.
      ...(resource === 'event' ? [] : [another]),
      { role: 'other-rule', rule: { verb: verb === 'push' ? 'manage' : 'push', ...kind } },
    ]);
  }
}

export const accessOf = ({ access }: Operation): string => `${access.verb} ${access.resource}`;

export const bearer = (key: string | undefined): Readonly<Record<string, string>> =>
  key === undefined ? {} : { authorization: `Bearer ${key}` };

export type Verdict = 'unauthorized' | 'forbidden' | 'admitted';

export const verdictOf = (code: string | undefined): Verdict =>
  code === 'unauthorized' || code === 'forbidden' ? code : 'admitted';

/** As it stands in the documents, of the rules of `standBefore`. */
export function naively({ access }: Operation, kind: Kind): Verdict {
  if (kind === 'wrong' || kind === 'revoked' || kind === 'expired') return 'unauthorized';
  if (access.open === true) return 'admitted';
  if (kind === 'none') return 'unauthorized';
  if (kind === 'no rule') return 'forbidden';
  if (kind === 'the rule') return 'admitted';
  const forAnyRule =
    access.resource === 'session' || (access.resource === 'cluster' && access.verb === 'read');
  return forAnyRule ? 'admitted' : 'forbidden';
}
