/** A table that fits into so many columns of a terminal. */
import { cutTo, fit, printable, widthOf } from '../printable.ts';

export interface TableColumn {
  readonly head: string;
  readonly cells: readonly string[];
  readonly align?: 'left' | 'right';
  /** Where the space is short, columns of the highest number go first. */
  readonly importance: number;
  /** Cells are cut where they would take more than a third of the width. */
  readonly mayBeLong?: boolean;
}

const gap = 2;

/**
 * The head and one line a row. Without a width everything is shown; with one, columns are left out until
 * the rest fits, and what is still too long is cut.
 */
export function layOut(
  columns: readonly TableColumn[],
  width: number | undefined,
): readonly string[] {
  const clean = columns.map((column) => {
    const most =
      width === undefined || column.mayBeLong !== true
        ? Number.POSITIVE_INFINITY
        : Math.max(widthOf(column.head), Math.floor(width / 3));
    return { ...column, cells: column.cells.map((cell) => cutTo(printable(cell), most)) };
  });
  const shown = width === undefined ? clean : choose(clean, width);
  const widths = shown.map(widthOfColumn);
  const rows = shown
    .map((column) => column.cells.length)
    .reduce((most, one) => Math.max(most, one), 0);
  const line = (cellOf: (column: TableColumn) => string): string => {
    const text = shown
      .map((column, position) => fit(cellOf(column), widths[position] ?? 0, column.align))
      .join(' '.repeat(gap))
      .trimEnd();
    return width === undefined ? text : cutTo(text, width);
  };
  return [
    line((column) => column.head),
    ...Array.from({ length: rows }, (_, row) => line((column) => column.cells[row] ?? '')),
  ];
}

/** What fits at its smallest; the last column may be cut down to its head. */
function choose(columns: readonly TableColumn[], width: number): readonly TableColumn[] {
  let shown = columns;
  while (shown.length > 1 && leastWidth(shown) > width) {
    const least = shown
      .map((column) => column.importance)
      .reduce((most, one) => Math.max(most, one), Number.NEGATIVE_INFINITY);
    shown = shown.filter((column) => column.importance !== least);
  }
  return shown;
}

function leastWidth(columns: readonly TableColumn[]): number {
  const widths = columns.map((column, position) =>
    position === columns.length - 1 && column.align !== 'right'
      ? widthOf(column.head)
      : widthOfColumn(column),
  );
  return widths.reduce((sum, width) => sum + width, 0) + gap * (columns.length - 1);
}

function widthOfColumn({ head, cells }: TableColumn): number {
  return cells.reduce((widest, cell) => Math.max(widest, widthOf(cell)), widthOf(head));
}
