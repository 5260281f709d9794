/**
 * Pages of what a caller may read.
 *
 * LIST-3: of what its caller may not read a page tells nothing, not even where it ends: it is looked for in the ranges of
 *     names that the caller may read alone.
 */
import type { Verb } from '@holdfast/state';
import type { OperationContext } from './context.ts';

/** What a page is asked. */
export interface AskedPage {
  readonly prefix: string;
  readonly after?: string;
  readonly limit: number;
}

interface PageOfRange<Row> {
  readonly rows: readonly Row[];
  readonly nextAfter: string | null;
}

export interface Readable<Row> {
  /** Of resources, as rules name it. */
  readonly kind: string;
  /** What the caller has to be permitted; `read` when absent. */
  readonly verb?: Verb;
  readonly nameOf: (row: Row) => string | null;
  /** @param name Where it is told, this one alone is looked for. */
  readonly read: (asked: AskedPage, name: string | undefined) => Promise<PageOfRange<Row>>;
}

/** LIST-3: ranges of names that one page looks through. */
const maxRanges = 100;
/** A page ends behind the range that makes it as large as this: it has to fit a frame. */
const maxPageCharacters = 256 * 1024;

export async function readablePage<Row>(
  { kind, verb = 'read', nameOf, read }: Readable<Row>,
  asked: AskedPage,
  { service, caller }: OperationContext,
): Promise<PageOfRange<Row>> {
  const ranges = service.control?.rightsOf(caller)?.rangesOf(verb, kind);
  if (ranges === undefined) return read(asked, undefined);
  const { prefix, after = '', limit } = asked;
  const wanted = ranges.filter(
    ({ start, isName }) =>
      (start.startsWith(prefix) || (!isName && prefix.startsWith(start))) &&
      (start > after || (!isName && after.startsWith(start))),
  );
  const rows: Row[] = [];
  let characters = 0;
  const lastName = (): string | null => {
    const last = rows.at(-1);
    return last === undefined ? null : nameOf(last);
  };
  for (const [index, { start, isName }] of wanted.entries()) {
    if (rows.length >= limit || characters >= maxPageCharacters)
      return { rows, nextAfter: lastName() };
    if (index === maxRanges) return { rows, nextAfter: wanted[index - 1]?.start ?? null };
    const within = start.length > prefix.length ? start : prefix;
    const left = { ...asked, prefix: within, limit: isName ? 1 : limit - rows.length };
    const page = await read(left, isName ? start : undefined);
    for (const row of page.rows) {
      if (isName && nameOf(row) !== start) continue;
      rows.push(row);
      characters += JSON.stringify(row).length;
    }
    if (!isName && page.nextAfter !== null) return { rows, nextAfter: page.nextAfter };
  }
  return { rows, nextAfter: null };
}
