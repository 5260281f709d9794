/** Folders of nodes that are kept for tests, as `write-node-folder.ts` writes them. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { InspectedFolder } from '../src/index.ts';

const fixtures = fileURLToPath(new URL('fixtures', import.meta.url));

/** The releases of which there is a folder. */
export const keptReleases = (): readonly string[] =>
  readdirSync(fixtures).flatMap((name) => /^node-of-(.+)$/.exec(name)?.[1] ?? []);

/** Makes the folder anew, as the node left it. */
export function unpackNode(release: string, folder: string): void {
  const kept = join(fixtures, `node-of-${release}`);
  for (const entry of readdirSync(kept, { recursive: true, withFileTypes: true })) {
    if (!entry.name.endsWith('.gz')) continue;
    const from = join(entry.parentPath, entry.name);
    const to = join(folder, from.slice(kept.length, -'.gz'.length));
    mkdirSync(dirname(to), { recursive: true });
    const bytes = gunzipSync(readFileSync(from));
    // What is zero behind the last write takes no room, and no time.
    let end = bytes.byteLength;
    while (end > 0 && bytes[end - 1] === 0) end -= 1;
    writeFileSync(to, bytes.subarray(0, end));
    truncateSync(to, bytes.byteLength);
  }
}

export interface NodeFacts {
  readonly index: number;
  readonly featureLevel: number;
  readonly fenceCounter: number;
  /** `kind name: client token`. */
  readonly holds: readonly string[];
  readonly others: readonly string[];
}

export const expectedOf = (release: string): NodeFacts =>
  JSON.parse(
    readFileSync(join(fixtures, `node-of-${release}`, 'expected.json'), 'utf8'),
  ) as NodeFacts;

/** What no later release may change by reading the folder. */
export function factsOf({ state: inspected }: InspectedFolder): NodeFacts {
  assert.ok(inspected);
  const { state } = inspected;
  const holds: string[] = [];
  for (const lease of state.leases()) {
    const page = state.holdsOf(lease.sessionId, 0, 1000);
    assert.ok(page);
    for (const part of ['holds', 'permits', 'leads'] as const)
      for (const { name, fenceToken } of page[part])
        holds.push(`${part} ${name}: ${lease.sessionId} ${String(fenceToken)}`);
  }
  const others: string[] = [];
  for (const kind of ['barrier', 'latch', 'cache'] as const)
    for (const row of state.list(kind, { prefix: '', limit: 100 }).rows)
      others.push(
        'value' in row
          ? `${kind} ${row.name}: ${row.value}`
          : 'initialCount' in row
            ? `${kind} ${row.name}: ${String(row.count)} of ${String(row.initialCount)}`
            : kind,
      );
  for (const { name, counts, dead } of state.queues.page({ prefix: '', limit: 1000 }).queues)
    others.push(`queue ${name}: ${String(counts.depth)} messages, ${String(dead)} dead`);
  return {
    index: state.index,
    featureLevel: state.featureLevel,
    fenceCounter: state.stats().fenceCounter,
    holds: holds.sort(),
    others,
  };
}
