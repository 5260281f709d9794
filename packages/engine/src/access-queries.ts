/** Reads of who may do what: pages of each part, and which rule decides. */
import type { AccessTables, Binding, CertificateMapping, Key, Role, Verb } from '@holdfast/state';
import { ruleText } from '@holdfast/state';

export type AccessPart = 'keys' | 'roles' | 'identities' | 'certificates';

export type AccessQuery =
  | {
      readonly type: 'access';
      readonly part: AccessPart;
      /** The last name of the page before. */
      readonly after?: string;
      readonly limit: number;
    }
  | {
      readonly type: 'access_check';
      readonly identity: string;
      readonly verb: Verb;
      readonly kind: string;
      readonly name?: string;
    };

interface Page<Row> {
  readonly rows: readonly Row[];
  readonly nextAfter: string | undefined;
}

/** A key without the hash of its secret. */
export type KeyRow = Omit<Key, 'hash'>;

export type FoundAccess =
  | { readonly type: 'access'; readonly isEnabled: boolean; readonly keys: Page<KeyRow> }
  | { readonly type: 'access'; readonly isEnabled: boolean; readonly roles: Page<Role> }
  | { readonly type: 'access'; readonly isEnabled: boolean; readonly identities: Page<Binding> }
  | {
      readonly type: 'access';
      readonly isEnabled: boolean;
      readonly certificates: Page<CertificateMapping>;
    }
  | {
      readonly type: 'access_check';
      readonly isEnabled: boolean;
      /** The rule that permits it, and the role that it is of. */
      readonly by: { readonly role: string; readonly rule: string } | undefined;
      readonly roles: readonly string[];
    };

/** A page ends behind the row that makes it as large as this. */
const maxPageCharacters = 128 * 1024;

export function findAccess(access: AccessTables, query: AccessQuery): FoundAccess {
  const { isEnabled } = access;
  if (query.type === 'access_check') {
    const { identity, verb, kind, name } = query;
    const found = access.rightsOf(identity).ruleFor(verb, kind, name);
    const by = found && { role: found.role, rule: ruleText(found.rule) };
    return {
      type: 'access_check',
      isEnabled,
      by,
      roles: access.bindings.get(identity)?.roles ?? [],
    };
  }
  const { part } = query;
  switch (part) {
    case 'keys': {
      const page = pageOf(access.keys, query);
      const rows = page.rows.map(({ hash: _hash, ...row }) => row);
      return { type: 'access', isEnabled, keys: { ...page, rows } };
    }
    case 'roles':
      return { type: 'access', isEnabled, roles: pageOf(access.roles, query) };
    case 'identities':
      return { type: 'access', isEnabled, identities: pageOf(access.bindings, query) };
    case 'certificates':
      return { type: 'access', isEnabled, certificates: pageOf(access.certificates, query) };
  }
}

/** In the order of names; it costs what it shows. */
function pageOf<Row>(
  all: ReadonlyMap<string, Row> & Pick<AccessTables['keys'], 'names'>,
  { after, limit }: { readonly after?: string; readonly limit: number },
): Page<Row> {
  const rows: Row[] = [];
  let characters = 0;
  let last: string | undefined;
  for (const name of all.names.from(after ?? '')) {
    const row = name === after ? undefined : all.get(name);
    if (row === undefined) continue;
    if (rows.length >= limit || characters >= maxPageCharacters) return { rows, nextAfter: last };
    rows.push(row);
    last = name;
    characters += JSON.stringify(row).length;
  }
  return { rows, nextAfter: undefined };
}
