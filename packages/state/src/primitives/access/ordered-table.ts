/** A Map whose names are known in order, too: a page of them costs what it shows. Its own order is that of a Map. */
import { NameIndex } from '../../kernel/collections/name-index.ts';

/** Of those who read only. */
export interface ReadableTable<Row> extends ReadonlyMap<string, Row> {
  readonly names: Pick<NameIndex<string>, 'from'>;
}

export class OrderedTable<Row> extends Map<string, Row> implements ReadableTable<Row> {
  readonly names: NameIndex<string> = new NameIndex<string>();
  readonly #onChange: ((old: Row | undefined, now: Row | undefined) => void) | undefined;

  /** @param onChange Told of each change, after it. */
  constructor(onChange?: (old: Row | undefined, now: Row | undefined) => void) {
    super();
    this.#onChange = onChange;
  }

  override set(name: string, row: Row): this {
    const old = this.get(name);
    if (old === undefined) this.names.add(name);
    super.set(name, row);
    this.#onChange?.(old, row);
    return this;
  }

  override delete(name: string): boolean {
    const old = this.get(name);
    if (!super.delete(name)) return false;
    this.names.remove(name);
    this.#onChange?.(old, undefined);
    return true;
  }
}
