/** Lines of any value, so many at most: those that were read longest ago go first. */
import { LRUCache } from 'lru-cache';
import type { Line, LineStore } from '@holdfast/protocol/cache';

export class FewLines<V> extends LRUCache<string, Line<V>> implements LineStore<V> {
  constructor(max: number) {
    super({ max });
  }

  share(key: string): void {
    const line = this.peek(key);
    if (line !== undefined) line.state = 'shared';
  }
}
