/** Tables for people, JSON for programs. */
import { fit, printable, widthOf } from './printable.ts';

export interface Output {
  readonly json: boolean;
  readonly write: (text: string) => void;
}

/** Prints an answer: as JSON where asked, else as `name  value` lines. */
export function printRecord(output: Output, record: object): void {
  if (output.json) {
    output.write(`${JSON.stringify(record, null, 2)}\n`);
    return;
  }
  const rows = Object.entries(record).filter(
    ([, value]) => typeof value !== 'object' || value === null,
  );
  const width = rows.map(([name]) => name.length).reduce((most, one) => Math.max(most, one), 0);
  for (const [name, value] of rows)
    output.write(`${name.padEnd(width)}  ${value === null ? '-' : printable(String(value))}\n`);
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
