/**
 * Whether reads of the cache were old, by what clients saw, each on the same clock. A key is never deleted here, so its
 * versions only grow.
 *
 * CACHE-READ-1: a read tells no version below that of a write which was answered before the read was asked.
 * CACHE-READ-2: a read tells no version below one that another read had told before it was asked.
 */
export interface CacheEvent {
  readonly client: string;
  readonly type: 'read' | 'write';
  readonly key: string;
  /** Of the write, or that was read; 0: the key had no value. */
  readonly version: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}

export interface CacheVerdict {
  readonly reads: number;
  readonly writes: number;
  readonly violations: readonly string[];
}

/** @param events Only those that were answered. */
export function judgeReads(events: readonly CacheEvent[]): CacheVerdict {
  const violations: string[] = [];
  const keys = new Map<string, CacheEvent[]>();
  for (const event of events) {
    const ofKey = keys.get(event.key);
    if (ofKey === undefined) keys.set(event.key, [event]);
    else ofKey.push(event);
  }
  for (const ofKey of keys.values()) judgeKey(ofKey, violations);
  const writes = events.filter(({ type }) => type === 'write').length;
  return { reads: events.length - writes, writes, violations };
}

function judgeKey(events: readonly CacheEvent[], violations: string[]): void {
  const byAnswer = [...events].sort((a, b) => a.answeredMs - b.answeredMs);
  const reads = events.filter(({ type }) => type === 'read').sort((a, b) => a.askedMs - b.askedMs);
  let next = 0;
  let known: CacheEvent | undefined;
  for (const read of reads) {
    for (
      let one = byAnswer[next];
      one !== undefined && one.answeredMs < read.askedMs;
      one = byAnswer[next]
    ) {
      next += 1;
      if (known === undefined || one.version > known.version) known = one;
    }
    if (known === undefined || read.version >= known.version) continue;
    const rule = known.type === 'write' ? 'CACHE-READ-1' : 'CACHE-READ-2';
    violations.push(
      `${rule}: ${read.client} read version ${String(read.version)} of "${read.key}" from ${String(read.askedMs)} to ${String(read.answeredMs)}; ${known.client} had been told version ${String(known.version)} by its ${known.type} at ${String(known.answeredMs)}.`,
    );
  }
}
