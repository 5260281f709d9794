/** Lays out rows under headings as a Markdown table, stats to the right: readable in a terminal and in a document. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  leftColumns = 1,
): string {
  const widths = headings.map((heading, column) =>
    rows
      .map((row) => (row[column] ?? '').length)
      .reduce((most, one) => Math.max(most, one), Math.max(3, heading.length)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${widths
      .map((width, column) => {
        const cell = cells[column] ?? '';
        return column < leftColumns ? cell.padEnd(width) : cell.padStart(width);
      })
      .join(' | ')} |`;
  const rule = `| ${widths
    .map((width, column) =>
      column < leftColumns ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
    )
    .join(' | ')} |`;
  return [line(headings), rule, ...rows.map(line)].join('\n');
}

/** Thousands with commas, no decimals. */
export function whole(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : '–';
}

/** Milliseconds with as many decimals as they deserve. */
export function milliseconds(value: number): string {
  if (!Number.isFinite(value)) return value === Infinity ? 'no end' : '–';
  return value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0);
}
