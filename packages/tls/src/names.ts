/**
 * The names that a certificate gives its holder.
 *
 * NAME-1: a name is one that the certificate's authority signed as a whole. The text in which Node tells them has all
 *     names in one line; a name with a comma or a quote in it stands there as a JSON string. It is read as that: cut
 *     at its commas, a name such as `x, DNS:node-1` would pass for two. What cannot be read has no names.
 */

/** `DNS:a, IP Address:10.0.0.1, DNS:"b, c"`. */
const one = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;

export interface NameOf {
  /** `DNS`, `URI`, `IP Address`, ... */
  readonly type: string;
  readonly value: string;
}

/** The DNS names (NAME-1). */
export const dnsNamesIn = (subjectAltName: string | undefined): readonly string[] =>
  namesIn(subjectAltName).flatMap(({ type, value }) => (type === 'DNS' ? [value] : []));

/**
 * All names (NAME-1).
 *
 * @param subjectAltName As Node tells it of a certificate.
 */
export function namesIn(subjectAltName: string | undefined): readonly NameOf[] {
  if (subjectAltName === undefined || subjectAltName === '') return [];
  const found: NameOf[] = [];
  one.lastIndex = 0;
  while (one.lastIndex < subjectAltName.length) {
    const [, type, value] = one.exec(subjectAltName) ?? [];
    if (type === undefined || value === undefined) return [];
    found.push({ type, value: value.startsWith('"') ? unquoted(value) : value });
  }
  return found;
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text; // With its quotes, which no name of a member has.
  }
}
