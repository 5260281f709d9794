/** Tables that grow in small steps, for whoever keeps something for each session of a large state. */
export { hashOfText } from './kernel/collections/hash.ts';
export { Heap } from './kernel/collections/heap.ts';
export { NameIndex } from './kernel/collections/name-index.ts';
export { OrderedMap } from './kernel/collections/ordered-map.ts';
