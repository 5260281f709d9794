/** Tables for people, JSON for programs. */
import { fit, printable, warn, widthOf } from './printable.ts';

export interface Output {
  readonly json: boolean;
  readonly write: (text: string) => void;
}

/** For people, on stderr, what programs find in the answer itself. */
export function note({ json }: Output, text: string): void {
  if (!json) warn(text);
}

/** Under a list that was cut. */
export const noteMore = (output: Output, limit: number): void =>
  note(output, `there are more; --limit shows more than ${String(limit)}.`);

/** Prints an answer: as JSON where asked, else as `name  value` lines. */
export function printRecord(output: Output, record: object): void {
  if (output.json) {
    output.write(`${JSON.stringify(record, null, 2)}\n`);
    return;
  }
  const rows = Object.entries(record).flatMap(linesOf);
  const width = rows.map(([name]) => name.length).reduce((most, one) => Math.max(most, one), 0);
  for (const [name, text] of rows)
    output.write(`${printable(name).padEnd(width)}  ${printable(text)}\n`);
}

type Line = readonly [name: string, text: string];

/** A line; of a list of records one each, under the name in front of the first. */
function linesOf([name, value]: readonly [string, unknown]): readonly Line[] {
  if (!Array.isArray(value) || !value.some(isObject)) return [[name, textOf(value)]];
  return value.map((one: unknown, place): Line => [place === 0 ? name : '', textOf(one)]);
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  if (Array.isArray(value))
    return value.length === 0 ? '-' : value.map((one: unknown) => textOf(one)).join(', ');
  if (!isObject(value)) return typeof value === 'string' ? value : JSON.stringify(value);
  return Object.entries(value)
    .map(([name, part]: readonly [string, unknown]) => `${name} ${textOf(part)}`)
    .join(', ');
}

export function printTable(
  output: Output,
  whole: object,
  heads: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  if (output.json) {
    output.write(`${JSON.stringify(whole, null, 2)}\n`);
    return;
  }
  const shown = [heads, ...rows.map((row) => row.map(printable))];
  const widths = heads.map((_head, column) =>
    shown.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), 0),
  );
  for (const row of shown)
    output.write(
      `${row
        .map((cell, column) => fit(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd()}\n`,
    );
}
