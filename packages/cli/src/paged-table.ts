/** A table that is printed page by page, so that a list of any length takes the memory of one page. */
import type { Output } from './output.ts';
import { fit, printable, widthOf } from './printable.ts';

/** How a list is written as JSON: `{ "NAME": [ ... ], ...rest }`. */
export interface PrintedList {
  readonly name: string;
  readonly heads: readonly string[];
}

export class PagedTable {
  readonly #output: Output;
  readonly #list: PrintedList;
  #widths: readonly number[];
  #count = 0;
  #hasBegun = false;

  constructor(output: Output, list: PrintedList) {
    this.#output = output;
    this.#list = list;
    this.#widths = list.heads.map(widthOf);
  }

  /** How many rows were printed. */
  get count(): number {
    return this.#count;
  }

  /** @param rows Of each record what a table shows. Columns grow with what later pages bring. */
  page<T extends object>(records: readonly T[], rowOf: (record: T) => readonly string[]): void {
    const rows = this.#output.json ? [] : records.map((record) => rowOf(record).map(printable));
    this.#widths = this.#widths.map((width, column) =>
      rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), width),
    );
    this.#begin();
    for (const [index, record] of records.entries()) {
      const row = rows[index];
      if (row !== undefined) this.#line(row);
      else this.#output.write(`${this.#count > 0 ? ',' : ''}\n${indented(record)}`);
      this.#count += 1;
    }
  }

  /** @param rest What stands beside the list, in JSON. */
  end(rest: object): void {
    this.#begin();
    if (!this.#output.json) return;
    const fields = Object.entries(rest).map(
      ([name, value]) => `,\n  ${JSON.stringify(name)}: ${JSON.stringify(value)}`,
    );
    this.#output.write(`${this.#count > 0 ? '\n  ' : ''}]${fields.join('')}\n}\n`);
  }

  /** The head, once: a list of nothing has one too. */
  #begin(): void {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    if (this.#output.json) this.#output.write(`{\n  ${JSON.stringify(this.#list.name)}: [`);
    else this.#line(this.#list.heads);
  }

  #line(row: readonly string[]): void {
    const cells = row.map((cell, column) => fit(cell, this.#widths[column] ?? 0));
    this.#output.write(`${cells.join('  ').trimEnd()}\n`);
  }
}

const indented = (record: object): string =>
  JSON.stringify(record, null, 2)
    .split('\n')
    .map((line) => `    ${line}`)
    .join('\n');
