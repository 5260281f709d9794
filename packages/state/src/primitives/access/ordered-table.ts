/** A Map whose names are known in order, too: a page of them costs what it shows. Its own order is that of a Map. */
import { NameIndex } from '../../kernel/collections/name-index.ts';

/** Of those who read only. */
export interface ReadableTable<Row> extends ReadonlyMap<string, Row> {
  readonly names: Pick<NameIndex<string>, 'from'>;
}

export class OrderedTable<Row> extends Map<string, Row> implements ReadableTable<Row> {
  readonly names: NameIndex<string> = new NameIndex<string>();

  override set(name: string, row: Row): this {
    if (!this.has(name)) this.names.add(name);
    return super.set(name, row);
  }

  override delete(name: string): boolean {
    const isDeleted = super.delete(name);
    if (isDeleted) this.names.remove(name);
    return isDeleted;
  }
}
