/** A map that knows its names in order, too: a page of a listing costs what it shows, and not what there is. */
import { NameIndex } from './name-index.ts';
import { ShardedMap } from './sharded-map.ts';

export class NamedMap<Name extends string, Value> extends ShardedMap<Name, Value> {
  readonly names: NameIndex<Name> = new NameIndex<Name>();

  override set(name: Name, value: Value): number {
    if (this.get(name) === undefined) this.names.add(name);
    return super.set(name, value);
  }

  override delete(name: Name, only?: Value): boolean {
    const isDeleted = super.delete(name, only);
    if (isDeleted) this.names.remove(name);
    return isDeleted;
  }
}
